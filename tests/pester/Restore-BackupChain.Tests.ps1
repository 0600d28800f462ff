#Requires -Version 7.6
BeforeDiscovery {
    . "$PSScriptRoot/Engines.ps1"
    $engines = @(Get-EngineCase)
}

BeforeAll {
    . "$PSScriptRoot/Support.ps1"
    $command = 'BackupTools.PowerShell.Commands.RestoreBackupChainCommand'
}

Describe 'Restore-BackupChain of <Engine>' -ForEach $engines {
    BeforeAll {
        $sample = New-SampleChain $Engine
        $bundles = Get-Tree $sample.Destination
        $applied = $Chains -eq 1 ? $sample.Bundles : @($sample.Bundles[2])
    }

    BeforeEach {
        $target = New-TestFolder
        $restored = "$target/r/$Restored"
    }

    AfterEach {
        Get-Tree $sample.Destination | Should -BeExactly $bundles -Because 'restoring only reads the bundles'
    }

    Context 'what it restores' {
        It 'is the newest state by default' {
            $report = Restore-BackupChain -LiteralPath $sample.Destination -DestinationPath $restored
            $report | Should -BeOfType BackupTools.Reports.RestoreReport
            $report.EndPosition | Should -Be $EndAt[2]
            $report.FullName | Should -Be (ConvertTo-NativePath $restored)
            $report.Bundles | Should -Be $applied.FullName
            Test-RestoredState $sample 2 $restored | Should -BeTrue
        }

        It 'is the newest state with -Latest' {
            $null = Restore-BackupChain -LiteralPath $sample.Destination -DestinationPath $restored -Latest
            Test-RestoredState $sample 2 $restored | Should -BeTrue
        }

        It 'is state <_> with -ToPosition' -ForEach 0, 1, 2 {
            $report = Restore-BackupChain -LiteralPath $sample.Destination -DestinationPath $restored -ToPosition $EndAt[$_]
            $report.EndPosition | Should -Be $EndAt[$_]
            Test-RestoredState $sample $_ $restored | Should -BeTrue
        }

        It 'is the newest state not later than -PointInTime' {
            $null = Restore-BackupChain -LiteralPath $sample.Destination -DestinationPath $restored -PointInTime $sample.Bundles[2].CreatedUtc
            Test-RestoredState $sample 2 $restored | Should -BeTrue
        }

        It 'is the newest state of all with a warning that names its time, when -PointInTime is behind it' {
            # Several snapshots of Alopex within a second are dated a little ahead.
            while ([datetime]::UtcNow -le $sample.Bundles[2].CreatedUtc) {
                Start-Sleep -Milliseconds 50
            }
            $null = Restore-BackupChain -LiteralPath $sample.Destination -DestinationPath $restored -PointInTime ([datetime]::UtcNow) -WarningVariable told -WarningAction SilentlyContinue
            "$told" | Should -Match ([regex]::Escape($sample.Bundles[2].CreatedUtc.ToString('yyyy-MM-ddTHH:mm:ssZ', [cultureinfo]::InvariantCulture)))
            Test-RestoredState $sample 2 $restored | Should -BeTrue
        }

        It 'goes into a folder that is given with a separator at its end: <_>' -ForEach ($IsWindows ? @('/', '\') : '/') {
            $folder = Split-Path -Path $restored -Parent
            $report = Restore-BackupChain -LiteralPath $sample.Destination -DestinationPath "$folder$_"
            Split-Path -Path $report.FullName -Parent | Should -Be (ConvertTo-NativePath $folder)
            Test-RestoredState $sample 2 $report.FullName | Should -BeTrue
        }

        It 'is nothing for a time that has not come' {
            { Restore-BackupChain -LiteralPath $sample.Destination -DestinationPath $restored -PointInTime ([datetime]::UtcNow.AddHours(1)) -ErrorAction Stop } |
                Should -Throw -ErrorId 'TargetNotCovered,*'
            Test-Path -LiteralPath $restored | Should -BeFalse
        }

        if ([IO.Path]::GetExtension($Restored) -eq '') {
            It 'is all that -Force replaces in a data folder: the rest stays and is named with -Verbose' {
                $null = Restore-BackupChain -LiteralPath $sample.Destination -DestinationPath $restored -ToPosition $EndAt[0]
                Set-TextFile -LiteralPath "$restored/notes.txt" -Value 'precious'
                $said = Restore-BackupChain -LiteralPath $sample.Destination -DestinationPath $restored -Force -Verbose 4>&1
                Get-Content -LiteralPath "$restored/notes.txt" | Should -Be 'precious'
                @($said) -like '*notes.txt is not part of the database and stays' | Should -HaveCount 1
                Remove-Item -LiteralPath "$restored/notes.txt"
                Test-RestoredState $sample 2 $restored | Should -BeTrue
            }
        }

        It 'names every file that it wrote' {
            $report = Restore-BackupChain -LiteralPath $sample.Destination -DestinationPath $restored
            foreach ($file in $report.Files) {
                Test-Path -LiteralPath $file | Should -BeTrue
            }
            $report.Length | Should -BeGreaterThan 0
        }

        It 'says which rows came back, where the engine counts them' {
            $report = Restore-BackupChain -LiteralPath $sample.Destination -DestinationPath $restored -Deep
            $counted = $report.Tables.ForEach({ "$_" })
            $counted.Count | Should -Be ($Engine -eq 'SQLite' ? $report.Tables.Count : 0)
            $Engine -eq 'SQLite' | Should -Be ($counted.Count -gt 0)
            $shown = ($report | Format-List | Out-String -Width 200) -split '\r?\n'
            foreach ($table in $counted) {
                $shown.Where({ $_.EndsWith($table) }).Count | Should -Be 1
            }
        }

        It 'is what -Deep checked' {
            $null = Restore-BackupChain -LiteralPath $sample.Destination -DestinationPath $restored -Deep
            Test-RestoredState $sample 2 $restored | Should -BeTrue
        }

        It 'leaves nothing beside itself' {
            $report = Restore-BackupChain -LiteralPath $sample.Destination -DestinationPath $restored
            $there = Get-ChildItem -LiteralPath "$target/r" -Force
            foreach ($item in $there) {
                $report.Files.Where({ $_ -eq $item.FullName -or $_.StartsWith($item.FullName + [IO.Path]::DirectorySeparatorChar) }) | Should -Not -BeNullOrEmpty -Because "$item is not one of Files"
            }
        }
    }

    Context 'what it takes' {
        It 'a chain from the pipeline' {
            $null = Get-SampleChain $sample 2 | Restore-BackupChain -DestinationPath $restored
            Test-RestoredState $sample 2 $restored | Should -BeTrue
        }

        It 'a chain from the pipeline with -ToPosition' {
            $null = Get-SampleChain $sample 1 | Restore-BackupChain -DestinationPath $restored -ToPosition $EndAt[1]
            Test-RestoredState $sample 1 $restored | Should -BeTrue
        }

        It 'a chain that went through Export-Clixml' {
            $file = "$target/chain.xml"
            Get-SampleChain $sample 2 | Export-Clixml -LiteralPath $file
            $null = Import-Clixml -LiteralPath $file | Restore-BackupChain -DestinationPath $restored
            Test-RestoredState $sample 2 $restored | Should -BeTrue
        }

        It 'a folder from the pipeline' {
            $null = Get-Item -LiteralPath $sample.Destination | Restore-BackupChain -DestinationPath $restored
            Test-RestoredState $sample 2 $restored | Should -BeTrue
        }

        It 'a string from the pipeline' {
            Set-Location -LiteralPath $sample.Folder
            try {
                $null = 'b' | Restore-BackupChain -DestinationPath $restored
            } finally {
                Set-Location -LiteralPath $PSScriptRoot
            }
            Test-RestoredState $sample 2 $restored | Should -BeTrue
        }

        It 'the id of the chain' {
            $chain = Get-SampleChain $sample 2
            $null = Restore-BackupChain -LiteralPath $sample.Destination -ChainId $chain.ChainId -DestinationPath $restored
            Test-RestoredState $sample 2 $restored | Should -BeTrue
        }
    }

    Context 'what it refuses' {
        It 'a destination that exists' {
            $null = Restore-BackupChain -LiteralPath $sample.Destination -DestinationPath $restored
            $before = Get-Tree $target
            Restore-BackupChain -LiteralPath $sample.Destination -DestinationPath $restored -ToPosition $EndAt[1] -ErrorVariable errors -ErrorAction SilentlyContinue
            $errors[0].FullyQualifiedErrorId | Should -BeExactly "DestinationExists,$command"
            $errors[0].CategoryInfo.Category | Should -Be 'ResourceExists'
            $errors[0].ErrorDetails.RecommendedAction | Should -Match '-Force'
            Get-Tree $target | Should -BeExactly $before
        }

        It 'to replace with -Force what is no such database' {
            $null = New-Item -Path "$target/r" -ItemType Directory
            Set-TextFile -LiteralPath $restored -Value 'precious'
            $before = Get-Tree $target
            Restore-BackupChain -LiteralPath $sample.Destination -DestinationPath $restored -Force -ErrorVariable errors -ErrorAction SilentlyContinue
            $errors[0].FullyQualifiedErrorId | Should -BeExactly "DestinationNotRecognised,$command"
            Get-Tree $target | Should -BeExactly $before
        }

        It 'a position that the chain does not cover' {
            Restore-BackupChain -LiteralPath $sample.Destination -DestinationPath $restored -ToPosition 999999 -ErrorVariable errors -ErrorAction SilentlyContinue
            $errors[0].FullyQualifiedErrorId | Should -BeExactly "TargetNotCovered,$command"
            Get-Tree $target | Should -BeNullOrEmpty
        }

        It 'a time before the chain began' {
            Restore-BackupChain -LiteralPath $sample.Destination -DestinationPath $restored -PointInTime '2001-01-01T00:00:00Z' -ErrorVariable errors -ErrorAction SilentlyContinue
            $errors[0].FullyQualifiedErrorId | Should -BeExactly "TargetNotCovered,$command"
            Get-Tree $target | Should -BeNullOrEmpty
        }

        It 'a destination inside the bundles' {
            Restore-BackupChain -LiteralPath $sample.Destination -DestinationPath "$($sample.Destination)/r" -ErrorVariable errors -ErrorAction SilentlyContinue
            $errors[0].FullyQualifiedErrorId | Should -BeExactly "DestinationOverlapsSource,$command"
        }

        It 'two chains for one destination, before anything is restored' {
            $chain = Get-BackupChain -LiteralPath $sample.Destination
            { $chain, $chain | Restore-BackupChain -DestinationPath $restored } | Should -Throw -ErrorId "ChainIsAmbiguous,$command"
            Get-Tree $target | Should -BeNullOrEmpty
        }

        It 'a folder that is missing' {
            Restore-BackupChain -LiteralPath "$target/none" -DestinationPath $restored -ErrorVariable errors -ErrorAction SilentlyContinue
            $errors[0].FullyQualifiedErrorId | Should -BeExactly "PathNotFound,$command"
        }

        It 'a destination in another provider, at once' {
            { Restore-BackupChain -LiteralPath $sample.Destination -DestinationPath env:x -ErrorAction SilentlyContinue } |
                Should -Throw -ErrorId "ProviderNotSupported,$command"
        }
    }

    Context '-Force' {
        It 'replaces a database of the same engine' {
            $null = Restore-BackupChain -LiteralPath $sample.Destination -DestinationPath $restored -ToPosition $EndAt[1]
            Test-RestoredState $sample 1 $restored | Should -BeTrue
            $null = Restore-BackupChain -LiteralPath $sample.Destination -DestinationPath $restored -Force
            Test-RestoredState $sample 2 $restored | Should -BeTrue
        }
    }

    Context '-WhatIf' {
        It 'leaves nothing' {
            Restore-BackupChain -LiteralPath $sample.Destination -DestinationPath $restored -WhatIf | Should -BeNullOrEmpty
            Get-Tree $target | Should -BeNullOrEmpty
        }

        It 'prints the chain, the bundles and the target' -Tag Slow {
            $run = Invoke-Apart "Restore-BackupChain -LiteralPath '$(ConvertTo-NativePath $sample.Destination)' -DestinationPath '$(ConvertTo-NativePath $restored)' -WhatIf"
            $run.Output | Should -Match "What if: $Engine restore of chain"
            foreach ($bundle in $applied) {
                $run.Output | Should -Match ([regex]::Escape($bundle.Name))
            }
        }

        It 'needs no answer when Confirm is set to false for it' {
            $PSDefaultParameterValues['Restore-BackupChain:Confirm'] = $false
            try {
                $null = Restore-BackupChain -LiteralPath $sample.Destination -DestinationPath $restored
            } finally {
                $PSDefaultParameterValues.Clear()
            }
            Test-RestoredState $sample 2 $restored | Should -BeTrue
        }
    }

    Context 'in the background' {
        It '-AsJob ends with the report' {
            $job = Restore-BackupChain -LiteralPath $sample.Destination -DestinationPath $restored -AsJob
            try {
                ($job | Receive-Job -Wait).EndPosition | Should -Be $EndAt[2]
                $job.State | Should -Be 'Completed'
                $job.Location | Should -Be (ConvertTo-NativePath $restored)
                Test-RestoredState $sample 2 $restored | Should -BeTrue
            } finally {
                $job | Remove-Job -Force
            }
        }

        It '-AsJob twice to one destination: one restores, the other fails with a reason' {
            # Both may have planned before either began: the run itself must look again.
            $jobs = 1..2 | ForEach-Object -Process {
                Restore-BackupChain -LiteralPath $sample.Destination -DestinationPath $restored -AsJob -ErrorVariable +errors -ErrorAction SilentlyContinue
            }
            try {
                $null = $jobs | Wait-Job
                @($jobs).Where({ $_.State -eq 'Completed' }).Count | Should -Be 1
                $reasons = @($jobs).Where({ $_.State -eq 'Failed' }).ForEach({ $_.JobStateInfo.Reason.Code }) + @($errors).ForEach({ $_.Exception.Code })
                @($reasons).Count | Should -Be 1
                $reasons[0] | Should -BeIn 'DestinationExists', 'BackupRunning'
                Test-RestoredState $sample 2 $restored | Should -BeTrue
            } finally {
                $jobs | Remove-Job -Force
            }
        }
    }

    Context 'with a damaged bundle' {
        It 'restores nothing and says where the damage is' {
            $copy = New-TestFolder
            Copy-Item -Path "$([WildcardPattern]::Escape((ConvertTo-NativePath $sample.Destination)))/*" -Destination (ConvertTo-NativePath $copy) -Recurse -Force
            $last = (Get-BackupChain -LiteralPath $copy).Bundles[2]
            Set-Damage $last.FullName
            Restore-BackupChain -LiteralPath $copy -DestinationPath $restored -ErrorVariable errors -ErrorAction SilentlyContinue
            @($errors).Count | Should -Be 1
            $errors[0].CategoryInfo.Category | Should -Be 'InvalidData'
            $errors[0].Exception.FullName | Should -BeLike "$(ConvertTo-NativePath $copy)*".Replace('[', '`[').Replace(']', '`]')
            Get-Tree $target | Should -BeNullOrEmpty
        }
    }
}
