#Requires -Version 7.6
BeforeDiscovery {
    . "$PSScriptRoot/Engines.ps1"
    $engines = @(Get-EngineCase)
}

BeforeAll {
    . "$PSScriptRoot/Support.ps1"
    $command = 'BackupTools.PowerShell.Commands.GetBackupChainCommand'
}

Describe 'Get-BackupChain of <Engine>' -ForEach $engines {
    BeforeAll {
        $sample = New-SampleChain $Engine
        $before = Get-Tree $sample.Folder
        $chain = Get-BackupChain -LiteralPath $sample.Destination
    }

    AfterEach {
        Get-Tree $sample.Folder | Should -BeExactly $before -Because 'reading writes nothing'
    }

    It 'finds every chain' {
        @($chain).Count | Should -Be $Chains
        $chain | Should -BeOfType BackupTools.Reports.ChainInfo
        @($chain)[-1].EndPosition | Should -Be $EndAt[2]
        foreach ($one in $chain) {
            $one.Engine | Should -BeExactly $Engine
            $one.IsValid | Should -BeTrue
            $one.BundleCount | Should -Be (3 / $Chains)
            $one.PositionUnit | Should -BeExactly $Unit
            $one.FullName | Should -Be (ConvertTo-NativePath $sample.Destination)
        }
    }

    It 'lists the bundles in order' {
        $chain.Bundles.Id | Should -Be $sample.Bundles.Id
        $chain.Bundles.Kind | Should -Be $Kinds
        $chain.Bundles.ChainId | Sort-Object -Unique | Should -Be ($chain.ChainId | Sort-Object)
    }

    It 'gives the bundles a PSPath as well' {
        ($chain.Bundles | Get-BundleHeader).Id | Should -Be $sample.Bundles.Id
    }

    It 'has the same id wherever the chain is copied to' {
        $copy = New-TestFolder
        Copy-Item -Path "$([WildcardPattern]::Escape((ConvertTo-NativePath $sample.Destination)))/*" -Destination (ConvertTo-NativePath $copy) -Recurse -Force
        (Get-BackupChain -LiteralPath $copy).ChainId | Should -Be $chain.ChainId
    }

    It 'takes a folder from the pipeline' {
        (Get-Item -LiteralPath $sample.Destination | Get-BackupChain).ChainId | Should -Be $chain.ChainId
    }

    It 'takes a string from the pipeline' {
        Set-Location -LiteralPath $sample.Folder
        try {
            ('b' | Get-BackupChain).ChainId | Should -Be $chain.ChainId
        } finally {
            Set-Location -LiteralPath $PSScriptRoot
        }
    }

    It 'looks below with -Recurse' {
        $found = Get-BackupChain -LiteralPath $sample.Folder -Recurse -ErrorAction SilentlyContinue
        @($chain.ChainId).Where({ $_ -notin $found.ChainId }) | Should -BeNullOrEmpty
    }

    It 'becomes JSON without a loss' {
        $copy = $chain | ConvertTo-Json -Depth 4 | ConvertFrom-Json -DateKind Utc
        $copy.ChainId | Should -Be $chain.ChainId
        $copy.Bundles.Count | Should -Be 3
        $copy.NewestUtc | Should -Be $chain.NewestUtc
    }

    It 'says that a folder without bundles has none' {
        Get-BackupChain -LiteralPath "$($sample.Folder)/db" -ErrorVariable errors -ErrorAction SilentlyContinue
        $errors[0].FullyQualifiedErrorId | Should -BeExactly "NoBundles,$command"
    }

    It 'says that a folder is missing' {
        Get-BackupChain -LiteralPath "$($sample.Folder)/none" -ErrorVariable errors -ErrorAction SilentlyContinue
        $errors[0].FullyQualifiedErrorId | Should -BeExactly "PathNotFound,$command"
        $errors[0].TargetObject | Should -Be (ConvertTo-NativePath "$($sample.Folder)/none")
    }

    It 'can be cut short with Select-Object -First' {
        (Get-BackupChain -LiteralPath $sample.Destination, $sample.Destination | Select-Object -First 1).ChainId | Should -Be @($chain.ChainId)[0]
    }
}

Describe 'Get-BackupChain of <Engine> with a gap' -ForEach $engines.Where({ $_.Chains -eq 1 }) {
    BeforeAll {
        $sample = New-SampleChain $Engine
        Remove-Item -LiteralPath $sample.Bundles[1].FullName -Recurse -Force
    }

    It 'says that the chain is not valid, and why' {
        # Where a manifest lists it, a missing file is an error of its own as well.
        $chain = Get-BackupChain -LiteralPath $sample.Destination -ErrorAction SilentlyContinue
        @($chain | Where-Object -Property IsValid).Count | Should -BeLessThan @($chain).Count -Because 'a bundle is missing'
        $codes = $chain.Problems.Code
        @($codes | Where-Object -FilterScript { $_ -in 'ChainGap', 'NoFullBackup', 'MissingFile' }).Count | Should -BeGreaterThan 0
    }

    It 'marks the gap in the view' {
        $text = Get-BackupChain -LiteralPath $sample.Destination -ErrorAction SilentlyContinue | Format-Table | Out-String -Width 300
        $text | Should -Match '✗'
        $text | Should -Match 'NO'
    }
}

Describe 'The views' {
    BeforeAll {
        $sample = New-SampleChain SPG
        $chain = Get-BackupChain -LiteralPath $sample.Destination
    }

    It 'show chains by folder with a timeline' {
        $text = $chain | Out-String -Width 300
        $text | Should -Match 'Folder: '
        $text | Should -Match 'F─i─i'
        $text | Should -Match $chain.ChainId
    }

    It 'say <Said> of a chain that <Was>' -ForEach @(
        @{ Said = 'listed'; Was = 'nobody has tested'; Not = 'yes'; Get = { Get-BackupChain -LiteralPath $sample.Destination } }
        @{ Said = 'yes'; Was = 'was tested'; Not = 'listed'; Get = { Test-BackupChain -LiteralPath $sample.Destination } }
    ) {
        foreach ($view in @{}, @{ View = 'Wide' }) {
            $text = & $Get | Format-Table @view | Out-String -Width 300
            $text | Should -Match " $Said "
            $text | Should -Not -Match " $Not "
        }
    }

    It 'show bundles in a table with UTC times and human sizes' {
        $text = $sample.Bundles | Format-Table -View Wide | Out-String -Width 300
        $text | Should -Match '\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ'
        $text | Should -Match '\d B'
        $text | Should -Match 'Incremental'
    }

    It 'show everything in a list' {
        $text = $sample.Bundles[0] | Format-List | Out-String -Width 300
        foreach ($name in 'Engine', 'Checksum', 'Id', 'FullName', 'Format', 'PositionUnit') {
            $text | Should -Match "(?m)^$name\s+:"
        }
    }

    It 'show chains in a list with all bundles' {
        $text = $chain | Format-List | Out-String -Width 300
        foreach ($bundle in $sample.Bundles) {
            $text | Should -Match ([regex]::Escape($bundle.Name))
        }
    }

    It 'show a report with its problems first' {
        $text = Test-BackupChain -LiteralPath $sample.Destination | Out-String -Width 300
        $text.IndexOf('IsValid') | Should -BeLessThan $text.IndexOf('Problems')
        $text.IndexOf('Problems') | Should -BeLessThan $text.IndexOf('ChainId')
    }

    It 'show deserialized copies alike' {
        $copy = [System.Management.Automation.PSSerializer]::Deserialize([System.Management.Automation.PSSerializer]::Serialize($chain, 4))
        ($copy | Out-String -Width 300) | Should -BeExactly ($chain | Out-String -Width 300)
    }

    It 'are the same in every culture' {
        $was = [cultureinfo]::CurrentCulture
        try {
            $texts = foreach ($culture in 'en-US', 'de-DE', 'tr-TR', 'ar-SA') {
                [cultureinfo]::CurrentCulture = $culture
                $sample.Bundles | Out-String -Width 300
            }
            @($texts | Sort-Object -Unique).Count | Should -Be 1
        } finally {
            [cultureinfo]::CurrentCulture = $was
        }
    }

    It 'write sizes of <Bytes> bytes as <Text>' -ForEach @(
        @{ Bytes = 0; Text = '0 B' }
        @{ Bytes = 1023; Text = '1023 B' }
        @{ Bytes = 1536; Text = '1.5 KiB' }
        @{ Bytes = 1GB; Text = '1.0 GiB' }
        @{ Bytes = [long]::MaxValue; Text = '8.0 EiB' }
    ) {
        [BackupTools.Reports.ReportText]::Size($Bytes) | Should -BeExactly $Text
    }
}
