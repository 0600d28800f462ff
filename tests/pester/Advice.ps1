# One row for each line of the table of errors: how the error comes about, and what its advice leads to.
#   Advice   the sentence of the table; when it changes, what follows it has to be tried again
#   Provoke  ends in the error, with the sample $s of the engine: a chain of a full and two increments, copied to $second
#   Follow   does what the advice says, without an error, and says whether that helped
#   Elsewhere  instead of both: the test that brings about the error and then does what the advice says
#   None     instead of both: why nothing can be done here, and what holds all the same
# The rows about chains, locks, disks and databases are in AdviceOfStates.ps1.
function Get-AdviceCase {
    $damaged = 'The file is damaged: use another copy, or take a new full backup into another folder.'
    $damagedOrOther = 'The file is damaged or of another kind: use another copy, or take a new full backup into another folder.'
    @{
        Id = 'Unexpected'; Advice = 'Run again with -Verbose; if it persists, report it with the full error.'
        None = 'no case of it is known'
    }
    @{
        Id = 'OutOfMemory'; Advice = 'Lower -ThrottleLimit, or allow the process more memory.'
        None = 'it takes a machine without memory'
    }
    @{
        Id = 'InvalidOption'; Advice = 'See the help of the command for the options that go together.'
        Provoke = { New-IncrementalBackup -LiteralPath $s.Source -DestinationPath $s.Destination -Since 1 -FullIfNeeded }
        Follow = { "$((Get-Help -Name New-IncrementalBackup -Parameter FullIfNeeded).description.Text)" -match 'Since' }
    }
    @{
        Id = 'UnknownEngine'; Advice = 'Leave the name out to have the engine detected.'
        Provoke = {
            # The cmdlets offer these names only; the console program takes any text.
            $program = "$PSScriptRoot/../../src/BackupTools.Console/bin/Debug/net10.0/backuptools"
            $start = $IsWindows ? @("$program.exe") : @('dotnet', 'exec', "$program.dll")
            $start += 'full', (ConvertTo-NativePath $s.Source), '--destination-path', "$($s.Native)/n", '--engine', 'Oracle'
            & $start[0] @($start | Select-Object -Skip 1)
        }
        Follow = {
            (New-FullBackup -LiteralPath $s.Source -DestinationPath "$($s.Folder)/n").Kind -eq 'Full'
        }
    }
    @{
        Id = 'PathIsAmbiguous'; Advice = 'Give the path of the one you mean.'
        Provoke = {
            Set-Location -LiteralPath $s.Folder
            Copy-Item -LiteralPath $s.Source -Destination 'shop[1].db'
            New-FullBackup -Path 'shop[1].db' -DestinationPath n
        }
        Follow = { (New-FullBackup -LiteralPath 'shop[1].db' -DestinationPath n).Kind -eq 'Full' }
    }
    @{
        Id = 'ProviderNotSupported'; Advice = 'Give a path in the file system.'
        Provoke = { New-FullBackup -LiteralPath $s.Source -DestinationPath env:x }
        Follow = { (New-FullBackup -LiteralPath $s.Source -DestinationPath "$($s.Folder)/n").Kind -eq 'Full' }
    }
    @{
        Id = 'TimeIsAmbiguous'; Advice = 'Give the time as ISO 8601, such as 2026-11-20T04:10:00Z.'
        Provoke = { Test-BackupChain -LiteralPath $s.Destination -PointInTime '11/20/2026 4:10' }
        Follow = { (Test-BackupChain -LiteralPath $s.Destination -PointInTime $s.Bundles[1].CreatedUtc.ToString('o') -WarningAction Ignore).IsValid }
    }
    @{
        Id = 'PositionIsInvalid'; Advice = 'Give a whole number from the StartPosition and EndPosition of the bundles.'
        Provoke = { Test-BackupChain -LiteralPath $s.Destination -ToPosition 'last' }
        Follow = { (Test-BackupChain -LiteralPath $s.Destination -ToPosition $s.Bundles[1].EndPosition).IsValid }
    }
    @{
        Id = 'NameTooLong'; Advice = 'Use a shorter name, or a folder nearer to the root.'
        Provoke = { Restore-BackupChain -LiteralPath $s.Destination -DestinationPath "$($s.Folder)/$('n' * 300).db" }
        Follow = { Test-Restore $s }
    }
    @{
        Id = 'DestinationOverlapsSource'; Advice = 'Choose a destination outside the source.'; Engine = 'PowDB'
        Provoke = { New-FullBackup -LiteralPath $s.Source -DestinationPath "$($s.Source)/backups" }
        Follow = { (New-FullBackup -LiteralPath $s.Source -DestinationPath "$($s.Folder)/n").Kind -eq 'Full' }
    }
    @{
        Id = 'PathNotFound'; Advice = 'Check the spelling of the path.'
        Provoke = { Restore-BackupChain -LiteralPath "$($s.Destination)x" -DestinationPath $s.Restored }
        Follow = { Test-Restore $s }
    }
    @{
        Id = 'SourceNotRecognised'; Advice = "Give the database's own file or folder, or name the engine with -Engine."
        Provoke = {
            [IO.File]::WriteAllText("$($s.Native)/new.db", '')
            New-FullBackup -LiteralPath "$($s.Folder)/new.db" -DestinationPath "$($s.Folder)/n"
        }
        Follow = {
            (New-FullBackup -LiteralPath "$($s.Folder)/new.db" -DestinationPath "$($s.Folder)/n" -Engine SQLite).Kind -eq 'Full' -and
            (New-FullBackup -LiteralPath $s.Source -DestinationPath "$($s.Folder)/n").Kind -eq 'Full'
        }
    }
    @{
        Id = 'BundleNotRecognised'; Advice = 'Give a bundle, or the folder that holds the bundles.'
        Provoke = { Get-BundleHeader -LiteralPath $s.Source }
        Follow = { @(Get-BundleHeader -LiteralPath $s.Bundles[0].FullName).Count -eq 1 -and @(Get-BundleHeader -LiteralPath $s.Destination).Count -eq 3 }
    }
    @{
        Id = 'NoBundles'; Advice = 'Give the folder that the backups were written to.'
        Provoke = { Restore-BackupChain -LiteralPath "$($s.Folder)/db" -DestinationPath $s.Restored }
        Follow = { Test-Restore $s }
    }
    @{
        Id = 'ChainNotFound'; Advice = 'List the chains with Get-BackupChain and use one of their ids.'
        Provoke = { Restore-BackupChain -LiteralPath $s.Destination -DestinationPath $s.Restored -ChainId 000000000000 }
        Follow = { (Restore-BackupChain -LiteralPath $s.Destination -DestinationPath $s.Restored -ChainId (Get-BackupChain -LiteralPath $s.Destination).ChainId).EndPosition -eq 3 }
    }
    @{
        Id = 'NoFullBackup'; Advice = 'Take a full backup first.'
        Provoke = { New-IncrementalBackup -LiteralPath $s.Source -DestinationPath "$($s.Folder)/n" }
        Follow = {
            $null = New-FullBackup -LiteralPath $s.Source -DestinationPath "$($s.Folder)/n"
            Set-SampleState $s 1
            (New-IncrementalBackup -LiteralPath $s.Source -DestinationPath "$($s.Folder)/n").Kind -eq 'Incremental'
        }
    }
    @{
        Id = 'NothingToBackUp'; Advice = 'No action is needed: the chain already holds every change.'; Engine = 'Grafeo'
        Provoke = { New-IncrementalBackup -LiteralPath $s.Source -DestinationPath $s.Destination -AllowEmpty }
        Follow = { Test-Restore $s }
    }
    @{
        Id = 'BadMagic'; Advice = $damagedOrOther; Engine = 'SPG'
        Provoke = { Edit-Byte $s.Bundles[1].FullName 0; Restore-BackupChain -LiteralPath $s.Destination -DestinationPath $s.Restored }
        Follow = { Test-CopyOrFull $s $second }
    }
    @{
        Id = 'Malformed'; Advice = $damagedOrOther
        Provoke = { Edit-Byte $s.Bundles[1].FullName 200; Restore-BackupChain -LiteralPath $s.Destination -DestinationPath $s.Restored }
        Follow = { Test-CopyOrFull $s $second }
    }
    @{
        Id = 'Truncated'; Advice = $damaged; Engine = 'SPG'
        Provoke = {
            $file = [IO.File]::OpenWrite($s.Bundles[2].FullName)
            $file.SetLength(60)
            $file.Dispose()
            Restore-BackupChain -LiteralPath $s.Destination -DestinationPath $s.Restored
        }
        Follow = { Test-CopyOrFull $s $second }
    }
    @{
        Id = 'ChecksumMismatch'; Advice = $damaged; Engine = 'SPG'
        Provoke = { Set-Damage $s.Bundles[1].FullName; Restore-BackupChain -LiteralPath $s.Destination -DestinationPath $s.Restored }
        Follow = { Test-CopyOrFull $s $second }
    }
    @{
        Id = 'LengthMismatch'; Advice = $damaged; Engine = 'Grafeo'
        Provoke = {
            [IO.File]::AppendAllText($s.Bundles[0].FullName, 'x')
            Restore-BackupChain -LiteralPath $s.Destination -DestinationPath $s.Restored
        }
        Follow = { Test-CopyOrFull $s $second }
    }
    @{
        Id = 'UnsafeName'; Advice = 'Do not restore this backup unless you know where it comes from.'; Engine = 'Grafeo'
        Provoke = {
            $manifest = "$($s.Destination)/backup_manifest.json"
            (Get-Content -LiteralPath $manifest -Raw).Replace('backup_full_0000', '../../backup_full_0000') | Set-Content -LiteralPath $manifest -NoNewline
            Restore-BackupChain -LiteralPath $s.Destination -DestinationPath $s.Restored
        }
        Follow = { (Restore-BackupChain -LiteralPath $second -DestinationPath $s.Restored).EndPosition -eq 8 }
    }
    @{
        Id = 'MissingFile'; Advice = 'Bring back the missing file, or take a new full backup into another folder.'; Engine = 'PowDB'
        Provoke = {
            $file = (Get-ChildItem -LiteralPath $s.Bundles[0].FullName -Filter *.heap)[0]
            Move-Item -LiteralPath $file.FullName -Destination "$($s.Native)/aside"
            Restore-BackupChain -LiteralPath $s.Destination -DestinationPath $s.Restored
        }
        Follow = {
            $null = New-FullBackup -LiteralPath $s.Source -DestinationPath "$($s.Folder)/n"
            $null = Restore-BackupChain -LiteralPath "$($s.Folder)/n" -DestinationPath "$($s.Folder)/r2/rec"
            Move-Item -LiteralPath "$($s.Native)/aside" -Destination $file.FullName
            $null = Restore-BackupChain -LiteralPath $s.Destination -DestinationPath $s.Restored
            (Test-RestoredState $s 2) -and (Test-RestoredState $s 2 "$($s.Folder)/r2/rec")
        }
    }
    @{
        Id = 'VerificationFailed'; Advice = 'Restore to an earlier position, or from another chain.'
        Provoke = {
            # SQLite's pages have no checksums: what was damaged before a backup is in it.
            $path = ConvertTo-NativePath $s.Source
            $bytes = [IO.File]::ReadAllBytes($path)
            [Array]::Fill($bytes, [byte] 0xFF, 4096, 2048)
            [IO.File]::WriteAllBytes($path, $bytes)
            $null = New-IncrementalBackup -LiteralPath $s.Source -DestinationPath $s.Destination
            Restore-BackupChain -LiteralPath $s.Destination -DestinationPath $s.Restored -Deep
        }
        Follow = {
            $null = Restore-BackupChain -LiteralPath $s.Destination -DestinationPath $s.Restored -Deep -ToPosition 3
            Test-RestoredState $s 2
        }
    }
    Get-StateAdviceCase
}
