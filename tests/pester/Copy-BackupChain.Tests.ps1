#Requires -Version 7.6
BeforeDiscovery {
    . "$PSScriptRoot/Engines.ps1"
    $engines = @(Get-EngineCase)
}

BeforeAll {
    . "$PSScriptRoot/Support.ps1"
    $command = 'BackupTools.PowerShell.Commands.CopyBackupChainCommand'
}

Describe 'Copy-BackupChain of <Engine>' -ForEach $engines {
    BeforeAll {
        $sample = New-SampleChain $Engine
        $bundles = Get-Tree $sample.Destination
    }

    BeforeEach {
        $target = New-TestFolder
        $second = "$target/second"
    }

    AfterEach {
        Get-Tree $sample.Destination | Should -BeExactly $bundles -Because 'copying only reads'
    }

    Context 'the first time' {
        It 'copies every bundle with its id' {
            $report = Copy-BackupChain -LiteralPath $sample.Destination -DestinationPath $second
            $report | Should -BeOfType BackupTools.Reports.CopyReport
            $report.Copied.Id | Should -Be $sample.Bundles.Id
            $report.PresentCount | Should -Be 0
            $report.FullName | Should -Be (ConvertTo-NativePath $second)
            $report.SourceFullName | Should -Be (ConvertTo-NativePath $sample.Destination)
            # Windows keeps no holes: what is copied there takes its whole length.
            $counted = $IsWindows ? $report.Copied : $sample.Bundles
            $report.Length | Should -Be ($counted | Measure-Object -Property Length -Sum).Sum
        }

        It 'makes a chain with the same id, that restores to the same' {
            $null = Copy-BackupChain -LiteralPath $sample.Destination -DestinationPath $second
            (Get-BackupChain -LiteralPath $second).ChainId | Should -Be (Get-BackupChain -LiteralPath $sample.Destination).ChainId
            $null = Restore-BackupChain -LiteralPath $second -DestinationPath "$target/r/$Restored"
            Test-RestoredState $sample 2 "$target/r/$Restored" | Should -BeTrue
        }

        It 'copies the same bytes' {
            $null = Copy-BackupChain -LiteralPath $sample.Destination -DestinationPath $second
            # A marker that holds the folder's own path differs.
            Get-Tree $second 'latest' | Should -BeExactly (Get-Tree $sample.Destination 'latest')
        }

        It 'says nothing of validity without -Verify, and true with it' {
            (Copy-BackupChain -LiteralPath $sample.Destination -DestinationPath $second).IsValid | Should -BeNullOrEmpty
            (Copy-BackupChain -LiteralPath $sample.Destination -DestinationPath $second -Verify).IsValid | Should -BeTrue
        }
    }

    Context 'again' {
        BeforeAll {
            # A destination of several databases has a folder for each.
            function Get-CopyPath([int] $Number) {
                $from = ConvertTo-NativePath $sample.Destination
                Join-Path -Path (ConvertTo-NativePath $second) -ChildPath ([IO.Path]::GetRelativePath($from, $sample.Bundles[$Number].FullName))
            }
        }

        BeforeEach {
            $null = Copy-BackupChain -LiteralPath $sample.Destination -DestinationPath $second
        }

        It 'copies nothing when nothing is new' {
            $before = Get-Tree $second
            $report = Copy-BackupChain -LiteralPath $sample.Destination -DestinationPath $second
            $report.Copied | Should -BeNullOrEmpty
            $report.PresentCount | Should -Be 3
            Get-Tree $second | Should -BeExactly $before
        }

        It 'copies only what is missing' {
            Remove-Item -LiteralPath (Get-CopyPath 2) -Recurse -Force
            $report = Copy-BackupChain -LiteralPath $sample.Destination -DestinationPath $second
            $report.Copied.Id | Should -Be $sample.Bundles[2].Id
            $report.PresentCount | Should -Be 2
        }

        It 'brings back a bundle that is gone from the middle or the end of the copy' {
            foreach ($gone in $sample.Bundles[1, 2].Name) {
                $bundle = (Get-BundleHeader -LiteralPath $second).Where({ $_.Name -eq $gone })[0]
                Remove-Item -LiteralPath $bundle.FullName -Recurse -Force
                $report = Copy-BackupChain -LiteralPath $sample.Destination -DestinationPath $second -ErrorAction Stop
                $report.Copied.Name | Should -BeExactly $gone
                (Test-BackupChain -LiteralPath $second).IsValid | Should -Not -Contain $false
                @(Get-BackupChain -LiteralPath $second -ErrorAction Stop).ChainId | Should -Be (Get-BackupChain -LiteralPath $sample.Destination).ChainId
            }
            $null = Restore-BackupChain -LiteralPath $second -DestinationPath "$target/r/$Restored" -ErrorAction Stop
            Test-RestoredState $sample 2 "$target/r/$Restored" | Should -BeTrue
        }

        It 'finds with -Verify what was damaged in the copy, and says so as an error' {
            Set-Damage (Get-CopyPath 1)
            $report = Copy-BackupChain -LiteralPath $sample.Destination -DestinationPath $second -Verify -ErrorVariable errors -ErrorAction SilentlyContinue
            $report.IsValid | Should -BeFalse
            $report.Problems.Code | Should -Contain 'ChecksumMismatch'
            $errors[0].FullyQualifiedErrorId | Should -BeExactly "ChecksumMismatch,$command"
        }
    }

    Context 'what it takes' {
        It 'a chain from the pipeline' {
            (Get-BackupChain -LiteralPath $sample.Destination | Copy-BackupChain -DestinationPath $second).Copied.Count | Should -Be 3
        }

        It 'a chain that went through Export-Clixml' {
            Get-BackupChain -LiteralPath $sample.Destination | Export-Clixml -LiteralPath "$target/chain.xml"
            (Import-Clixml -LiteralPath "$target/chain.xml" | Copy-BackupChain -DestinationPath $second).Copied.Count | Should -Be 3
        }

        It 'a folder and a string from the pipeline' {
            (Get-Item -LiteralPath $sample.Destination | Copy-BackupChain -DestinationPath $second).Copied.Count | Should -Be 3
            Set-Location -LiteralPath $sample.Folder
            try {
                ('b' | Copy-BackupChain -DestinationPath $second).PresentCount | Should -Be 3
            } finally {
                Set-Location -LiteralPath $PSScriptRoot
            }
        }

        It 'the id of a chain' {
            $chain = Get-SampleChain $sample 2
            (Copy-BackupChain -LiteralPath $sample.Destination -ChainId $chain.ChainId -DestinationPath $second).Copied.Count | Should -Be (3 / $Chains)
        }
    }

    Context 'what it gives on' {
        It 'an object that our own cmdlets take, and that becomes JSON' {
            $report = Copy-BackupChain -LiteralPath $sample.Destination -DestinationPath $second
            ($report | Test-BackupChain).IsValid | Should -BeTrue
            ($report | ConvertTo-Json -Depth 4 | ConvertFrom-Json).Copied.Count | Should -Be 3
        }

        It 'whole copies, also when cut short with Select-Object -First' {
            $report = Copy-BackupChain -LiteralPath $sample.Destination, $sample.Destination -DestinationPath $second | Select-Object -First 1
            $report.Copied.Count | Should -Be 3
            (Test-BackupChain -LiteralPath $second).IsValid | Should -BeTrue
        }

        It 'the same from a job of another process' -Tag Slow {
            $run = Invoke-Apart "Start-Job { Import-Module -Name '$([WildcardPattern]::Escape($env:BACKUPTOOLS_MANIFEST))'; Get-BackupChain -LiteralPath '$(ConvertTo-NativePath $sample.Destination)' } | Receive-Job -Wait | Copy-BackupChain -DestinationPath '$(ConvertTo-NativePath $second)' | ForEach-Object { `$_.Copied.Count }"
            ($run.Output -split "`n" | Measure-Object -Sum).Sum | Should -Be 3
        }
    }

    Context 'what it refuses' {
        It 'a copy into itself' {
            Copy-BackupChain -LiteralPath $sample.Destination -DestinationPath "$($sample.Destination)/c" -ErrorVariable errors -ErrorAction SilentlyContinue
            $errors[0].FullyQualifiedErrorId | Should -BeExactly "DestinationOverlapsSource,$command"
        }

        It 'a folder that is missing, and one without bundles' {
            Copy-BackupChain -LiteralPath "$target/none", $target -DestinationPath $second -ErrorVariable errors -ErrorAction SilentlyContinue
            $errors[0].FullyQualifiedErrorId | Should -BeExactly "PathNotFound,$command"
            $errors[1].FullyQualifiedErrorId | Should -BeExactly "DestinationOverlapsSource,$command"
        }

        It 'a chain that is not there' {
            Copy-BackupChain -LiteralPath $sample.Destination -ChainId ffffffffffff -DestinationPath $second -ErrorVariable errors -ErrorAction SilentlyContinue
            $errors[0].FullyQualifiedErrorId | Should -BeExactly "ChainNotFound,$command"
            Test-Path -LiteralPath $second | Should -BeFalse
        }

        It 'to copy damage: what precedes it is there, and is a valid chain' {
            $damaged = "$target/damaged"
            $null = [IO.Directory]::CreateDirectory((ConvertTo-NativePath $damaged))
            Copy-Item -Path "$([WildcardPattern]::Escape((ConvertTo-NativePath $sample.Destination)))/*" -Destination (ConvertTo-NativePath $damaged) -Recurse -Force
            Set-Damage (Get-BackupChain -LiteralPath $damaged).Bundles[2].FullName
            $copy = Copy-BackupChain -LiteralPath $damaged -DestinationPath $second -ErrorVariable errors -ErrorAction SilentlyContinue
            $copy.IsValid | Should -BeFalse
            $copy.Copied.Count | Should -Be 2
            $errors[0].CategoryInfo.Category | Should -Be 'InvalidData'
            $reports = @(Test-BackupChain -LiteralPath $second)
            $reports.IsValid | Should -Not -Contain $false
            $reports[-1].EndPosition | Should -Be $EndAt[1]
        }
    }

    Context 'consent and jobs' {
        It '-WhatIf leaves nothing' {
            Copy-BackupChain -LiteralPath $sample.Destination -DestinationPath $second -WhatIf | Should -BeNullOrEmpty
            Test-Path -LiteralPath $second | Should -BeFalse
        }

        It '-AsJob ends with the report' {
            $job = Copy-BackupChain -LiteralPath $sample.Destination -DestinationPath $second -AsJob
            try {
                ($job | Receive-Job -Wait).Copied.Count | Should -Be 3
                $job.State | Should -Be 'Completed'
            } finally {
                $job | Remove-Job -Force
            }
        }

        It 'one line of facts on the information stream' {
            $null = Copy-BackupChain -LiteralPath $sample.Destination -DestinationPath $second -InformationVariable facts
            @($facts).Count | Should -Be 1
        }
    }
}
