# One row per engine, for -ForEach. A row knows how its sample database looks in three states and how to compare.
#   SetState  makes the database in a folder be in state 0, 1 or 2
#   IsState   says whether a restored database is in that state
#   EndAt     the position at which a backup taken in that state ends
function Get-EngineCase {
    $fixtures = (Resolve-Path -LiteralPath "$PSScriptRoot/../fixtures").ProviderPath
    @{
        Engine   = 'SPG'
        Unit     = 'WalBytes'
        Source   = 'shop.db'
        Restored = 'rec.db'
        EndAt    = 0, 166, 508
        Fixtures = "$fixtures/spg"
        SetState = {
            param($Folder, $State, $Fixtures)
            $log = [IO.File]::ReadAllBytes("$Fixtures/restore/rec.wal")
            [IO.File]::WriteAllBytes("$Folder/shop.db", [IO.File]::ReadAllBytes("$Fixtures/restore/rec.db"))
            [IO.File]::WriteAllBytes("$Folder/shop.wal", [Linq.Enumerable]::ToArray([Linq.Enumerable]::Take($log, (0, 166, 508)[$State])))
        }
        IsState  = {
            param($Path, $State, $Fixtures)
            $log = [IO.File]::ReadAllBytes("$Fixtures/restore/rec.wal")
            $restored = [IO.File]::ReadAllBytes([IO.Path]::ChangeExtension($Path, '.wal'))
            $length = (0, 166, 508)[$State]
            $restored.Length -eq $length -and
            [Linq.Enumerable]::SequenceEqual($restored, [Linq.Enumerable]::Take($log, $length)) -and
            [Linq.Enumerable]::SequenceEqual(
                [IO.File]::ReadAllBytes($Path), [IO.File]::ReadAllBytes("$Fixtures/restore/rec.db"))
        }
    }
    @{
        Engine   = 'PowDB'
        Unit     = 'Lsn'
        Source   = 'shop'
        Restored = 'rec'
        EndAt    = 874, 935, 991
        Fixtures = "$fixtures/powdb"
        SetState = {
            param($Folder, $State, $Fixtures)
            if ([IO.Directory]::Exists("$Folder/shop")) {
                [IO.Directory]::Delete("$Folder/shop", $true)
            }
            $null = [IO.Directory]::CreateDirectory("$Folder/shop")
            foreach ($file in [IO.Directory]::GetFiles("$Fixtures/S$State")) {
                [IO.File]::Copy($file, "$Folder/shop/$([IO.Path]::GetFileName($file))")
            }
        }
        IsState  = {
            param($Path, $State, $Fixtures)
            $expected = [IO.Directory]::GetFiles("$Fixtures/S$State").Where({ -not $_.EndsWith('wal.log') })
            $restored = [IO.Directory]::GetFiles($Path)
            $restored.Count -eq $expected.Count -and -not $expected.Where({
                    $other = "$Path/$([IO.Path]::GetFileName($_))"
                    -not [IO.File]::Exists($other) -or -not [Linq.Enumerable]::SequenceEqual(
                        [IO.File]::ReadAllBytes($_), [IO.File]::ReadAllBytes($other))
                })
        }
    }
}
