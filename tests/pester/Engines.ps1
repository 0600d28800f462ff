# One row per engine, for -ForEach. A row knows how its sample database looks in three states and how to compare.
#   SetState  makes the database in a folder be in state 0, 1 or 2
#   IsState   says whether a restored database is in that state
#   EndAt     the position at which a backup taken in that state ends
#   Kinds     what a full and two increments on it are to the engine
#   Chains    how many chains these are
#   Beside    what a backup writes beside the source
#   Merges    what a merged chain consists of
#   Markers   what the engine keeps in a folder besides bundles
function Get-AllEngineCase {
    $fixtures = (Resolve-Path -LiteralPath "$PSScriptRoot/../fixtures").ProviderPath
    @{
        Engine   = 'SQLite'
        Unit     = 'Txid'
        Source   = 'shop.db'
        Restored = 'rec.db'
        EndAt    = 1, 2, 3
        Kinds    = 'Full', 'Incremental', 'Incremental'
        Chains   = 1
        Beside   = @()
        Merges   = @('Full')
        Markers  = @()
        Fixtures = "$fixtures/sqlite/handmade/states"
        SetState = {
            param($Folder, $State, $Fixtures)
            [IO.File]::Copy("$Fixtures/s$((1, 2, 4)[$State]).db", "$Folder/shop.db", $true)
        }
        IsState  = {
            param($Path, $State, $Fixtures)
            [Linq.Enumerable]::SequenceEqual(
                [IO.File]::ReadAllBytes($Path), [IO.File]::ReadAllBytes("$Fixtures/s$((1, 2, 4)[$State]).db"))
        }
    }
    @{
        Engine   = 'SPG'
        Unit     = 'WalBytes'
        Source   = 'shop.db'
        Restored = 'rec.db'
        EndAt    = 0, 166, 508
        Kinds    = 'Full', 'Incremental', 'Incremental'
        Chains   = 1
        Beside   = @()
        Merges   = @('Full')
        Markers  = @()
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
        Kinds    = 'Full', 'Incremental', 'Incremental'
        Chains   = 1
        Beside   = @()
        Merges   = @('Full')
        Markers  = @()
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
    @{
        Engine   = 'Grafeo'
        Unit     = 'Epoch'
        Source   = 'shop.grafeo'
        Restored = 'rec.grafeo'
        EndAt    = 3, 4, 8
        Kinds    = 'Full', 'Incremental', 'Incremental'
        Chains   = 1
        # What makes the engine keep the log that the next increment needs.
        Beside   = 'backup_cursor.meta', 'backup_cursor.backuptools.*'
        Merges   = 'Full', 'Incremental'
        Markers  = @('backup_manifest.json')
        Fixtures = "$fixtures/grafeo/v06-native"
        SetState = {
            param($Folder, $State, $Fixtures)
            [IO.File]::Copy("$Fixtures/S$State.grafeo", "$Folder/shop.grafeo", $true)
            $null = [IO.Directory]::CreateDirectory("$Folder/shop.grafeo.wal")
            foreach ($file in [IO.Directory]::GetFiles("$Fixtures/S$State.grafeo.wal", '*.log')) {
                [IO.File]::Copy($file, "$Folder/shop.grafeo.wal/$([IO.Path]::GetFileName($file))", $true)
            }
        }
        IsState  = {
            param($Path, $State, $Fixtures)
            # A log without a commit is not restored.
            $expected = [IO.Directory]::GetFiles("$Fixtures/S$State.grafeo.wal", '*.log').Where({ ([IO.FileInfo] $_).Length -gt 128 })
            $restored = if ([IO.Directory]::Exists("$Path.wal")) { [IO.Directory]::GetFiles("$Path.wal") }
            @($restored).Count -eq $expected.Count -and -not @($expected; "$Fixtures/S$State.grafeo").Where({
                    $other = $_.EndsWith('.log') ? "$Path.wal/$([IO.Path]::GetFileName($_))" : $Path
                    -not [IO.File]::Exists($other) -or -not [Linq.Enumerable]::SequenceEqual(
                        [IO.File]::ReadAllBytes($_), [IO.File]::ReadAllBytes($other))
                })
        }
    }
    @{
        Engine   = 'Alopex'
        Unit     = 'Lsn'
        Source   = 'shop'
        Restored = 'rec'
        EndAt    = 20, 28, 38
        # Every snapshot is whole; an increment shares tables with the one before.
        Kinds    = 'Full', 'Full', 'Full'
        Chains   = 3
        Beside   = @()
        Merges   = @('Full')
        Markers  = @('latest')
        Fixtures = "$fixtures/alopex/small"
        SetState = {
            param($Folder, $State, $Fixtures)
            if ([IO.Directory]::Exists("$Folder/shop")) {
                [IO.Directory]::Delete("$Folder/shop", $true)
            }
            $null = [IO.Directory]::CreateDirectory("$Folder/shop/sst")
            foreach ($file in [IO.Directory]::GetFiles("$Fixtures/S$State/data", '*', 'AllDirectories')) {
                [IO.File]::Copy($file, "$Folder/shop/$([IO.Path]::GetRelativePath("$Fixtures/S$State/data", $file))")
            }
        }
        IsState  = {
            param($Path, $State, $Fixtures)
            # Of the log only what is used comes back, and the rest is a hole.
            $expected = [IO.Directory]::GetFiles("$Fixtures/S$State/data", '*', 'AllDirectories')
            $restored = [IO.Directory]::GetFiles($Path, '*', 'AllDirectories')
            $restored.Count -eq $expected.Count -and -not $expected.Where({
                    $other = "$Path/$([IO.Path]::GetRelativePath("$Fixtures/S$State/data", $_))"
                    -not [IO.File]::Exists($other) -or (-not $_.EndsWith('lsm.wal') -and -not [Linq.Enumerable]::SequenceEqual(
                            [IO.File]::ReadAllBytes($_), [IO.File]::ReadAllBytes($other)))
                })
        }
    }
}

# The row of one engine; without a name all that the run is to cover.
function Get-EngineCase([string] $Name) {
    $names = ($Name ? $Name : $env:BACKUPTOOLS_ENGINES) -split ',' -ne ''
    Get-AllEngineCase | Where-Object -FilterScript { $names.Count -eq 0 -or $_.Engine -in $names }
}
