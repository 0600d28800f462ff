#Requires -Version 7.6
BeforeDiscovery {
    . "$PSScriptRoot/Engines.ps1"
    $engines = @(Get-EngineCase)
}

BeforeAll {
    . "$PSScriptRoot/Support.ps1"
    $command = 'BackupTools.PowerShell.Commands.NewIncrementalBackupCommand'
}

Describe 'New-IncrementalBackup of <Engine>' -ForEach $engines {
    BeforeEach {
        $sample = New-Sample $Engine
        $full = New-FullBackup -LiteralPath $sample.Source -DestinationPath $sample.Destination
        Set-SampleState $sample 1
        $before = Get-Tree $sample.Folder
        # A bundle that is whole in itself starts where it ends.
        $from = $Kinds[1] -eq 'Full' ? $EndAt[1] : $full.EndPosition
        $common = @{ LiteralPath = $sample.Source; DestinationPath = $sample.Destination }
    }

    Context 'what it continues' {
        It 'is the newest bundle by default' {
            $first = New-IncrementalBackup @common
            Set-SampleState $sample 2
            $second = New-IncrementalBackup @common
            $first.Kind | Should -BeExactly $Kinds[1]
            $first.StartPosition | Should -Be $from
            $first.EndPosition | Should -Be $EndAt[1]
            $second.EndPosition | Should -Be $EndAt[2]
            if ($Chains -eq 1) {
                $second.StartPosition | Should -Be $first.EndPosition
                $second.ChainId | Should -Be $first.ChainId
            }
        }

        It 'is the position of -Since' {
            (New-IncrementalBackup @common -Since $full.EndPosition).StartPosition | Should -Be $from
        }

        It 'is the position of -Since as text' {
            (New-IncrementalBackup @common -Since "$($full.EndPosition)").StartPosition | Should -Be $from
        }

        It 'is the bundle of -Since' {
            (New-IncrementalBackup @common -Since $full).StartPosition | Should -Be $from
        }

        It 'is the bundle of -Since as a path' {
            (New-IncrementalBackup @common -Since $full.FullName).StartPosition | Should -Be $from
        }

        It 'is the bundle of -Since as an item' {
            (New-IncrementalBackup @common -Since (Get-Item -LiteralPath $full.FullName)).StartPosition | Should -Be $from
        }

        It 'is the bundle of -Since as a deserialized copy' {
            $copy = [System.Management.Automation.PSSerializer]::Deserialize([System.Management.Automation.PSSerializer]::Serialize($full))
            (New-IncrementalBackup @common -Since $copy).StartPosition | Should -Be $from
        }

        if ($Chains -eq 1) {
            It 'is the chain of -ChainId' {
                $chain = Get-BackupChain -LiteralPath $sample.Destination
                (New-IncrementalBackup @common -ChainId $chain.ChainId).ChainId | Should -Be $chain.ChainId
            }
        }
    }

    Context 'what it takes' {
        It 'an item from the pipeline' {
            (Get-Item -LiteralPath $sample.Source | New-IncrementalBackup -DestinationPath $sample.Destination).Kind | Should -Be $Kinds[1]
        }

        It 'a string from the pipeline' {
            Set-Location -LiteralPath "$($sample.Folder)/db"
            try {
                ($Source | New-IncrementalBackup -DestinationPath ../b).Kind | Should -Be $Kinds[1]
            } finally {
                Set-Location -LiteralPath $PSScriptRoot
            }
        }
    }

    Context 'what it refuses' {
        It 'a destination without a full' {
            New-IncrementalBackup -LiteralPath $sample.Source -DestinationPath "$($sample.Folder)/empty" -ErrorVariable errors -ErrorAction SilentlyContinue
            $errors[0].FullyQualifiedErrorId | Should -BeExactly "NoFullBackup,$command"
            $errors[0].CategoryInfo.Category | Should -Be 'ObjectNotFound'
            Get-Tree $sample.Folder | Should -BeExactly $before
        }

        It 'a source that is missing' {
            New-IncrementalBackup -LiteralPath "$($sample.Folder)/none" -DestinationPath $sample.Destination -ErrorVariable errors -ErrorAction SilentlyContinue
            $errors[0].FullyQualifiedErrorId | Should -BeExactly "PathNotFound,$command"
            Get-Tree $sample.Folder | Should -BeExactly $before
        }

        It 'a chain that is not there' {
            New-IncrementalBackup @common -ChainId 'ffffffffffff' -ErrorVariable errors -ErrorAction SilentlyContinue
            $errors[0].FullyQualifiedErrorId | Should -BeExactly "ChainNotFound,$command"
            Get-Tree $sample.Folder | Should -BeExactly $before
        }

        It 'a bundle of -Since that is missing' {
            New-IncrementalBackup @common -Since "$($sample.Folder)/none.bkp" -ErrorVariable errors -ErrorAction SilentlyContinue
            @($errors).Count | Should -Be 1
            $errors[0].FullyQualifiedErrorId | Should -BeLike "*,$command"
            $errors[0].Exception | Should -BeOfType BackupTools.Errors.BackupException
            Get-Tree $sample.Folder | Should -BeExactly $before
        }

        It 'a position that lies beyond the end' {
            New-IncrementalBackup @common -Since 999999999 -ErrorVariable errors -ErrorAction SilentlyContinue
            @($errors).Count | Should -Be 1
            $errors[0].Exception.Kind | Should -Be 'Chain'
            Get-Tree $sample.Folder | Should -BeExactly $before
        }

        It '<_> as a position' -ForEach 1.5, (-1), '-1', '1,5', $true {
            { New-IncrementalBackup @common -Since $_ } | Should -Throw -ErrorId "ParameterArgumentTransformationError,$command" -ExpectedMessage '*PositionIsInvalid*'
            Get-Tree $sample.Folder | Should -BeExactly $before
        }

        It '-FullIfNeeded together with <_>' -ForEach @{ Since = 0 }, @{ ChainId = 'ffffffffffff' } {
            New-IncrementalBackup @common @_ -FullIfNeeded -ErrorVariable errors -ErrorAction SilentlyContinue
            $errors[0].FullyQualifiedErrorId | Should -BeExactly "InvalidOption,$command"
            Get-Tree $sample.Folder | Should -BeExactly $before
        }

        It '-Since together with -Differential' {
            { New-IncrementalBackup @common -Since 0 -Differential } | Should -Throw -ErrorId "AmbiguousParameterSet,$command"
        }
    }

    Context '-FullIfNeeded' {
        BeforeEach {
            $first = @{ LiteralPath = $sample.Source; DestinationPath = "$($sample.Folder)/first"; FullIfNeeded = $true }
        }

        It 'takes a full on the first run with a warning, and an increment on the next without' {
            # Grafeo's full of an open database is two bundles.
            $made = @(New-IncrementalBackup @first -WarningVariable warnings -WarningAction SilentlyContinue)
            $made[0].Kind | Should -BeExactly 'Full'
            @($warnings -match 'instead of an increment').Count | Should -Be 1
            Set-SampleState $sample 2
            $next = New-IncrementalBackup @first -WarningVariable warnings -WarningAction SilentlyContinue
            $next.Kind | Should -BeExactly $Kinds[1]
            # SQLite has no position of its own: a backup is one more.
            $next.EndPosition | Should -Be ($Unit -eq 'Txid' ? $made[0].EndPosition + 1 : $EndAt[2])
            @($warnings -match 'instead of an increment').Count | Should -Be 0
        }

        It 'says with -WhatIf that it would be a full, and leaves nothing' -Tag Slow {
            $run = Invoke-Apart "New-IncrementalBackup -LiteralPath '$(ConvertTo-NativePath $sample.Source)' -DestinationPath '$(ConvertTo-NativePath $first.DestinationPath)' -FullIfNeeded -WhatIf"
            $run.Output | Should -Match "What if: $Engine full backup of"
            $run.Output | Should -Match 'instead of an increment'
            Get-Tree $sample.Folder | Should -BeExactly $before
        }
    }

    Context '-WhatIf' {
        It 'leaves nothing' {
            New-IncrementalBackup @common -WhatIf | Should -BeNullOrEmpty
            Get-Tree $sample.Folder | Should -BeExactly $before
        }

        It 'prints on what it builds' -Tag Slow {
            $run = Invoke-Apart "New-IncrementalBackup -LiteralPath '$(ConvertTo-NativePath $sample.Source)' -DestinationPath '$(ConvertTo-NativePath $sample.Destination)' -WhatIf"
            $run.Output | Should -Match "What if: $Engine incremental backup of"
            $run.Output | Should -Match "since .*$([regex]::Escape($full.Name))"
        }
    }

    Context 'in the background' {
        It '-AsJob ends with the increment' {
            $job = New-IncrementalBackup @common -AsJob
            try {
                ($job | Receive-Job -Wait).Kind | Should -Be $Kinds[1]
                $job.State | Should -Be 'Completed'
            } finally {
                $job | Remove-Job -Force
            }
        }
    }
}

Describe 'What only some engines know' {
    BeforeEach {
        $sample = New-Sample SPG
        $before = Get-Tree $sample.Folder
    }

    It '<_> is refused for SPG' -ForEach 'IncludeWal', 'NoCursor', 'EngineLayout' {
        $option = @{ $_ = $true }
        New-FullBackup -LiteralPath $sample.Source -DestinationPath $sample.Destination @option -ErrorVariable errors -ErrorAction SilentlyContinue
        $errors[0].FullyQualifiedErrorId | Should -BeExactly 'InvalidOption,BackupTools.PowerShell.Commands.NewFullBackupCommand'
        $errors[0].CategoryInfo.Category | Should -Be 'InvalidArgument'
        Get-Tree $sample.Folder | Should -BeExactly $before
    }

    It 'ForgetDestination is refused for SPG' {
        New-FullBackup -LiteralPath $sample.Source -DestinationPath $sample.Destination -ForgetDestination old -ErrorVariable errors -ErrorAction SilentlyContinue
        $errors[0].FullyQualifiedErrorId | Should -BeExactly 'InvalidOption,BackupTools.PowerShell.Commands.NewFullBackupCommand'
        $errors[0].Exception.Message | Should -BeExactly 'SPG has no option -ForgetDestination'
    }

    It 'Differential is refused for SPG' {
        $null = New-FullBackup -LiteralPath $sample.Source -DestinationPath $sample.Destination
        New-IncrementalBackup -LiteralPath $sample.Source -DestinationPath $sample.Destination -Differential -ErrorVariable errors -ErrorAction SilentlyContinue
        $errors[0].FullyQualifiedErrorId | Should -BeExactly "InvalidOption,$command"
    }

    It 'WalPath names the log of an SPG database' {
        $native = ConvertTo-NativePath $sample.Folder
        [IO.File]::Move("$native/db/shop.wal", "$native/db/other.log")
        $bundle = New-FullBackup -LiteralPath $sample.Source -WalPath "$($sample.Folder)/db/other.log" -DestinationPath $sample.Destination
        $bundle.Kind | Should -Be 'Full'
    }
}
