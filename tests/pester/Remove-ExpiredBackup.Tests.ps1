#Requires -Version 7.6
BeforeAll {
    . "$PSScriptRoot/Support.ps1"
    $command = 'BackupTools.PowerShell.Commands.RemoveExpiredBackupCommand'

    # Two chains: a full and two increments, and after that a full alone.
    function New-ChainPair {
        $sample = New-SampleChain SPG
        $sample.Bundles += New-FullBackup -LiteralPath $sample.Source -DestinationPath $sample.Destination
        $sample
    }

    function Get-Name([psobject] $Sample) {
        (Get-BackupChain -LiteralPath $Sample.Destination).Bundles.Name | Sort-Object
    }
}

Describe 'Remove-ExpiredBackup' {
    BeforeEach {
        $sample = New-ChainPair
        $names = $sample.Bundles.Name
    }

    Context 'what it removes' {
        It 'is what no rule keeps' {
            $report = Remove-ExpiredBackup -LiteralPath $sample.Destination -KeepLast 1 -PassThru -Confirm:$false
            $report | Should -BeOfType BackupTools.Reports.ExpiryReport
            $report.RemovedCount | Should -Be 3
            $report.KeptCount | Should -Be 1
            $report.RemovedLength | Should -Be ($sample.Bundles[0..2] | Measure-Object -Property Length -Sum).Sum
            $report.IsPlan | Should -BeFalse
            Get-Name $sample | Should -Be $names[3]
        }

        It 'is never what a kept bundle builds on' {
            Remove-ExpiredBackup -LiteralPath $sample.Destination -KeepLast 2 -Confirm:$false
            Get-Name $sample | Should -Be ($names | Sort-Object)
        }

        It 'is nothing with rules that keep everything: <Name>' -ForEach @(
            @{ Name = 'KeepWithin'; Value = [timespan] '1.00:00' }
            @{ Name = 'KeepLast'; Value = 4 }
        ) {
            $rule = @{ $Name = $Value }
            (Remove-ExpiredBackup -LiteralPath $sample.Destination @rule -PassThru -Confirm:$false).RemovedCount | Should -Be 0
        }

        It 'is decided by the newest of each period: <_>' -ForEach 'KeepDaily', 'KeepWeekly', 'KeepMonthly', 'KeepYearly' {
            $rule = @{ $_ = 1 }
            Remove-ExpiredBackup -LiteralPath $sample.Destination @rule -Confirm:$false
            Get-Name $sample | Should -Be $names[3]
        }

        It 'is less when rules are combined' {
            $plan = Remove-ExpiredBackup -LiteralPath $sample.Destination -KeepLast 2 -KeepDaily 1 -KeepYearly 3 -PassThru -WhatIf
            $plan.Decisions.Where({ $_.FullName -eq $sample.Bundles[3].FullName }).Reasons | Should -Contain 'last 1'
            ($plan.Decisions.Where({ $_.FullName -eq $sample.Bundles[3].FullName }).Reasons -match '^daily|^yearly').Count | Should -Be 2
        }

        It 'is not the newest restore point, but with -Force' {
            Remove-ExpiredBackup -LiteralPath $sample.Destination -KeepLast 0 -Confirm:$false
            Get-Name $sample | Should -Be $names[3]
            Remove-ExpiredBackup -LiteralPath $sample.Destination -KeepLast 0 -Force -Confirm:$false
            Get-ChildItem -LiteralPath $sample.Destination | Should -BeNullOrEmpty
        }

        It 'is nothing of a broken chain' {
            Remove-Item -LiteralPath $sample.Bundles[1].FullName
            Remove-ExpiredBackup -LiteralPath $sample.Destination -KeepLast 1 -Confirm:$false -ErrorAction SilentlyContinue -ErrorVariable failed
            $failed.FullyQualifiedErrorId | Should -Be 'ChainGap,BackupTools.PowerShell.Commands.RemoveExpiredBackupCommand'
            Get-Name $sample | Should -Contain $names[2] -Because 'its missing link may come back'
        }

        It 'is decided beside an error for each thing that is wrong' {
            Set-TextFile -LiteralPath "$($sample.Destination)/a-20260101T000000000Z-full.bkp" -Value 'half'
            $report = Remove-ExpiredBackup -LiteralPath $sample.Destination -KeepLast 9 -PassThru -Confirm:$false -ErrorAction SilentlyContinue -ErrorVariable failed
            $failed | Should -HaveCount 1
            $failed[0].FullyQualifiedErrorId | Should -BeLike '*,BackupTools.PowerShell.Commands.RemoveExpiredBackupCommand'
            $failed[0].TargetObject | Should -BeLike '*a-20260101T000000000Z-full.bkp'
            $report.Problems | Should -HaveCount 1
            $report.RemovedCount | Should -Be 0
        }

        It 'is nothing that is no bundle' {
            Set-TextFile -LiteralPath "$($sample.Destination)/notes.txt" -Value 'precious'
            Remove-ExpiredBackup -LiteralPath $sample.Destination -KeepLast 0 -Force -Confirm:$false
            Get-Content -LiteralPath "$($sample.Destination)/notes.txt" | Should -Be 'precious'
        }

        It 'leaves a folder that is valid' {
            Remove-ExpiredBackup -LiteralPath $sample.Destination -KeepLast 1 -Confirm:$false
            (Test-BackupChain -LiteralPath $sample.Destination -Deep).IsValid | Should -BeTrue
        }
    }

    Context 'what it takes' {
        It 'chains from the pipeline: only they lose bundles' {
            $chains = Get-BackupChain -LiteralPath $sample.Destination
            $report = $chains[1] | Remove-ExpiredBackup -KeepLast 0 -PassThru -Confirm:$false
            $report.RemovedCount | Should -Be 0 -Because 'it is the newest restore point'
            $report.Decisions.Count | Should -Be 1
            $report = $chains[0] | Remove-ExpiredBackup -KeepLast 1 -PassThru -Confirm:$false
            $report.RemovedCount | Should -Be 3
            Get-Name $sample | Should -Be $names[3]
        }

        It 'several chains of one folder in one go' {
            $report = Get-BackupChain -LiteralPath $sample.Destination | Remove-ExpiredBackup -KeepLast 1 -PassThru -Confirm:$false
            @($report).Count | Should -Be 1
            $report.RemovedCount | Should -Be 3
        }

        It 'a folder and a string from the pipeline' {
            (Get-Item -LiteralPath $sample.Destination | Remove-ExpiredBackup -KeepLast 1 -PassThru -WhatIf).RemovedCount | Should -Be 3
            Set-Location -LiteralPath $sample.Folder
            try {
                ('b' | Remove-ExpiredBackup -KeepLast 1 -PassThru -WhatIf).RemovedCount | Should -Be 3
            } finally {
                Set-Location -LiteralPath $PSScriptRoot
            }
        }

        It 'a chain that went through Export-Clixml' {
            $file = "$(New-TestFolder)/chain.xml"
            @(Get-BackupChain -LiteralPath $sample.Destination)[0] | Export-Clixml -LiteralPath $file
            (Import-Clixml -LiteralPath $file | Remove-ExpiredBackup -KeepLast 1 -PassThru -Confirm:$false).RemovedCount | Should -Be 3
        }
    }

    Context 'what it says' {
        It 'is nothing without -PassThru' {
            Remove-ExpiredBackup -LiteralPath $sample.Destination -KeepLast 1 -Confirm:$false | Should -BeNullOrEmpty
        }

        It 'is one decision per bundle, with reasons, that becomes JSON' {
            $report = Remove-ExpiredBackup -LiteralPath $sample.Destination -KeepLast 1 -PassThru -WhatIf
            $report.IsPlan | Should -BeTrue
            $copy = $report | ConvertTo-Json -Depth 4 | ConvertFrom-Json
            $copy.Decisions.Count | Should -Be 4
            $copy.Decisions.Where({ -not $_.Keep }).Reasons | Sort-Object -Unique | Should -Be 'no rule keeps it'
        }

        It 'is shown in views' {
            $report = Remove-ExpiredBackup -LiteralPath $sample.Destination -KeepLast 1 -PassThru -WhatIf
            $report | Out-String -Width 300 | Should -Match "remove.*$([regex]::Escape($names[0])): no rule keeps it"
            $report.Decisions | Out-String -Width 300 | Should -Match 'REMOVE'
        }
    }

    Context 'consent' {
        It 'does not ask about nothing, and -WhatIf still shows that plan' {
            $command = "Remove-ExpiredBackup -LiteralPath '$(ConvertTo-NativePath $sample.Destination)' -KeepLast 9"
            $run = Invoke-Apart "$command -InformationAction Continue; $command -WhatIf; `$WhatIfPreference = `$true; $command"
            "$($run.Output)" | Should -Match '0 bundle\(s\) removed'
            ([regex]::Matches("$($run.Output)", 'What if: ')).Count | Should -Be 2
        }

        It '-WhatIf removes nothing' {
            $before = Get-Tree $sample.Destination
            Remove-ExpiredBackup -LiteralPath $sample.Destination -KeepLast 1 -WhatIf
            Get-Tree $sample.Destination | Should -BeExactly $before
        }

        It '-WhatIf prints of every bundle why it is kept or goes' -Tag Slow {
            $run = Invoke-Apart "Remove-ExpiredBackup -LiteralPath '$($sample.Native)/b' -KeepLast 1 -WhatIf"
            $run.Output | Should -Match "keep +Full +$([regex]::Escape($names[3])): last 1"
            foreach ($name in $names[0..2]) {
                $run.Output | Should -Match "remove +\w+ +$([regex]::Escape($name)): no rule keeps it"
            }
        }

        It 'asks without being told to: where nobody can answer nothing is removed' -Tag Slow {
            $run = Invoke-Apart "Remove-ExpiredBackup -LiteralPath '$($sample.Native)/b' -KeepLast 1 -ErrorAction Stop"
            $run.ExitCode | Should -Not -Be 0
            Get-Name $sample | Should -Be ($names | Sort-Object)
        }
    }

    Context 'what it refuses' {
        It 'to run without a rule' {
            Remove-ExpiredBackup -LiteralPath $sample.Destination -Confirm:$false -ErrorVariable errors -ErrorAction SilentlyContinue
            $errors[0].FullyQualifiedErrorId | Should -BeExactly "InvalidOption,$command"
            $errors[0].ErrorDetails.RecommendedAction | Should -Match '-KeepLast'
            Get-Name $sample | Should -Be ($names | Sort-Object)
        }

        It 'a negative number' {
            { Remove-ExpiredBackup -LiteralPath $sample.Destination -KeepDaily -1 -Confirm:$false } | Should -Throw -ErrorId 'ParameterArgumentValidationError*'
        }

        It 'a negative span' {
            Remove-ExpiredBackup -LiteralPath $sample.Destination -KeepWithin '-1.00:00' -Confirm:$false -ErrorVariable errors -ErrorAction SilentlyContinue
            $errors[0].FullyQualifiedErrorId | Should -BeExactly "InvalidOption,$command"
        }

        It 'a chain that is not there' {
            Remove-ExpiredBackup -LiteralPath $sample.Destination -ChainId ffffffffffff -KeepLast 1 -Confirm:$false -ErrorVariable errors -ErrorAction SilentlyContinue
            $errors[0].FullyQualifiedErrorId | Should -BeExactly "ChainNotFound,$command"
        }

        It 'a folder that is missing, and goes on with the next' {
            $report = Remove-ExpiredBackup -LiteralPath "$($sample.Folder)/none", $sample.Destination -KeepLast 1 -PassThru -Confirm:$false -ErrorVariable errors -ErrorAction SilentlyContinue
            $errors[0].FullyQualifiedErrorId | Should -BeExactly "PathNotFound,$command"
            $report.RemovedCount | Should -Be 3
        }
    }
}
