# The second half of the rows of Advice.ps1: chains, locks, disks, and what state a database is in.
function Get-StateAdviceCase {
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
            Copy-Item -LiteralPath "$($s.Case.Fixtures)/spg/states/S2.v8.db" -Destination $s.Source
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
            Get-ChildItem -LiteralPath $s.Destination -Recurse -Force -File | Where-Object -Property Name -Like '.*.backuptools' | Remove-Item -Force
            Set-SampleState $s 1
            New-IncrementalBackup -LiteralPath $s.Source -DestinationPath $s.Destination
        }
        Follow = { Set-SampleState $s 2; Test-Full $s }
    }
    @{
        Id = 'ClockDoubtful'; Advice = 'Check the clocks of the machines that write here; -PointInTime may not find the intended state.'
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
        Id = 'BackupRunning'; Advice = 'Wait until the other run has ended, or allow a longer wait with -LockTimeout.'; Engine = 'SPG'
        Provoke = {
            # What the checkpoint of a backup does is inside that run.
            $seen = [System.Collections.ArrayList]::new()
            $null = New-FullBackup -LiteralPath $s.Source -DestinationPath $s.Destination -Checkpoint {
                try { New-FullBackup -LiteralPath $s.Source -DestinationPath $s.Destination -LockTimeout 0 -ErrorAction Stop } catch { $null = $seen.Add($_) }
            }.GetNewClosure()
            $seen
        }
        Follow = { Test-Full $s }
    }
    @{
        Id = 'SourceInUse'; Advice = 'Stop the program that uses it, then try again.'; Engine = 'PowDB'
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
            Set-TextFile -LiteralPath "$($s.Folder)/notes.txt" -Value 'precious'
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
        Id = 'StoreUnavailable'; Advice = 'Check the network and AWS_ENDPOINT_URL, and try again.'
        Elsewhere = 'Once_the_advice_is_followed_the_restore_works'
    }
    @{
        Id = 'StoreAccessDenied'; Advice = 'Give credentials that may do this (docs/stores.md lists the rights): AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.'
        Elsewhere = 'Once_the_advice_is_followed_the_restore_works'
    }
    @{
        Id = 'StoreClockSkewed'; Advice = 'Set the clock of this machine (NTP), then try again.'
        Elsewhere = 'Once_the_advice_is_followed_the_restore_works'
    }
    @{
        Id = 'StoreRetained'; Advice = 'Prune again when the store releases it, or with credentials that may delete.'
        Elsewhere = 'A_chain_is_merged_and_pruned_in_a_store'
    }
    @{
        Id = 'ObjectArchived'; Advice = 'Ask the store to restore the object (aws s3api restore-object), then try again.'
        Elsewhere = 'What_lies_in_an_archive_is_named_before_anything_is_written'
    }
    @{
        Id = 'IdentityRequired'; Advice = 'Give the file of your secret key with -IdentityPath.'
        Provoke = {
            $key = New-BackupKey -Path "$($s.Folder)/key.txt"
            $null = Copy-BackupChain -LiteralPath $s.Destination -DestinationPath "$($s.Folder)/e" -Recipient $key.Recipient
            Restore-BackupChain -LiteralPath "$($s.Folder)/e" -DestinationPath $s.Restored
        }
        Follow = {
            $null = Restore-BackupChain -LiteralPath "$($s.Folder)/e" -DestinationPath $s.Restored -IdentityPath $key.FullName
            Test-RestoredState $s 2
        }
    }
    @{
        Id = 'IdentityMismatch'; Advice = 'Give the identity that belongs to one of the recipients: another key, or the passphrase.'
        Provoke = {
            $key = New-BackupKey -Path "$($s.Folder)/key.txt"
            $other = New-BackupKey -Path "$($s.Folder)/other.txt"
            $null = Copy-BackupChain -LiteralPath $s.Destination -DestinationPath "$($s.Folder)/e" -Recipient $key.Recipient
            Restore-BackupChain -LiteralPath "$($s.Folder)/e" -DestinationPath $s.Restored -IdentityPath $other.FullName
        }
        Follow = {
            $null = Restore-BackupChain -LiteralPath "$($s.Folder)/e" -DestinationPath $s.Restored -IdentityPath $key.FullName
            Test-RestoredState $s 2
        }
    }
    @{
        Id = 'SignatureInvalid'; Advice = 'Find out who wrote it. Bundles that were signed come from a copy elsewhere; without -TrustedKey signatures are not asked for.'
        Provoke = {
            $key = New-BackupKey -Path "$($s.Folder)/key.txt" -Signing
            $null = Copy-BackupChain -LiteralPath $s.Destination -DestinationPath "$($s.Folder)/e" -SigningKeyPath $key.FullName
            Restore-BackupChain -LiteralPath $s.Destination -DestinationPath $s.Restored -TrustedKey $key.Recipient
        }
        Follow = {
            $null = Restore-BackupChain -LiteralPath "$($s.Folder)/e" -DestinationPath $s.Restored -TrustedKey $key.Recipient
            $null = Restore-BackupChain -LiteralPath $s.Destination -DestinationPath "$($s.Folder)/r2/rec.db"
            (Test-RestoredState $s 2) -and (Test-RestoredState $s 2 "$($s.Folder)/r2/rec.db")
        }
    }
    @{
        Id = 'ConditionalWritesMissing'; Advice = 'Make sure that only one machine writes there, and confirm it with -SingleWriter.'
        Elsewhere = 'A_store_that_cannot_keep_writers_apart_needs_the_word_that_there_is_one'
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
            Copy-Item -LiteralPath "$($s.Case.Fixtures)/powdb/W" -Destination "$($s.Folder)/live" -Recurse
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
