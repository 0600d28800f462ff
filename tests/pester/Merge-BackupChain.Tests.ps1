#Requires -Version 7.6
BeforeDiscovery {
    . "$PSScriptRoot/Engines.ps1"
    $engines = @(Get-EngineCase)
}

BeforeAll {
    . "$PSScriptRoot/Support.ps1"
    $command = 'BackupTools.PowerShell.Commands.MergeBackupChainCommand'
}

Describe 'Merge-BackupChain of <Engine>' -ForEach $engines {
    BeforeAll {
        $sample = New-SampleChain $Engine
        $bundles = Get-Tree $sample.Destination
    }

    BeforeEach {
        $target = New-TestFolder
        $merged = "$target/m"
        $restored = "$target/r/$Restored"
    }

    AfterEach {
        Get-Tree $sample.Destination | Should -BeExactly $bundles -Because 'the originals stay'
    }

    Context 'what it makes' {
        It 'is the fewest bundles, which restore to the newest state' {
            $bundle = Merge-BackupChain -LiteralPath $sample.Destination -DestinationPath $merged
            $bundle | Should -BeOfType BackupTools.Reports.BundleInfo
            $bundle.Kind | Should -BeExactly $Merges
            @($bundle)[-1].EndPosition | Should -Be $EndAt[2]
            $null = Restore-BackupChain -LiteralPath $merged -DestinationPath $restored
            Test-RestoredState $sample 2 $restored | Should -BeTrue
        }

        It 'is state <_> with -ToPosition' -ForEach 0, 1, 2 {
            $bundle = Merge-BackupChain -LiteralPath $sample.Destination -DestinationPath $merged -ToPosition $EndAt[$_]
            @($bundle)[-1].EndPosition | Should -Be $EndAt[$_]
            $null = Restore-BackupChain -LiteralPath $merged -DestinationPath $restored
            Test-RestoredState $sample $_ $restored | Should -BeTrue
        }

        It 'is dated like the state that it holds' {
            $bundle = Merge-BackupChain -LiteralPath $sample.Destination -DestinationPath $merged -PointInTime $sample.Bundles[1].CreatedUtc
            @($bundle)[-1].CreatedUtc | Should -Be $sample.Bundles[1].CreatedUtc
        }

        It 'is a valid chain of its own' {
            $bundle = Merge-BackupChain -LiteralPath $sample.Destination -DestinationPath $merged
            $report = Test-BackupChain -LiteralPath $merged -Deep
            $report.IsValid | Should -BeTrue
            $report.ChainId | Should -Be ($bundle.ChainId | Sort-Object -Unique)
        }

        It 'is what increments go on from' {
            $null = Merge-BackupChain -LiteralPath $sample.Destination -DestinationPath $merged -ToPosition $EndAt[1]
            $next = New-IncrementalBackup -LiteralPath $sample.Source -DestinationPath $merged
            $next.StartPosition | Should -Be ($Kinds[1] -eq 'Full' ? $EndAt[2] : $EndAt[1])
            $null = Restore-BackupChain -LiteralPath $merged -DestinationPath $restored
            Test-RestoredState $sample 2 $restored | Should -BeTrue
        }

        It 'is all there is in the folder' {
            $bundle = Merge-BackupChain -LiteralPath $sample.Destination -DestinationPath $merged
            $chain = Get-BackupChain -LiteralPath $merged
            $chain.ChainId | Should -Be ($bundle.ChainId | Sort-Object -Unique)
            $chain.Bundles.Kind | Should -Be $Merges
            $chain.Bundles.Id | Should -Be $bundle.Id
            $names = (Get-ChildItem -LiteralPath $merged -Force).Name | Where-Object -FilterScript { $_ -notlike '*.lock' -and $_ -notin $Markers }
            # A destination of several databases has a folder for each.
            $native = ConvertTo-NativePath $merged
            $names | Should -Be $chain.Bundles.FullName.ForEach({ [IO.Path]::GetRelativePath($native, $_).Split([IO.Path]::DirectorySeparatorChar)[0] })
        }
    }

    Context 'what it takes' {
        It 'a chain from the pipeline' {
            @(Get-SampleChain $sample 2 | Merge-BackupChain -DestinationPath $merged)[-1].EndPosition | Should -Be $EndAt[2]
        }

        It 'a chain that went through Export-Clixml' {
            Get-SampleChain $sample 2 | Export-Clixml -LiteralPath "$target/chain.xml"
            @(Import-Clixml -LiteralPath "$target/chain.xml" | Merge-BackupChain -DestinationPath $merged)[-1].EndPosition | Should -Be $EndAt[2]
        }

        It 'a folder from the pipeline' {
            @(Get-Item -LiteralPath $sample.Destination | Merge-BackupChain -DestinationPath $merged)[-1].EndPosition | Should -Be $EndAt[2]
        }

        It 'a string from the pipeline, relative to the location' {
            Set-Location -LiteralPath $sample.Folder
            try {
                @('b' | Merge-BackupChain -DestinationPath $merged)[-1].EndPosition | Should -Be $EndAt[2]
            } finally {
                Set-Location -LiteralPath $PSScriptRoot
            }
        }
    }

    Context 'what it gives on' {
        It 'an object that Get-BundleHeader and Get-Item find' {
            $bundle = Merge-BackupChain -LiteralPath $sample.Destination -DestinationPath $merged
            ($bundle | Get-BundleHeader).Id | Should -Be $bundle.Id
            ($bundle | Get-Item).FullName | Should -Be $bundle.FullName
        }

        It 'one line of facts for each bundle on the information stream' {
            $null = Merge-BackupChain -LiteralPath $sample.Destination -DestinationPath $merged -InformationVariable facts
            @($facts).Count | Should -Be $Merges.Count
            $facts[0].Tags | Should -Contain 'BackupTools'
        }
    }

    Context 'what it refuses' {
        It 'a position that the chain does not cover' {
            Merge-BackupChain -LiteralPath $sample.Destination -DestinationPath $merged -ToPosition 999999 -ErrorVariable errors -ErrorAction SilentlyContinue
            $errors[0].FullyQualifiedErrorId | Should -BeExactly "TargetNotCovered,$command"
            Test-Path -LiteralPath $merged | Should -BeFalse
        }

        It 'a folder that is missing, and goes on with the next' {
            $bundle = Merge-BackupChain -LiteralPath "$target/none", $sample.Destination -DestinationPath $merged -ErrorVariable errors -ErrorAction SilentlyContinue
            $errors[0].FullyQualifiedErrorId | Should -BeExactly "PathNotFound,$command"
            @($bundle).Count | Should -Be $Merges.Count
        }

        It 'a chain that is not there' {
            Merge-BackupChain -LiteralPath $sample.Destination -ChainId ffffffffffff -DestinationPath $merged -ErrorVariable errors -ErrorAction SilentlyContinue
            $errors[0].FullyQualifiedErrorId | Should -BeExactly "ChainNotFound,$command"
        }

        It 'a destination in another provider, at once' {
            { Merge-BackupChain -LiteralPath $sample.Destination -DestinationPath env:x -ErrorAction SilentlyContinue } |
                Should -Throw -ErrorId "ProviderNotSupported,$command"
        }

        It 'a damaged bundle, and leaves nothing' {
            Copy-Item -Path "$([WildcardPattern]::Escape((ConvertTo-NativePath $sample.Destination)))/*" -Destination (ConvertTo-NativePath $target) -Recurse -Force
            Set-Damage (Get-BackupChain -LiteralPath $target).Bundles[2].FullName
            $before = Get-Tree $target
            Merge-BackupChain -LiteralPath $target -DestinationPath $merged -ErrorVariable errors -ErrorAction SilentlyContinue
            $errors[0].CategoryInfo.Category | Should -Be 'InvalidData'
            Get-Tree $target | Should -BeExactly $before
        }
    }

    Context 'consent and jobs' {
        It '-WhatIf leaves nothing' {
            Merge-BackupChain -LiteralPath $sample.Destination -DestinationPath $merged -WhatIf | Should -BeNullOrEmpty
            Test-Path -LiteralPath $merged | Should -BeFalse
        }

        It '-WhatIf prints the bundles that would be read' -Tag Slow {
            $run = Invoke-Apart "Merge-BackupChain -LiteralPath '$(ConvertTo-NativePath $sample.Destination)' -DestinationPath '$(ConvertTo-NativePath $merged)' -WhatIf"
            foreach ($bundle in ($Chains -eq 1 ? $sample.Bundles : $sample.Bundles[2])) {
                $run.Output | Should -Match ([regex]::Escape($bundle.Name))
            }
        }

        It '-AsJob ends with the bundle' {
            $job = Merge-BackupChain -LiteralPath $sample.Destination -DestinationPath $merged -AsJob
            try {
                @($job | Receive-Job -Wait)[-1].EndPosition | Should -Be $EndAt[2]
                $job.State | Should -Be 'Completed'
                $job.Location | Should -Be (ConvertTo-NativePath $merged)
            } finally {
                $job | Remove-Job -Force
            }
        }
    }
}

Describe 'Merge-BackupChain into the folder of the chain' {
    It 'makes the chain that is continued, beside the old one' {
        $sample = New-SampleChain SPG
        $bundle = Merge-BackupChain -LiteralPath $sample.Destination -DestinationPath $sample.Destination -ToPosition $sample.Bundles[1].EndPosition
        $chains = Get-BackupChain -LiteralPath $sample.Destination
        @($chains).Count | Should -Be 2
        $chains.ChainId | Should -Contain $bundle.ChainId
        ($chains | Test-BackupChain).IsValid | Should -Be $true, $true
    }
}
