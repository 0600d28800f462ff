#Requires -Version 7.6
BeforeAll {
    . "$PSScriptRoot/Support.ps1"
    $full = 'BackupTools.PowerShell.Commands.NewFullBackupCommand'

    # A session that has imported the module, to be stopped or listened to from outside.
    function Start-Apart([scriptblock] $Script, [object[]] $ArgumentList) {
        $shell = [powershell]::Create()
        $null = $shell.AddCommand('Import-Module').AddParameter('Name', [WildcardPattern]::Escape($env:BACKUPTOOLS_MANIFEST)).Invoke()
        $shell.Commands.Clear()
        $null = $shell.AddScript($Script)
        foreach ($argument in $ArgumentList) {
            $null = $shell.AddArgument($argument)
        }
        [pscustomobject]@{ Shell = $shell; Run = $shell.BeginInvoke() }
    }

    function Wait-Until([scriptblock] $Condition, [string] $What) {
        $clock = [Diagnostics.Stopwatch]::StartNew()
        while (-not (& $Condition)) {
            if ($clock.Elapsed.TotalSeconds -gt 30) {
                throw "waited 30 s for $What"
            }
            Start-Sleep -Milliseconds 20
        }
    }
}

Describe '-Checkpoint' {
    BeforeEach {
        $sample = New-Sample SPG
        $before = Get-Tree $sample.Folder
        $common = @{ LiteralPath = $sample.Source; DestinationPath = $sample.Destination }
    }

    It 'runs in the session, once' {
        $calls = [Collections.Generic.List[int]]::new()
        $bundle = New-FullBackup @common -Checkpoint { $calls.Add([Environment]::CurrentManagedThreadId) }
        $calls | Should -Be @([Environment]::CurrentManagedThreadId)
        $bundle.Kind | Should -Be 'Full'
    }

    It 'does not run under -WhatIf' {
        $calls = [Collections.Generic.List[int]]::new()
        New-FullBackup @common -Checkpoint { $calls.Add(1) } -WhatIf
        $calls.Count | Should -Be 0
    }

    It 'never mixes its output with the bundles' {
        $bundle = New-FullBackup @common -Checkpoint { 'noise' }
        @($bundle).Count | Should -Be 1
        $bundle | Should -BeOfType BackupTools.Reports.BundleInfo
    }

    It 'that throws stops the backup and leaves nothing' {
        New-FullBackup @common -Checkpoint { throw 'the server is away' } -ErrorVariable errors -ErrorAction SilentlyContinue
        $mine = @($errors).Where({ $_.FullyQualifiedErrorId -eq "Unexpected,$full" })
        $mine.Count | Should -Be 1
        $mine[0].Exception.Message | Should -Match 'the server is away'
        Get-Tree $sample.Folder | Should -BeExactly $before
    }

    It 'runs for -AsJob in a session of its own' {
        $marker = ConvertTo-NativePath "$($sample.Folder)/marker"
        $job = New-FullBackup @common -AsJob -Checkpoint ([scriptblock]::Create("[IO.File]::WriteAllText('$marker', 'x')"))
        ($job | Receive-Job -Wait -AutoRemoveJob).Kind | Should -Be 'Full'
        Test-Path -LiteralPath $marker | Should -BeTrue
    }

    It 'that throws fails the job with a reason' {
        $job = New-FullBackup @common -AsJob -Checkpoint { throw 'the server is away' }
        try {
            $null = $job | Wait-Job
            $job.State | Should -Be 'Failed'
            $job.JobStateInfo.Reason.Message | Should -Match 'the server is away'
            $job.Error[0].FullyQualifiedErrorId | Should -Be 'Unexpected'
            Get-Tree $sample.Folder | Should -BeExactly $before
        } finally {
            $job | Remove-Job -Force
        }
    }
}

Describe 'While a backup runs' {
    BeforeEach {
        $sample = New-Sample SPG
        $before = Get-Tree $sample.Folder
        $common = @{ LiteralPath = $sample.Source; DestinationPath = $sample.Destination }
        $marker = ConvertTo-NativePath "TestDrive:/$([guid]::NewGuid())"
        $slow = [scriptblock]::Create("[IO.File]::WriteAllText('$marker', 'x'); Start-Sleep -Seconds 60")
    }

    It 'a second one into the same folder waits for the first, and not longer than it may' {
        $job = New-FullBackup @common -AsJob -Checkpoint $slow
        try {
            Wait-Until { Test-Path -LiteralPath $marker } 'the checkpoint'
            $job.State | Should -Be 'Running'
            $waiting = New-FullBackup @common -AsJob
            New-FullBackup @common -LockTimeout 0 -ErrorVariable errors -ErrorAction SilentlyContinue
            $errors[0].FullyQualifiedErrorId | Should -BeExactly "BackupRunning,$full"
            $errors[0].CategoryInfo.Category | Should -Be 'ResourceBusy'
            $second = New-FullBackup @common -LockTimeout 1 -AsJob
            $null = $second | Wait-Job
            $second.State | Should -Be 'Failed'
            $second.JobStateInfo.Reason.Code | Should -Be 'BackupRunning'
            $second | Remove-Job
            $waiting.State | Should -Be 'Running'
            $job | Stop-Job
            $null = $waiting | Wait-Job
            ($waiting | Receive-Job).Kind | Should -Be 'Full'
            $waiting | Remove-Job
        } finally {
            $job | Stop-Job
            $job | Remove-Job -Force
        }
    }

    It 'nothing is merged into its folder, copied to it or removed from it' {
        $null = New-FullBackup @common
        $other = New-SampleChain SPG
        $job = New-FullBackup @common -AsJob -Checkpoint $slow
        try {
            Wait-Until { Test-Path -LiteralPath $marker } 'the checkpoint'
            $during = (Get-ChildItem -LiteralPath $sample.Destination -Filter *.bkp).Name
            Merge-BackupChain -LiteralPath $other.Destination -DestinationPath $sample.Destination -LockTimeout 0 -ErrorVariable merge -ErrorAction SilentlyContinue
            Copy-BackupChain -LiteralPath $other.Destination -DestinationPath $sample.Destination -LockTimeout 0 -ErrorVariable copy -ErrorAction SilentlyContinue
            Remove-ExpiredBackup -LiteralPath $sample.Destination -KeepLast 0 -Force -Confirm:$false -LockTimeout 0 -ErrorVariable remove -ErrorAction SilentlyContinue
            foreach ($errors in $merge, $copy, $remove) {
                $errors[0].Exception.Code | Should -Be 'BackupRunning'
            }
            (Get-ChildItem -LiteralPath $sample.Destination -Filter *.bkp).Name | Should -Be $during
        } finally {
            $job | Stop-Job
            $job | Remove-Job -Force
        }
    }

    It 'Stop-Job ends it and leaves nothing' {
        $job = New-FullBackup @common -AsJob -Checkpoint $slow
        Wait-Until { Test-Path -LiteralPath $marker } 'the checkpoint'
        $clock = [Diagnostics.Stopwatch]::StartNew()
        $job | Stop-Job
        $clock.Elapsed.TotalSeconds | Should -BeLessThan 10
        $job.State | Should -Be 'Stopped'
        $job | Remove-Job
        Get-Tree $sample.Folder | Should -BeExactly $before
    }

    It 'Remove-Job -Force ends it and leaves nothing' {
        $job = New-FullBackup @common -AsJob -Checkpoint $slow
        Wait-Until { Test-Path -LiteralPath $marker } 'the checkpoint'
        $job | Remove-Job -Force
        Get-Tree $sample.Folder | Should -BeExactly $before
    }

    It 'stopping the pipeline ends it, writes no error and leaves nothing' {
        $apart = Start-Apart {
            param($Source, $Destination, $Checkpoint)
            New-FullBackup -LiteralPath $Source -DestinationPath $Destination -Checkpoint ([scriptblock]::Create($Checkpoint))
        } (ConvertTo-NativePath $sample.Source), (ConvertTo-NativePath $sample.Destination), "$slow"
        try {
            Wait-Until { Test-Path -LiteralPath $marker } 'the checkpoint'
            $clock = [Diagnostics.Stopwatch]::StartNew()
            $apart.Shell.Stop()
            $clock.Elapsed.TotalSeconds | Should -BeLessThan 10
            $apart.Shell.InvocationStateInfo.State | Should -Be 'Stopped'
            $apart.Shell.Streams.Error.Count | Should -Be 0
            Get-Tree $sample.Folder | Should -BeExactly $before
        } finally {
            $apart.Shell.Dispose()
        }
    }
}

Describe 'A long run' -Tag Slow {
    BeforeAll {
        $sample = New-Sample SPG
        $unit = [IO.File]::ReadAllBytes("$PSScriptRoot/../fixtures/spg/restore/rec.wal")
        $block = [byte[]]::new($unit.Length * 8192)
        for ($i = 0; $i -lt 8192; $i++) {
            [Array]::Copy($unit, 0, $block, $i * $unit.Length, $unit.Length)
        }
        # More than 1 GB of sound frames: a second or more of work also on a fast machine.
        $log = [IO.File]::Create("$($sample.Native)/db/shop.wal")
        for ($i = 0; $i -lt 300; $i++) {
            $log.Write($block)
        }
        $log.Dispose()
        $source = ConvertTo-NativePath $sample.Source
        $destination = ConvertTo-NativePath $sample.Destination
    }

    AfterEach {
        Remove-Item -LiteralPath $destination -Recurse -Force -ErrorAction Ignore
    }

    It 'is stopped at moment <_> within a second and leaves nothing' -ForEach 1, 2, 3 {
        $apart = Start-Apart {
            param($Source, $Destination)
            New-FullBackup -LiteralPath $Source -DestinationPath $Destination
        } $source, $destination
        try {
            Start-Sleep -Milliseconds (150 * $_)
            $clock = [Diagnostics.Stopwatch]::StartNew()
            $apart.Shell.Stop()
            $took = $clock.Elapsed.TotalSeconds
            $apart.Shell.InvocationStateInfo.State | Should -Be 'Stopped' -Because 'the run must be longer than this test waits'
            $took | Should -BeLessThan 1
            Test-Path -LiteralPath $destination | Should -BeFalse
        } finally {
            $apart.Shell.Dispose()
        }
    }

    It 'shows sampled progress by bytes, and takes every bar away' {
        $apart = Start-Apart {
            param($Source, $Destination)
            New-FullBackup -LiteralPath $Source -DestinationPath $Destination
        } $source, $destination
        try {
            $clock = [Diagnostics.Stopwatch]::StartNew()
            $null = $apart.Shell.EndInvoke($apart.Run)
            $seconds = $clock.Elapsed.TotalSeconds
            $records = $apart.Shell.Streams.Progress.Where({ $_.Activity -ne 'Preparing modules for first use.' })
            $seconds | Should -BeGreaterThan 0.7 -Because 'the run must be long enough to show progress'
            $running = $records.Where({ $_.RecordType -eq 'Processing' })
            $root = $running.Where({ $_.ParentActivityId -lt 0 })
            $root.Count | Should -BeGreaterThan 0
            $root.Count | Should -BeLessOrEqual (5 * $seconds + 1)
            $root.Where({ $_.PercentComplete -gt 0 }).Count | Should -BeGreaterThan 0
            $root[-1].StatusDescription | Should -Match ' of '
            foreach ($id in $running.ActivityId | Sort-Object -Unique) {
                $records.Where({ $_.ActivityId -eq $id })[-1].RecordType | Should -Be 'Completed'
            }
        } finally {
            $apart.Shell.Dispose()
        }
    }
}
