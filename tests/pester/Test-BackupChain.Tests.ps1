#Requires -Version 7.6
BeforeDiscovery {
    . "$PSScriptRoot/Engines.ps1"
    $engines = @(Get-EngineCase)
}

BeforeAll {
    . "$PSScriptRoot/Support.ps1"
    $command = 'BackupTools.PowerShell.Commands.TestBackupChainCommand'
}

Describe 'Test-BackupChain of a sound <Engine> chain' -ForEach $engines {
    BeforeAll {
        $sample = New-SampleChain $Engine
        $before = Get-Tree $sample.Folder
    }

    AfterEach {
        Get-Tree $sample.Folder | Should -BeExactly $before -Because 'testing writes nothing'
    }

    It 'reports that it is valid' {
        $reports = @(Test-BackupChain -LiteralPath $sample.Destination)
        $reports.Count | Should -Be $Chains
        $reports[-1].EndPosition | Should -Be $EndAt[2]
        foreach ($report in $reports) {
            $report | Should -BeOfType BackupTools.Reports.ChainReport
            $report.IsValid | Should -BeTrue
            $report.Checked | Should -BeExactly 'Checksums'
            $report.Target | Should -BeExactly 'Latest'
            $report.Problems.Where({ $_.Severity -eq 'Error' }) | Should -BeNullOrEmpty
        }
    }

    It 'plans with the bundles that a restore would use' {
        $report = Test-BackupChain -LiteralPath $sample.Destination
        $report.Plan | Should -Be $sample.Bundles.FullName
    }

    It 'checks all with -Deep' {
        (Test-BackupChain -LiteralPath $sample.Destination -Deep).Checked | Sort-Object -Unique | Should -BeExactly 'Deep'
    }

    It 'returns one bool with -Quiet' {
        $answer = Test-BackupChain -LiteralPath $sample.Destination -Quiet
        @($answer).Count | Should -Be 1 -Because 'in a condition an array is true whatever is in it'
        $answer | Should -BeOfType bool
        $answer | Should -BeTrue
    }

    It 'tests a position' {
        $report = Test-BackupChain -LiteralPath $sample.Destination -ToPosition $EndAt[1]
        $report.IsValid | Should -BeTrue
        $report.EndPosition | Should -Be $EndAt[1]
        $report.Target | Should -BeExactly "$($EndAt[1])"
    }

    It 'tests a position under the name <_>' -ForEach 'ToEpoch', 'ToLsn' {
        $target = @{ $_ = $EndAt[1] }
        (Test-BackupChain -LiteralPath $sample.Destination @target).EndPosition | Should -Be $EndAt[1]
    }

    It 'tests a time' {
        $time = $sample.Bundles[2].CreatedUtc
        (Test-BackupChain -LiteralPath $sample.Destination -PointInTime $time).IsValid | Should -BeTrue
    }

    It 'says -Latest where it is meant' {
        (Test-BackupChain -LiteralPath $sample.Destination -Latest).Target | Sort-Object -Unique | Should -BeExactly 'Latest'
    }

    It 'restores for a drill, and removes what it restored' {
        $drill = New-TestFolder
        $report = @(Test-BackupChain -LiteralPath $sample.Destination -RestoreDrill -DrillPath $drill)[-1]
        $report.IsValid | Should -BeTrue
        $report.Checked | Should -BeExactly 'Drill'
        $report.DrillLength | Should -BeGreaterThan 0
        $report.DrillSeconds | Should -BeGreaterOrEqual 0
        Get-Tree $drill | Should -BeNullOrEmpty
    }

    It 'takes a chain from the pipeline' {
        (Get-BackupChain -LiteralPath $sample.Destination | Test-BackupChain).IsValid | Should -BeTrue
    }

    It 'takes a chain from the pipeline with a position' {
        (Get-SampleChain $sample 1 | Test-BackupChain -ToPosition $EndAt[1]).EndPosition | Should -Be $EndAt[1]
    }

    It 'takes a chain by name' {
        $chain = Get-BackupChain -LiteralPath $sample.Destination
        (Test-BackupChain -InputObject $chain).ChainId | Should -Be $chain.ChainId
    }

    It 'takes a folder from the pipeline' {
        (Get-Item -LiteralPath $sample.Destination | Test-BackupChain).IsValid | Should -BeTrue
    }

    It 'takes a string from the pipeline' {
        Set-Location -LiteralPath $sample.Folder
        try {
            ('b' | Test-BackupChain).IsValid | Should -BeTrue
        } finally {
            Set-Location -LiteralPath $PSScriptRoot
        }
    }

    It 'takes a deserialized chain' {
        $chain = Get-BackupChain -LiteralPath $sample.Destination
        $copy = [System.Management.Automation.PSSerializer]::Deserialize([System.Management.Automation.PSSerializer]::Serialize($chain))
        ($copy | Test-BackupChain).ChainId | Should -Be $chain.ChainId
    }

    It 'becomes JSON without a loss' {
        $report = Test-BackupChain -LiteralPath $sample.Destination
        $copy = $report | ConvertTo-Json -Depth 4 | ConvertFrom-Json -DateKind Utc
        $copy.IsValid | Should -BeTrue
        $copy.Plan | Should -Be $report.Plan
    }

    It 'can be cut short with Select-Object -First' {
        @(Test-BackupChain -LiteralPath $sample.Destination, $sample.Destination | Select-Object -First 1).Count | Should -Be 1
    }
}

Describe 'Test-BackupChain of a damaged <Engine> chain' -ForEach $engines {
    BeforeAll {
        $sample = New-SampleChain $Engine
        Set-Damage $sample.Bundles[2].FullName
    }

    It 'reports the damage and what to do' {
        $report = @(Test-BackupChain -LiteralPath $sample.Destination)[-1]
        $report.IsValid | Should -BeFalse
        $report.Problems[0].Severity | Should -Be 'Error'
        $report.Problems[0].Recommendation | Should -Not -BeNullOrEmpty
    }

    It 'is false with -Quiet, whatever else is tested' {
        $good = New-SampleChain $Engine
        $answer = Test-BackupChain -LiteralPath $sample.Destination, $good.Destination -Quiet
        @($answer).Count | Should -Be 1
        $answer | Should -BeFalse
    }

    It 'is found by Where-Object -not IsValid' {
        @(Get-BackupChain -LiteralPath $sample.Destination -ErrorAction SilentlyContinue | Test-BackupChain | Where-Object -Property IsValid -Not).Count | Should -Be 1
    }

    It 'does not spoil a position before it' {
        (Test-BackupChain -LiteralPath $sample.Destination -ToPosition $EndAt[1]).IsValid | Should -BeTrue
    }
}

Describe 'Test-BackupChain of a <Engine> chain with a gap' -ForEach $engines.Where({ $_.Chains -eq 1 }) {
    BeforeAll {
        $sample = New-SampleChain $Engine
        Remove-Item -LiteralPath $sample.Bundles[1].FullName -Recurse -Force
    }

    It 'reports that it is not valid' {
        $reports = Test-BackupChain -LiteralPath $sample.Destination
        @($reports | Where-Object -Property IsValid -Not).Count | Should -BeGreaterThan 0
    }

    It 'still reaches the full' {
        $full = $sample.Bundles[0]
        (Test-BackupChain -LiteralPath $sample.Destination -ToPosition $full.EndPosition -ChainId (Get-BackupChain -LiteralPath $sample.Destination -ErrorAction SilentlyContinue | Where-Object -FilterScript { $_.Bundles[0].Id -eq $full.Id }).ChainId).IsValid | Should -BeTrue
    }
}

Describe 'Test-BackupChain -Quiet' {
    It 'is false, and an error, for what is not there' {
        $sample = New-SampleChain SPG
        $answer = Test-BackupChain -LiteralPath $sample.Destination, "$($sample.Folder)/none" -Quiet -ErrorVariable errors -ErrorAction SilentlyContinue
        @($errors).Count | Should -Be 1
        @($answer).Count | Should -Be 1
        $answer | Should -BeFalse
    }

    It 'is false where nothing was tested' {
        Test-BackupChain -Path "$([WildcardPattern]::Escape((New-TestFolder)))/no*" -Quiet | Should -BeFalse
    }
}

Describe 'Test-BackupChain refuses' {
    BeforeAll {
        $sample = New-SampleChain SPG
    }

    It 'a folder that is missing' {
        Test-BackupChain -LiteralPath "$($sample.Folder)/none" -ErrorVariable errors -ErrorAction SilentlyContinue
        $errors[0].FullyQualifiedErrorId | Should -BeExactly "PathNotFound,$command"
    }

    It 'a folder without bundles' {
        Test-BackupChain -LiteralPath "$($sample.Folder)/db" -ErrorVariable errors -ErrorAction SilentlyContinue
        $errors[0].FullyQualifiedErrorId | Should -BeExactly "NoBundles,$command"
    }

    It 'a chain that is not there' {
        Test-BackupChain -LiteralPath $sample.Destination -ChainId ffffffffffff -ErrorVariable errors -ErrorAction SilentlyContinue
        $errors[0].FullyQualifiedErrorId | Should -BeExactly "ChainNotFound,$command"
    }

    It '<_> as a position' -ForEach 1.5, (-1), '-1', 'abc', '1,5', '1.000' {
        { Test-BackupChain -LiteralPath $sample.Destination -ToPosition $_ } |
            Should -Throw -ErrorId "ParameterArgumentTransformationError,$command" -ExpectedMessage '*PositionIsInvalid*'
    }

    It '<_> as a time' -ForEach '03/04/2026', '2026-11-20', '2026-11-20T04:10:00', 'yesterday', 5 {
        { Test-BackupChain -LiteralPath $sample.Destination -PointInTime $_ } |
            Should -Throw -ErrorId "ParameterArgumentTransformationError,$command" -ExpectedMessage '*TimeIsAmbiguous*'
    }

    It 'a position together with a time' {
        { Test-BackupChain -LiteralPath $sample.Destination -ToPosition 1 -PointInTime '2026-11-20T04:10:00Z' } |
            Should -Throw -ErrorId "AmbiguousParameterSet,$command"
    }

    It 'a position together with -Latest' {
        { Test-BackupChain -LiteralPath $sample.Destination -ToPosition 1 -Latest } |
            Should -Throw -ErrorId "AmbiguousParameterSet,$command"
    }
}

Describe 'The times that -PointInTime takes' {
    BeforeAll {
        $sample = New-SampleChain SPG
        $instant = [datetimeoffset]::UtcNow
    }

    It 'are the same instant: <Name>' -ForEach @(
        @{ Name = 'a DateTimeOffset'; Give = { param($t) $t } }
        @{ Name = 'a UTC DateTime'; Give = { param($t) $t.UtcDateTime } }
        @{ Name = 'a local DateTime'; Give = { param($t) $t.LocalDateTime } }
        @{ Name = 'ISO 8601 in UTC'; Give = { param($t) $t.UtcDateTime.ToString('yyyy-MM-ddTHH:mm:ss.fffffffZ', [cultureinfo]::InvariantCulture) } }
        @{ Name = 'ISO 8601 with an offset'; Give = { param($t) $t.ToOffset('05:30').ToString('yyyy-MM-ddTHH:mm:ss.fffffffzzz', [cultureinfo]::InvariantCulture) } }
    ) {
        $report = Test-BackupChain -LiteralPath $sample.Destination -PointInTime (& $Give $instant)
        [datetimeoffset]::Parse($report.Target, [cultureinfo]::InvariantCulture) | Should -Be $instant
    }

    It 'are repeated in UTC under -Verbose' {
        $told = Test-BackupChain -LiteralPath $sample.Destination -PointInTime '2126-11-20T05:10:00+01:00' -Verbose 4>&1
        "$told" | Should -Match '2126-11-20 04:10:00Z'
    }
}
