# One row for each line of the table of errors: how the error comes about, and what its advice leads to.
#   Advice   the sentence of the table; when it changes, what follows it has to be tried again
#   Provoke  ends in the error, with the sample $s of the engine: a chain of a full and two increments, copied to $second
#   Follow   does what the advice says, without an error, and says whether that helped
#   Elsewhere  instead of both: the test that brings about the error and then does what the advice says
#   None     instead of both: why nothing can be done here, and what holds all the same
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
        Id = 'UnknownEngine'; Advice = 'Use one of: SQLite, SPG, Grafeo, Alopex, PowDB.'
        Provoke = {
            # The cmdlets offer these names only; the console program takes any text.
            dotnet exec "$PSScriptRoot/../../src/BackupTools.Console/bin/Debug/net10.0/backuptools.dll" full (ConvertTo-NativePath $s.Source) --destination-path "$($s.Native)/n" --engine Oracle
        }
        Follow = {
            $named = [regex]::Match($Advice, ': (.*)\.').Groups[1].Value -split ', '
            $null = New-FullBackup -LiteralPath $s.Source -DestinationPath "$($s.Folder)/n" -Engine $named[0]
            $named.Count -eq 5
        }
    }
    @{
        Id = 'PathIsAmbiguous'; Advice = 'Use -LiteralPath to mean the name as it is.'
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
        Follow = { (Test-BackupChain -LiteralPath $s.Destination -PointInTime ([datetime]::UtcNow.ToString('yyyy-MM-ddTHH:mm:ssZ', [cultureinfo]::InvariantCulture)) -WarningAction Ignore).IsValid }
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
        Id = 'NothingToBackUp'; Advice = 'Nothing is to be done: the chain already holds every change.'; Engine = 'Grafeo'
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
    @{
        Id = 'ChainGap'; Advice = 'Add the bundle that covers the gap, or take a new full backup.'; Engine = 'SPG'
        Provoke = {
            Move-Item -LiteralPath $s.Bundles[1].FullName -Destination "$($s.Native)/aside.bkp"
            Restore-BackupChain -LiteralPath $s.Destination -DestinationPath $s.Restored
        }
        Follow = {
            Move-Item -LiteralPath "$($s.Native)/aside.bkp" -Destination $s.Bundles[1].FullName
            $null = Restore-BackupChain -LiteralPath $s.Destination -DestinationPath $s.Restored
            Remove-Item -LiteralPath $s.Bundles[1].FullName
            $null = New-FullBackup -LiteralPath $s.Source -DestinationPath $s.Destination
            $null = Restore-BackupChain -LiteralPath $s.Destination -DestinationPath "$($s.Folder)/r2/rec.db"
            (Test-RestoredState $s 2) -and (Test-RestoredState $s 2 "$($s.Folder)/r2/rec.db")
        }
    }
    @{
        Id = 'ChainOverlap'; Advice = 'Remove the bundle that does not belong to the chain.'; Engine = 'SPG'
        Provoke = {
            $inside = New-IncrementalBackup -LiteralPath $s.Source -DestinationPath "$($s.Folder)/n" -Since 49
            Copy-Item -LiteralPath $inside.FullName -Destination $s.Destination
            Restore-BackupChain -LiteralPath $s.Destination -DestinationPath $s.Restored
        }
        Follow = { Remove-Item -LiteralPath "$($s.Destination)/$($inside.Name)"; Test-Restore $s }
    }
    @{
        Id = 'ChainFork'; Advice = 'Remove one branch, or name a position that only one of them covers.'; Engine = 'SPG'
        Provoke = {
            # The same full went on in two folders, and one of them was copied into the other.
            Remove-Item -LiteralPath "$second/$($s.Bundles[1].Name)", "$second/$($s.Bundles[2].Name)"
            $other = New-IncrementalBackup -LiteralPath $s.Source -DestinationPath $second
            Copy-Item -LiteralPath $other.FullName -Destination $s.Destination
            Test-BackupChain -LiteralPath $s.Destination
        }
        Follow = {
            # 508 is the end of both, 166 of one.
            $null = Restore-BackupChain -LiteralPath $s.Destination -DestinationPath "$($s.Folder)/r1/rec.db" -ToPosition 166
            Remove-Item -LiteralPath "$($s.Destination)/$($other.Name)"
            (Test-BackupChain -LiteralPath $s.Destination).ProblemCount -eq 0 -and (Test-RestoredState $s 1 "$($s.Folder)/r1/rec.db") -and (Test-Restore $s)
        }
    }
    @{
        Id = 'ChainDuplicate'; Advice = 'Remove the copy.'; Engine = 'SPG'
        Provoke = {
            Copy-Item -LiteralPath $s.Bundles[1].FullName -Destination "$($s.Destination)/again.bkp"
            Test-BackupChain -LiteralPath $s.Destination
        }
        Follow = { Remove-Item -LiteralPath "$($s.Destination)/again.bkp"; (Test-BackupChain -LiteralPath $s.Destination).ProblemCount -eq 0 }
    }
    @{
        Id = 'ForeignEpoch'; Advice = 'Take a new full backup: the log was restarted since the last one.'; Engine = 'SPG'
        Provoke = {
            # After a checkpoint: another catalogue, and a log that begins anew.
            Copy-Item -LiteralPath "$($s.Case.Fixtures)/states/S2.v8.db" -Destination $s.Source
            New-IncrementalBackup -LiteralPath $s.Source -DestinationPath $s.Destination
        }
        Follow = {
            $null = New-FullBackup -LiteralPath $s.Source -DestinationPath $s.Destination -WarningAction Ignore
            $null = Restore-BackupChain -LiteralPath $s.Destination -DestinationPath $s.Restored
            (Get-FileHash -LiteralPath $s.Restored).Hash -eq (Get-FileHash -LiteralPath $s.Source).Hash
        }
    }
    @{
        Id = 'ChainIsAmbiguous'; Advice = 'Name one chain with -ChainId; Get-BackupChain lists them.'
        Provoke = {
            Copy-Item -LiteralPath $s.Source -Destination "$($s.Folder)/other.db"
            $null = New-FullBackup -LiteralPath "$($s.Folder)/other.db" -DestinationPath $s.Destination
            Restore-BackupChain -LiteralPath $s.Destination -DestinationPath $s.Restored
        }
        Follow = {
            $chain = Get-BackupChain -LiteralPath $s.Destination -Database shop.db
            $null = Restore-BackupChain -LiteralPath $s.Destination -DestinationPath $s.Restored -ChainId $chain.ChainId
            Test-RestoredState $s 2
        }
    }
    @{
        Id = 'TargetNotCovered'; Advice = 'Choose a target inside the chain; Get-BackupChain shows its range.'
        Provoke = { Restore-BackupChain -LiteralPath $s.Destination -DestinationPath $s.Restored -ToPosition 9 }
        Follow = {
            $null = Restore-BackupChain -LiteralPath $s.Destination -DestinationPath $s.Restored -ToPosition (Get-BackupChain -LiteralPath $s.Destination).EndPosition
            Test-RestoredState $s 2
        }
    }
    @{
        Id = 'SinceBeyondLog'; Advice = 'Take a new full backup.'; Engine = 'SPG'
        Provoke = { New-IncrementalBackup -LiteralPath $s.Source -DestinationPath $s.Destination -Since 99999 }
        Follow = { Test-Full $s }
    }
    @{
        Id = 'SinceInsideFrame'; Advice = 'Take a new full backup.'; Engine = 'SPG'
        Provoke = { New-IncrementalBackup -LiteralPath $s.Source -DestinationPath $s.Destination -Since 60 }
        Follow = { Test-Full $s }
    }
    @{
        Id = 'LogIsGone'; Advice = 'Take a new full backup.'
        Provoke = {
            Get-ChildItem -LiteralPath $s.Destination -Recurse -Force -Filter '.*.backuptools' | Remove-Item -Force
            Set-SampleState $s 1
            New-IncrementalBackup -LiteralPath $s.Source -DestinationPath $s.Destination
        }
        Follow = { Set-SampleState $s 2; Test-Full $s }
    }
    @{
        Id = 'ClockDoubtful'; Advice = 'Check the clocks of the machines that write here; -PointInTime may not find the state that is meant.'
        None = 'it is a warning of what somebody has to look at'
    }
    @{
        Id = 'ContinuityNotProved'; Advice = 'Take a new full backup, or use -FullIfNeeded, which does.'; Engine = 'PowDB'
        Provoke = {
            Set-SampleState $s 0
            New-IncrementalBackup -LiteralPath $s.Source -DestinationPath $s.Destination
        }
        Follow = {
            (New-IncrementalBackup -LiteralPath $s.Source -DestinationPath $s.Destination -FullIfNeeded -WarningAction Ignore).Kind -eq 'Full' -and
            (New-FullBackup -LiteralPath $s.Source -DestinationPath $s.Destination).Kind -eq 'Full'
        }
    }
    @{
        Id = 'BackupRunning'; Advice = 'Wait until the other run has ended.'; Engine = 'SPG'
        Provoke = {
            # What the checkpoint of a backup does is inside that run.
            $seen = [System.Collections.ArrayList]::new()
            $null = New-FullBackup -LiteralPath $s.Source -DestinationPath $s.Destination -Checkpoint {
                try { New-FullBackup -LiteralPath $s.Source -DestinationPath $s.Destination -ErrorAction Stop } catch { $null = $seen.Add($_) }
            }.GetNewClosure()
            $seen
        }
        Follow = { Test-Full $s }
    }
    @{
        Id = 'SourceInUse'; Advice = 'Stop the program that uses the database, then try again.'; Engine = 'PowDB'
        Provoke = {
            # The engine's lock names the process that has the database open: here this one.
            [IO.File]::WriteAllText("$($s.Native)/db/shop/LOCK", "$PID")
            New-FullBackup -LiteralPath $s.Source -DestinationPath $s.Destination
        }
        Follow = { [IO.File]::Delete("$($s.Native)/db/shop/LOCK"); Test-Full $s }
    }
    @{
        Id = 'SourceChanging'; Advice = 'Try again at a quieter time, or stop the writers for the copy.'
        Elsewhere = 'A_writer_that_never_pauses_is_named_after_a_bounded_time'
    }
    @{
        Id = 'DestinationExists'; Advice = 'Choose another destination, or move away what is there.'
        Provoke = { Restore-BackupChain -LiteralPath $s.Destination -DestinationPath $s.Source }
        Follow = {
            $null = Restore-BackupChain -LiteralPath $s.Destination -DestinationPath $s.Restored
            Move-Item -LiteralPath $s.Source -Destination "$($s.Folder)/aside.db"
            $null = Restore-BackupChain -LiteralPath $s.Destination -DestinationPath $s.Source
            (Test-RestoredState $s 2) -and (Test-RestoredState $s 2 $s.Source)
        }
    }
    @{
        Id = 'DestinationNotRecognised'; Advice = 'Move away what is there, or choose another destination.'
        Provoke = {
            Set-Content -LiteralPath "$($s.Folder)/notes.txt" -Value 'precious'
            Restore-BackupChain -LiteralPath $s.Destination -DestinationPath "$($s.Folder)/notes.txt" -Force
        }
        Follow = {
            $null = Restore-BackupChain -LiteralPath $s.Destination -DestinationPath $s.Restored
            Move-Item -LiteralPath "$($s.Folder)/notes.txt" -Destination "$($s.Folder)/notes"
            $null = Restore-BackupChain -LiteralPath $s.Destination -DestinationPath "$($s.Folder)/notes.txt" -Force
            (Test-RestoredState $s 2) -and (Test-RestoredState $s 2 "$($s.Folder)/notes.txt")
        }
    }
    @{
        Id = 'AccessDenied'; Advice = 'Run with an account that may read the source and write the destination.'
        Elsewhere = 'A_fault_in_a_system_call_leaves_the_old_or_the_new_state_and_the_next_run_works'
    }
    @{
        Id = 'DiskFull'; Advice = 'Free space at the destination, then try again.'
        Elsewhere = 'A_full_disk_leaves_everything_as_it_was_until_there_is_room'
    }
    @{
        Id = 'ReadFailed'; Advice = 'Check the disk that holds the file.'
        Elsewhere = 'A_fault_in_a_system_call_leaves_the_old_or_the_new_state_and_the_next_run_works'
    }
    @{
        Id = 'WriteFailed'; Advice = 'Check the disk that holds the destination.'
        Elsewhere = 'A_fault_in_a_system_call_leaves_the_old_or_the_new_state_and_the_next_run_works'
    }
    @{
        Id = 'UnsupportedVersion'; Advice = 'Use a version of BackupTools that knows this format version.'
        None = 'there is no later version; what is refused stays as it is'
    }
    @{
        Id = 'UnsupportedFormat'; Advice = 'Use the tool that belongs to this format.'
        None = 'the tool is another one'
    }
    @{
        Id = 'EncryptedNotSupported'; Advice = "Use the engine's own backup for encrypted databases."
        None = 'the backup is the engine''s'
    }
    @{
        Id = 'ColdSegments'; Advice = 'Copy the segment files with the server stopped; see docs/engines/spg.md.'; Engine = 'SPG'
        Provoke = {
            $null = New-Item -Path "$($s.Folder)/db/shop.spg/segments" -ItemType Directory
            [IO.File]::WriteAllText("$($s.Native)/db/shop.spg/segments/seg_7.spg", '')
            New-FullBackup -LiteralPath $s.Source -DestinationPath $s.Destination
        }
        Follow = {
            Copy-Item -LiteralPath "$($s.Folder)/db" -Destination "$($s.Folder)/cold" -Recurse
            (Get-Content -LiteralPath "$PSScriptRoot/../../docs/engines/spg.md" -Raw) -match 'segment'
        }
    }
    @{
        Id = 'SourceDamaged'; Advice = 'Repair or restore the database; the newest sound backup is kept as it is.'
        Provoke = {
            $file = [IO.File]::OpenWrite((ConvertTo-NativePath $s.Source))
            $file.SetLength($file.Length / 2)
            $file.Dispose()
            New-FullBackup -LiteralPath $s.Source -DestinationPath $s.Destination
        }
        Follow = {
            $null = Restore-BackupChain -LiteralPath $s.Destination -DestinationPath $s.Source -Force
            Test-Full $s
        }
    }
    @{
        Id = 'WalNotEmpty'; Advice = 'Run a checkpoint in the engine, or include the log with -IncludeWal.'; Engine = 'PowDB'
        Provoke = {
            Copy-Item -LiteralPath "$($s.Case.Fixtures)/W" -Destination "$($s.Folder)/live" -Recurse
            New-FullBackup -LiteralPath "$($s.Folder)/live" -DestinationPath "$($s.Folder)/n"
        }
        Follow = { (New-FullBackup -LiteralPath "$($s.Folder)/live" -DestinationPath "$($s.Folder)/n" -IncludeWal).Kind -eq 'Full' }
    }
    @{
        Id = 'WalMissing'; Advice = 'Name the log with -WalPath.'; Engine = 'SPG'
        Provoke = {
            Move-Item -LiteralPath "$($s.Folder)/db/shop.wal" -Destination "$($s.Folder)/elsewhere.wal"
            New-IncrementalBackup -LiteralPath $s.Source -DestinationPath $s.Destination
        }
        Follow = { (New-IncrementalBackup -LiteralPath $s.Source -DestinationPath $s.Destination -WalPath "$($s.Folder)/elsewhere.wal" -AllowEmpty).Kind -eq 'Incremental' }
    }
    @{
        Id = 'OpenTransaction'; Advice = 'Take a new full backup while no transaction is open.'
        Elsewhere = 'A_hot_rollback_journal_is_refused_until_it_was_rolled_back'
    }
}
