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
}
