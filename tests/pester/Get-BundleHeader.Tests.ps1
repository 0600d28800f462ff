#Requires -Version 7.6
BeforeDiscovery {
    . "$PSScriptRoot/Engines.ps1"
    $engines = @(Get-EngineCase)
}

BeforeAll {
    . "$PSScriptRoot/Support.ps1"
    $command = 'BackupTools.PowerShell.Commands.GetBundleHeaderCommand'
}

Describe 'Get-BundleHeader of <Engine>' -ForEach $engines {
    BeforeAll {
        $sample = New-SampleChain $Engine
        $before = Get-Tree $sample.Folder
    }

    AfterEach {
        Get-Tree $sample.Folder | Should -BeExactly $before -Because 'reading writes nothing'
    }

    Context 'what it takes' {
        It 'a folder' {
            $headers = Get-BundleHeader -LiteralPath $sample.Destination
            $headers.Id | Sort-Object | Should -Be ($sample.Bundles.Id | Sort-Object)
        }

        It 'a folder, whose bundles come in the order in which they were taken' {
            (Get-BundleHeader -LiteralPath $sample.Destination).EndPosition | Should -Be $EndAt
        }

        It 'one bundle' {
            $header = Get-BundleHeader -LiteralPath $sample.Bundles[1].FullName
            @($header).Count | Should -Be 1
            $header.Id | Should -Be $sample.Bundles[1].Id
        }

        It 'an array of bundles' {
            @(Get-BundleHeader -LiteralPath $sample.Bundles.FullName).Count | Should -Be 3
        }

        It 'the folder and everything in it, each bundle once' {
            $headers = Get-ChildItem -LiteralPath $sample.Folder -Recurse | Get-BundleHeader
            $headers.Id | Sort-Object | Should -Be ($sample.Bundles.Id | Sort-Object)
        }

        It 'its own objects' {
            ($sample.Bundles | Get-BundleHeader).Id | Should -Be $sample.Bundles.Id
        }

        It 'deserialized copies' {
            $copies = [System.Management.Automation.PSSerializer]::Deserialize([System.Management.Automation.PSSerializer]::Serialize($sample.Bundles))
            ($copies | Get-BundleHeader).Id | Should -Be $sample.Bundles.Id
        }

        It 'strings from the pipeline' {
            Set-Location -LiteralPath $sample.Folder
            try {
                @('b' | Get-BundleHeader).Count | Should -Be 3
                @('b', 'b' | Get-BundleHeader).Count | Should -Be 3
            } finally {
                Set-Location -LiteralPath $PSScriptRoot
            }
        }

        It 'wildcards, skipping what is no bundle' {
            Set-Location -LiteralPath $sample.Folder
            try {
                @(Get-BundleHeader -Path 'b/*', 'd*/*' -ErrorAction Stop).Count | Should -Be 3
            } finally {
                Set-Location -LiteralPath $PSScriptRoot
            }
        }

        It 'only the bundles of one engine' {
            @(Get-BundleHeader -LiteralPath $sample.Destination -Engine $Engine).Count | Should -Be 3
        }
    }

    Context 'what it gives back' {
        It 'equals what taking the bundle gave' {
            $header = Get-BundleHeader -LiteralPath $sample.Bundles[1].FullName
            foreach ($name in 'Engine', 'Kind', 'StartPosition', 'EndPosition', 'PositionUnit', 'CreatedUtc', 'Length', 'Name', 'FullName', 'Format', 'Id', 'ParentId', 'Checksum', 'Series') {
                $header.$name | Should -Be $sample.Bundles[1].$name -Because $name
            }
        }

        It 'says nothing about bytes that it did not read' {
            (Get-BundleHeader -LiteralPath $sample.Destination).IsValid | Where-Object -FilterScript { $null -ne $_ } | Should -BeNullOrEmpty
        }

        It 'says with -Verify that sound bundles are valid' {
            (Get-BundleHeader -LiteralPath $sample.Destination -Verify).IsValid | Should -Be $true, $true, $true
        }

        It 'can be filtered by Kind' {
            @(Get-BundleHeader -LiteralPath $sample.Destination | Where-Object -Property Kind -EQ -Value Full).Count | Should -Be $Kinds.Where({ $_ -eq 'Full' }).Count
        }

        It 'can be cut short with Select-Object -First, and the script goes on' {
            $first = Get-BundleHeader -LiteralPath $sample.Destination | Select-Object -First 1
            $first.Id | Should -BeIn $sample.Bundles.Id
            $wentOn = $true
            $wentOn | Should -BeTrue
        }

        It 'has a PSPath' {
            (Get-BundleHeader -LiteralPath $sample.Destination | Get-Item -Force).Count | Should -Be 3
        }
    }

    Context 'what it refuses' {
        It 'a direct path that is no bundle' {
            Get-BundleHeader -LiteralPath "$($sample.Folder)/db" -ErrorVariable errors -ErrorAction SilentlyContinue
            $errors[0].FullyQualifiedErrorId | Should -BeExactly "BundleNotRecognised,$command"
            $errors[0].CategoryInfo.Category | Should -Be 'ObjectNotFound'
        }

        It 'a path that is missing' {
            Get-BundleHeader -LiteralPath "$($sample.Folder)/none" -ErrorVariable errors -ErrorAction SilentlyContinue
            $errors[0].FullyQualifiedErrorId | Should -BeExactly "PathNotFound,$command"
        }

        It 'an item of another provider' {
            Get-Item -Path env:PATH | Get-BundleHeader -ErrorVariable errors -ErrorAction SilentlyContinue
            $errors[0].FullyQualifiedErrorId | Should -BeExactly "ProviderNotSupported,$command"
        }

        It 'nothing silently: what the pipe skips is told under -Verbose' {
            $told = Get-Item -LiteralPath "$($sample.Folder)/db" | Get-BundleHeader -Verbose 4>&1
            "$told" | Should -Match 'is not a bundle and is skipped'
        }

        It 'a name with wildcard characters in -Path that exists literally' {
            Get-BundleHeader -Path $sample.Destination -ErrorVariable errors -ErrorAction SilentlyContinue
            $errors[0].FullyQualifiedErrorId | Should -BeExactly "PathIsAmbiguous,$command"
        }

        It 'one missing of several, and goes on' {
            $headers = Get-BundleHeader -LiteralPath "$($sample.Folder)/none", $sample.Destination -ErrorVariable errors -ErrorAction SilentlyContinue
            @($headers).Count | Should -Be 3
            @($errors).Count | Should -Be 1
        }
    }
}

Describe 'Get-BundleHeader of damaged <Engine> bundles' -ForEach $engines {
    BeforeAll {
        $sample = New-SampleChain $Engine
        Set-Damage $sample.Bundles[2].FullName
    }

    It 'finds the damage with -Verify' {
        $headers = Get-BundleHeader -LiteralPath $sample.Destination -Verify -ErrorVariable errors -ErrorAction SilentlyContinue
        $bad = @($headers | Where-Object -Property IsValid -EQ -Value $false)
        ($bad.Count + @($errors).Count) | Should -Be 1
        @($headers | Where-Object -Property IsValid).Count | Should -Be 2
        if ($bad) {
            $bad[0].Problems[0].Severity | Should -Be 'Error'
            $bad[0].Problems[0].Recommendation | Should -Not -BeNullOrEmpty
        }
    }
}

Describe 'Get-BundleHeader of an unreadable bundle' {
    BeforeAll {
        $fixtures = "$PSScriptRoot/../fixtures/spg"
        $folder = New-TestFolder
        Copy-Item -LiteralPath "$fixtures/bundles/full-v2.bkp" -Destination (ConvertTo-NativePath $folder)
        Copy-Item -LiteralPath "$fixtures/bad/full-v2-trunc-in-snap.bkp" -Destination (ConvertTo-NativePath $folder)
    }

    It 'writes an error with id, offset and advice, and shows the others' {
        $headers = Get-BundleHeader -LiteralPath $folder -ErrorVariable errors -ErrorAction SilentlyContinue
        @($headers).Count | Should -Be 1
        @($errors).Count | Should -Be 1
        $errors[0].FullyQualifiedErrorId | Should -BeExactly "Truncated,$command"
        $errors[0].CategoryInfo.Category | Should -Be 'InvalidData'
        $errors[0].TargetObject | Should -BeLike '*full-v2-trunc-in-snap.bkp'
        $errors[0].ErrorDetails.RecommendedAction | Should -Not -BeNullOrEmpty
    }

    It 'writes the error once though the file comes twice' {
        $null = Get-Item -LiteralPath $folder | Get-BundleHeader -ErrorVariable errors -ErrorAction SilentlyContinue
        @($errors).Count | Should -Be 1
        $null = @(Get-Item -LiteralPath $folder; Get-ChildItem -LiteralPath $folder) | Get-BundleHeader -ErrorVariable errors -ErrorAction SilentlyContinue
        @($errors).Count | Should -Be 1
    }

    It 'ends with exit code 1 in a runbook with ErrorActionPreference Stop' -Tag Slow {
        $run = Invoke-Apart "`$ErrorActionPreference = 'Stop'; Get-BundleHeader -LiteralPath '$(ConvertTo-NativePath $folder)'"
        $run.ExitCode | Should -Be 1
    }
}
