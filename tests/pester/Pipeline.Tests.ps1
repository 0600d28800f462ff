#Requires -Version 7.6
# What composes at the prompt: sets of bundles through the pipe, columns that are properties, rows of a CSV file.
BeforeDiscovery {
    . "$PSScriptRoot/Engines.ps1"
    $engines = @(Get-EngineCase)
}

BeforeAll {
    . "$PSScriptRoot/Support.ps1"
}

Describe 'A piped set of <Engine> bundles' -ForEach $engines {
    BeforeAll {
        $sample = New-SampleChain $Engine
        $pattern = "$([WildcardPattern]::Escape((ConvertTo-NativePath $sample.Destination)))/*"
        Set-Content -LiteralPath "$($sample.Destination)/notes.txt" -Value 'no bundle'
        $null = New-Item -Path "$($sample.Destination)/empty" -ItemType Directory
    }

    It 'is tested as its chains: <_>' -ForEach @(
        'Get-ChildItem -LiteralPath $sample.Destination'
        'Get-BundleHeader -Path $pattern'
        '(Get-BackupChain -LiteralPath $sample.Destination).Bundles'
        'Get-ChildItem -LiteralPath $sample.Destination | ForEach-Object -MemberName FullName | ForEach-Object { [WildcardPattern]::Escape($_) }'
    ) {
        $reports = . ([scriptblock]::Create($_)) | Test-BackupChain -ErrorAction Stop
        @($reports).Count | Should -Be $Chains
        $reports.IsValid | Should -Not -Contain $false
        @($reports)[-1].EndPosition | Should -Be $EndAt[2]
        @($reports)[-1].Plan.Count | Should -Be ($Chains -eq 1 ? 3 : 1)
    }

    It 'is restored as its newest state: <_>' -ForEach @(
        'Get-ChildItem -LiteralPath $sample.Destination'
        'Get-BundleHeader -Path $pattern'
    ) {
        $target = "$($sample.Folder)/$([guid]::NewGuid().ToString('n'))/$($sample.Case.Restored)"
        $report = . ([scriptblock]::Create($_)) | Restore-BackupChain -DestinationPath $target -ErrorAction Stop
        $report.EndPosition | Should -Be $EndAt[2]
        Test-RestoredState $sample 2 $target | Should -BeTrue
    }

    It 'counts only what was piped' {
        $target = "$($sample.Folder)/$([guid]::NewGuid().ToString('n'))/$($sample.Case.Restored)"
        $report = $sample.Bundles[0..1] | Restore-BackupChain -DestinationPath $target -ErrorAction Stop
        $report.EndPosition | Should -Be $EndAt[1]
        Test-RestoredState $sample 1 $target | Should -BeTrue
    }

    It 'is copied and merged as its chains' {
        $copy = $sample.Bundles | Copy-BackupChain -DestinationPath "$($sample.Folder)/c" -ErrorAction Stop
        @($copy).Count | Should -Be 1
        $copy.Copied.Id | Sort-Object | Should -Be ($sample.Bundles.Id | Sort-Object)
        $merged = Get-ChildItem -LiteralPath "$($sample.Folder)/c" | Merge-BackupChain -DestinationPath "$($sample.Folder)/m" -ErrorAction Stop
        @($merged)[-1].EndPosition | Should -Be $EndAt[2]
    }

    It 'says of a set without its full that a full is missing' -Skip:($Chains -gt 1) {
        $report = $sample.Bundles[1..2] | Test-BackupChain
        @($report).Count | Should -Be 1
        $report.IsValid | Should -BeFalse
        $report.Problems.Code | Should -Contain 'NoFullBackup'
    }

    It 'is not what Remove-ExpiredBackup takes: that wants whole folders' {
        $before = Get-Tree $sample.Destination
        $sample.Bundles | Remove-ExpiredBackup -KeepLast 0 -Force -Confirm:$false -ErrorVariable found -ErrorAction SilentlyContinue
        $found.Count | Should -BeGreaterThan 0
        Get-Tree $sample.Destination | Should -BeExactly $before
    }
}

Describe 'Piped folders of bundles' {
    It 'stay one database each' {
        $first = New-SampleChain SPG
        $second = New-SampleChain SPG
        $null = New-Item -Path "$($first.Folder)/all" -ItemType Directory
        Move-Item -LiteralPath $first.Destination -Destination "$($first.Folder)/all/one"
        Move-Item -LiteralPath $second.Destination -Destination "$($first.Folder)/all/two"
        $reports = Get-ChildItem -LiteralPath "$($first.Folder)/all" | Test-BackupChain
        $reports.Count | Should -Be 2
        $reports.FullName | Split-Path -Leaf | Should -Be 'one', 'two'
    }
}
