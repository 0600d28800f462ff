#Requires -Version 7.6
BeforeDiscovery {
    . "$PSScriptRoot/Engines.ps1"
    $engines = @(Get-EngineCase)
}

BeforeAll {
    . "$PSScriptRoot/Support.ps1"
    $command = 'BackupTools.PowerShell.Commands.NewFullBackupCommand'
}

Describe 'New-FullBackup of <Engine>' -ForEach $engines {
    BeforeEach {
        $sample = New-Sample $Engine
        $before = Get-Tree $sample.Folder
    }

    Context 'what it gives back' {
        It 'is the bundle that is then on disk' {
            $bundle = New-FullBackup -LiteralPath $sample.Source -DestinationPath $sample.Destination
            $bundle | Should -BeOfType BackupTools.Reports.BundleInfo
            $bundle.Engine | Should -BeExactly $Engine
            $bundle.Kind | Should -BeExactly 'Full'
            $bundle.PositionUnit | Should -BeExactly $Unit
            $bundle.EndPosition | Should -Be $EndAt[0]
            $bundle.CreatedUtc.Kind | Should -Be 'Utc'
            $bundle.Length | Should -BeOfType long
            Test-Path -LiteralPath $bundle.FullName | Should -BeTrue
            [IO.Path]::IsPathRooted($bundle.FullName) | Should -BeTrue
            "$bundle" | Should -Be $bundle.FullName
        }

        It 'has a PSPath that other cmdlets bind' {
            $bundle = New-FullBackup -LiteralPath $sample.Source -DestinationPath $sample.Destination
            ($bundle | Get-Item -Force).FullName | Should -Be $bundle.FullName
            $bundle.PSPath | Should -BeLike 'Microsoft.PowerShell.Core\FileSystem::*'
        }

        It 'leaves the source as it was' {
            $null = New-FullBackup -LiteralPath $sample.Source -DestinationPath $sample.Destination
            Remove-Item -LiteralPath $sample.Destination -Recurse -Force
            Get-Tree $sample.Folder $Beside | Should -BeExactly $before
        }

        It 'becomes JSON without a loss' {
            $bundle = New-FullBackup -LiteralPath $sample.Source -DestinationPath $sample.Destination
            $copy = $bundle | ConvertTo-Json -Depth 4 | ConvertFrom-Json -DateKind Utc
            foreach ($name in 'Engine', 'Kind', 'StartPosition', 'EndPosition', 'PositionUnit', 'Length', 'FullName', 'Id', 'Checksum') {
                $copy.$name | Should -Be $bundle.$name -Because $name
            }
            $copy.CreatedUtc | Should -Be $bundle.CreatedUtc
        }

        It 'is one line in the information stream, tagged' {
            $null = New-FullBackup -LiteralPath $sample.Source -DestinationPath $sample.Destination -InformationVariable facts
            @($facts).Count | Should -Be 1
            $facts[0].Tags | Should -Contain 'BackupTools'
        }

        It 'comes with its story under -Verbose' {
            $story = New-FullBackup -LiteralPath $sample.Source -DestinationPath $sample.Destination -Verbose 4>&1 |
                Where-Object -FilterScript { $_ -is [System.Management.Automation.VerboseRecord] }
            "$story" | Should -Match 'capturing'
            "$story" | Should -Match 'published'
        }
    }

    Context 'what it takes' {
        It 'a string from the pipeline' {
            Set-Location -LiteralPath "$($sample.Folder)/db"
            try {
                (([WildcardPattern]::Escape($Source)) | New-FullBackup -DestinationPath ../b).Kind | Should -Be 'Full'
            } finally {
                Set-Location -LiteralPath $PSScriptRoot
            }
            Test-Path -LiteralPath $sample.Destination | Should -BeTrue
        }

        It 'an item from the pipeline, whatever its name' {
            (Get-Item -LiteralPath $sample.Source | New-FullBackup -DestinationPath $sample.Destination).Kind | Should -Be 'Full'
        }

        It 'a path with wildcards' {
            Set-Location -LiteralPath "$($sample.Folder)/db"
            try {
                (New-FullBackup -Path ($Source -replace '^.', '?') -DestinationPath ../b).Kind | Should -Be 'Full'
            } finally {
                Set-Location -LiteralPath $PSScriptRoot
            }
        }

        It 'the name of the engine in any case' {
            $bundle = New-FullBackup -LiteralPath $sample.Source -DestinationPath $sample.Destination -Engine $Engine.ToLowerInvariant()
            $bundle.Engine | Should -BeExactly $Engine
        }

        It 'a provider-qualified path' {
            $path = "Microsoft.PowerShell.Core\FileSystem::$(ConvertTo-NativePath $sample.Source)"
            (New-FullBackup -LiteralPath $path -DestinationPath $sample.Destination).Kind | Should -Be 'Full'
        }

        It 'a ThrottleLimit from $PSDefaultParameterValues' {
            $PSDefaultParameterValues['*-FullBackup:ThrottleLimit'] = 1
            try {
                (New-FullBackup -LiteralPath $sample.Source -DestinationPath $sample.Destination).Kind | Should -Be 'Full'
            } finally {
                $PSDefaultParameterValues.Clear()
            }
        }
    }

    Context 'what it refuses' {
        It '-Path with wildcard characters that also exists literally' {
            New-FullBackup -Path $sample.Source -DestinationPath $sample.Destination -ErrorVariable errors -ErrorAction SilentlyContinue
            $errors[0].FullyQualifiedErrorId | Should -BeExactly "PathIsAmbiguous,$command"
            $errors[0].ErrorDetails.RecommendedAction | Should -Match '-LiteralPath'
            Get-Tree $sample.Folder | Should -BeExactly $before
        }

        It 'a source that is missing' {
            $missing = "$($sample.Folder)/db/missing.db"
            New-FullBackup -LiteralPath $missing -DestinationPath $sample.Destination -ErrorVariable errors -ErrorAction SilentlyContinue
            $errors[0].FullyQualifiedErrorId | Should -BeExactly "PathNotFound,$command"
            $errors[0].CategoryInfo.Category | Should -Be 'ObjectNotFound'
            $errors[0].TargetObject | Should -Be (ConvertTo-NativePath $missing)
            $errors[0].Exception | Should -BeOfType BackupTools.Errors.BackupException
            Get-Tree $sample.Folder | Should -BeExactly $before
        }

        It 'a source that is no database' {
            Set-TextFile -LiteralPath "$($sample.Folder)/db/notes.txt" -Value 'hello'
            New-FullBackup -LiteralPath "$($sample.Folder)/db/notes.txt" -DestinationPath $sample.Destination -ErrorVariable errors -ErrorAction SilentlyContinue
            $errors[0].FullyQualifiedErrorId | Should -BeExactly "SourceNotRecognised,$command"
            Test-Path -LiteralPath $sample.Destination | Should -BeFalse
        }

        It 'a source of another engine' {
            $other = ('SQLite', 'SPG', 'Grafeo', 'Alopex', 'PowDB').Where({ $_ -ne $Engine })[0]
            New-FullBackup -LiteralPath $sample.Source -DestinationPath $sample.Destination -Engine $other -ErrorVariable errors -ErrorAction SilentlyContinue
            # An engine that this build does not have yet is unknown.
            $errors[0].FullyQualifiedErrorId | Should -BeIn "SourceNotRecognised,$command", "UnknownEngine,$command"
            Get-Tree $sample.Folder | Should -BeExactly $before
        }

        It 'a source in another provider' {
            New-FullBackup -LiteralPath env:PATH -DestinationPath $sample.Destination -ErrorVariable errors -ErrorAction SilentlyContinue
            $errors[0].FullyQualifiedErrorId | Should -BeExactly "ProviderNotSupported,$command"
        }

        It 'a destination in another provider, at once' {
            { New-FullBackup -LiteralPath $sample.Source -DestinationPath env:nowhere -ErrorAction SilentlyContinue } |
                Should -Throw -ErrorId "ProviderNotSupported,$command"
        }

        It 'an address as a source, and one with a password as a destination' {
            New-FullBackup -LiteralPath s3://bucket/x.db -DestinationPath $sample.Destination -ErrorVariable errors -ErrorAction SilentlyContinue
            $errors[0].FullyQualifiedErrorId | Should -BeExactly "ProviderNotSupported,$command"
            { New-FullBackup -LiteralPath $sample.Source -DestinationPath s3://user:secret@bucket/x -ErrorAction SilentlyContinue } |
                Should -Throw -ErrorId "ProviderNotSupported,$command"
        }

        It 'a destination on a drive that does not exist, at once' {
            { New-FullBackup -LiteralPath $sample.Source -DestinationPath nodrive:/b -ErrorAction SilentlyContinue } |
                Should -Throw -ErrorId "PathNotFound,$command"
        }

        It 'a destination that is the source' {
            New-FullBackup -LiteralPath $sample.Source -DestinationPath $sample.Source -ErrorVariable errors -ErrorAction SilentlyContinue
            $errors[0].FullyQualifiedErrorId | Should -BeExactly "DestinationOverlapsSource,$command"
            Get-Tree $sample.Folder | Should -BeExactly $before
        }

        It 'a destination that is a file' {
            Set-TextFile -LiteralPath $sample.Destination -Value 'x'
            New-FullBackup -LiteralPath $sample.Source -DestinationPath $sample.Destination -ErrorVariable errors -ErrorAction SilentlyContinue
            $errors[0].FullyQualifiedErrorId | Should -BeExactly "DestinationExists,$command"
            $errors[0].CategoryInfo.Category | Should -Be 'ResourceExists'
        }

        It 'an engine that it does not know' {
            { New-FullBackup -LiteralPath $sample.Source -DestinationPath $sample.Destination -Engine Oracle -ErrorAction Stop } |
                Should -Throw -ErrorId "UnknownEngine,$command" -ExpectedMessage '*Oracle*'
        }

        It 'only the bad one of several sources' {
            $missing = "$($sample.Folder)/db/missing.db"
            $bundles = New-FullBackup -LiteralPath $missing, $sample.Source -DestinationPath $sample.Destination -ErrorVariable errors -ErrorAction SilentlyContinue
            @($bundles).Count | Should -Be 1
            @($errors).Count | Should -Be 1
        }

        It 'with an exception under -ErrorAction Stop' {
            { New-FullBackup -LiteralPath "$($sample.Folder)/none" -DestinationPath $sample.Destination -ErrorAction Stop } |
                Should -Throw -ErrorId "PathNotFound,$command"
        }
    }

    Context '-WhatIf' {
        It 'leaves nothing, not even the destination folder' {
            New-FullBackup -LiteralPath $sample.Source -DestinationPath $sample.Destination -WhatIf | Should -BeNullOrEmpty
            Get-Tree $sample.Folder | Should -BeExactly $before
        }

        It 'prints the real plan' -Tag Slow {
            $run = Invoke-Apart "New-FullBackup -LiteralPath '$(ConvertTo-NativePath $sample.Source)' -DestinationPath '$(ConvertTo-NativePath $sample.Destination)' -WhatIf"
            $run.ExitCode | Should -Be 0
            $run.Output | Should -Match "What if: $Engine full backup of"
            $run.Output | Should -Match 'read .* bytes'
            $run.Output | Should -Match 'write '
        }

        It 'finds out what the real run would refuse' {
            New-FullBackup -LiteralPath "$($sample.Folder)/none" -DestinationPath $sample.Destination -WhatIf -ErrorVariable errors -ErrorAction SilentlyContinue
            $errors[0].FullyQualifiedErrorId | Should -BeExactly "PathNotFound,$command"
        }
    }

    Context 'elsewhere than in the pipeline' {
        It '-AsJob returns a job that ends with the bundle' {
            $job = New-FullBackup -LiteralPath $sample.Source -DestinationPath $sample.Destination -AsJob
            try {
                $job | Should -BeOfType BackupTools.PowerShell.Pipeline.BackupJob
                $job.PSJobTypeName | Should -Be 'BackupJob'
                $job.Location | Should -Be (ConvertTo-NativePath $sample.Destination)
                $bundle = $job | Receive-Job -Wait
                $job.State | Should -Be 'Completed'
                $bundle.Kind | Should -Be 'Full'
                Test-Path -LiteralPath $bundle.FullName | Should -BeTrue
            } finally {
                $job | Remove-Job -Force
            }
        }

        It '-AsJob is listed by Get-Job and gone after Remove-Job' {
            $job = New-FullBackup -LiteralPath $sample.Source -DestinationPath $sample.Destination -AsJob
            Get-Job -Id $job.Id | Should -Be $job
            $null = $job | Wait-Job
            $job | Remove-Job
            Get-Job | Where-Object -Property Id -EQ -Value $job.Id | Should -BeNullOrEmpty
        }

        It '-AsJob plans first: a wrong source fails at once and starts no job' {
            $count = @(Get-Job).Count
            New-FullBackup -LiteralPath "$($sample.Folder)/none" -DestinationPath $sample.Destination -AsJob -ErrorVariable errors -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
            $errors[0].FullyQualifiedErrorId | Should -BeExactly "PathNotFound,$command"
            @(Get-Job).Count | Should -Be $count
        }

        It '-AsJob -WhatIf starts no job' {
            New-FullBackup -LiteralPath $sample.Source -DestinationPath $sample.Destination -AsJob -WhatIf | Should -BeNullOrEmpty
            Get-Tree $sample.Folder | Should -BeExactly $before
        }

        It 'works in Start-ThreadJob' {
            $manifest = $env:BACKUPTOOLS_MANIFEST
            $source = ConvertTo-NativePath $sample.Source
            $destination = ConvertTo-NativePath $sample.Destination
            $bundle = Start-ThreadJob -ScriptBlock {
                Import-Module -Name ([WildcardPattern]::Escape($using:manifest))
                New-FullBackup -LiteralPath $using:source -DestinationPath $using:destination
            } | Receive-Job -Wait -AutoRemoveJob
            $bundle | Should -BeOfType BackupTools.Reports.BundleInfo
        }

        It 'works in ForEach-Object -Parallel' {
            $manifest = $env:BACKUPTOOLS_MANIFEST
            $source = ConvertTo-NativePath $sample.Source
            $destination = ConvertTo-NativePath $sample.Destination
            $bundles = 1..3 | ForEach-Object -Parallel {
                Import-Module -Name ([WildcardPattern]::Escape($using:manifest))
                New-FullBackup -LiteralPath $using:source -DestinationPath "$using:destination/$_"
            }
            @($bundles).Count | Should -Be 3
            @($bundles.FullName | Sort-Object -Unique).Count | Should -Be 3
        }

        It 'gives a copy from Start-Job that our cmdlets still take' -Tag Slow {
            $source = ConvertTo-NativePath $sample.Source
            $destination = ConvertTo-NativePath $sample.Destination
            $copy = Start-Job -ScriptBlock {
                Import-Module -Name ([WildcardPattern]::Escape($using:env:BACKUPTOOLS_MANIFEST))
                New-FullBackup -LiteralPath $using:source -DestinationPath $using:destination
            } | Receive-Job -Wait -AutoRemoveJob
            $copy.PSObject.TypeNames | Should -Contain 'Deserialized.BackupTools.Reports.BundleInfo'
            ($copy | Get-BundleHeader).Id | Should -Be $copy.Id
        }
    }
}
