#Requires -Version 7.6
BeforeDiscovery {
    . "$PSScriptRoot/Engines.ps1"
    $engines = @(Get-EngineCase)
}

BeforeAll {
    . "$PSScriptRoot/Support.ps1"

    function Get-Completion([string] $Line) {
        # Completion gives up after 200 ms, which can pass on a busy machine: who presses Tab again gets the answer.
        foreach ($attempt in 1..20) {
            $found = (TabExpansion2 -inputScript $Line -cursorColumn $Line.Length).CompletionMatches
            if ($found.Count -gt 0) {
                break
            }
        }
        $found
    }
}

Describe 'Completion with <Engine> bundles' -ForEach $engines {
    BeforeAll {
        $sample = New-SampleChain $Engine
        $chain = Get-BackupChain -LiteralPath $sample.Destination
        $folder = ConvertTo-NativePath $sample.Destination
    }

    It 'offers <Parameter> the real positions' -ForEach @(
        @{ Parameter = 'ToPosition' }
        @{ Parameter = 'ToEpoch' }
        @{ Parameter = 'ToLsn' }
    ) {
        $found = Get-Completion "Restore-BackupChain -LiteralPath '$folder' -$Parameter "
        foreach ($bundle in $sample.Bundles) {
            $found.CompletionText | Should -Contain "$($bundle.EndPosition)"
        }
    }

    It 'shows times and names as tooltips' {
        $found = Get-Completion "Test-BackupChain -LiteralPath '$folder' -ToPosition "
        $found.Where({ $_.CompletionText -eq "$($EndAt[1])" })[0].ToolTip |
            Should -Match "^\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ $($Kinds[1]) $([regex]::Escape($sample.Bundles[1].Name))$"
    }

    It 'offers Merge-BackupChain the same positions' {
        (Get-Completion "Merge-BackupChain -LiteralPath '$folder' -ToPosition ").CompletionText | Should -Contain "$($EndAt[1])"
    }

    It 'goes on from what is typed' {
        $typed = "$($EndAt[2])".Substring(0, 1)
        $found = Get-Completion "Restore-BackupChain -LiteralPath '$folder' -ToPosition $typed"
        $found.CompletionText | Should -Contain "$($EndAt[2])"
        $found.Where({ -not $_.CompletionText.StartsWith($typed) }) | Should -BeNullOrEmpty
    }

    It 'offers -Since the bundles at the destination, the newest first' {
        $found = Get-Completion "New-IncrementalBackup -LiteralPath x -DestinationPath '$folder' -Since "
        $found[0].CompletionText | Should -BeExactly "$($EndAt[2])"
    }

    It 'offers -PointInTime of <_> the times that exist, the newest first' -ForEach 'Test', 'Restore', 'Merge' {
        $found = Get-Completion "$_-BackupChain -LiteralPath '$folder' -PointInTime "
        $times = $found.CompletionText.ForEach({ [DateTimeOffset]::Parse($_, [cultureinfo]::InvariantCulture).UtcDateTime })
        $times | Should -Be ($sample.Bundles.CreatedUtc | Sort-Object -Descending -Unique)
    }

    It 'offers targets when the folder comes through the pipe: <_>' -ForEach @(
        "Get-BackupChain '{0}' | Restore-BackupChain -ToPosition "
        "Get-BackupChain -LiteralPath '{0}' | Where-Object Valid | Restore-BackupChain -DestinationPath x -ToPosition "
        "'{0}' | Test-BackupChain -ToPosition "
    ) {
        (Get-Completion ($_ -f $folder)).CompletionText | Should -Contain "$($EndAt[2])"
    }

    It 'offers targets of the chains that a variable holds: <_>' -ForEach @(
        '$given | Restore-BackupChain -ToPosition '
        '$given | Where-Object Valid | Restore-BackupChain -ToPosition '
        'Restore-BackupChain -InputObject $given -DestinationPath x -ToPosition '
        'Restore-BackupChain $place x -ToPosition '
        'Get-BackupChain $place | Test-BackupChain -ToPosition '
        '$place | Test-BackupChain -ToPosition '
    ) {
        # A Tab sees the session's own variables, not those of a test.
        $global:given = Get-SampleChain $sample 2
        $global:place = $sample.Destination
        try {
            $found = (Get-Completion $_).CompletionText
            $found | Should -Contain "$($EndAt[2])"
            if ($_ -match 'given' -and $Chains -gt 1) {
                $found | Should -Not -Contain "$($EndAt[0])"
            }
        } finally {
            Remove-Variable -Name given, place -Scope Global
        }
    }

    It 'offers only what -ChainId leaves' {
        $id = (Get-SampleChain $sample 2).ChainId
        $found = (Get-Completion "Restore-BackupChain -LiteralPath '$folder' -ChainId $id -ToPosition ").CompletionText
        $found | Should -Contain "$($EndAt[2])"
        if ($Chains -gt 1) {
            $found | Should -Not -Contain "$($EndAt[0])"
        }
        Get-Completion "Restore-BackupChain -LiteralPath '$folder' -ChainId 000000000000 -ToPosition " |
            Where-Object -Property ResultType -EQ -Value ParameterValue | Should -BeNullOrEmpty
        (Get-Completion "Restore-BackupChain -LiteralPath '$folder' -ChainId $($id.Substring(0, 4))").CompletionText | Should -Contain $id
    }

    It 'offers only what -Database of the command before leaves' {
        $name = $chain[0].Database
        (Get-Completion "Get-BackupChain '$folder' -Database '$($name[0])*' | Restore-BackupChain -ToPosition ").CompletionText |
            Should -Contain "$($EndAt[2])"
        Get-Completion "Get-BackupChain '$folder' -Database 'other*' | Restore-BackupChain -ToPosition " |
            Where-Object -Property ResultType -EQ -Value ParameterValue | Should -BeNullOrEmpty
    }

    It 'offers -Database the names that are there, and -NewerThan the times' {
        (Get-Completion "Get-BackupChain -LiteralPath '$folder' -Database ").CompletionText | Should -BeExactly $chain[0].Database
        (Get-Completion "Get-BackupChain -LiteralPath '$folder' -NewerThan ").Count |
            Should -Be @($sample.Bundles.CreatedUtc | Select-Object -Unique).Count
    }

    It 'offers -ChainId of <_> the chains' -ForEach 'Test-BackupChain -LiteralPath', 'Restore-BackupChain -LiteralPath', 'Merge-BackupChain -LiteralPath', 'Copy-BackupChain -LiteralPath', 'Remove-ExpiredBackup -LiteralPath', 'New-IncrementalBackup -LiteralPath x -DestinationPath' {
        (Get-Completion "$_ '$folder' -ChainId ").CompletionText | Should -BeExactly $chain.ChainId
    }

    It 'understands a path on a drive of the session' {
        (Get-Completion "Restore-BackupChain -LiteralPath '$($sample.Destination)' -ChainId ").CompletionText | Should -BeExactly $chain.ChainId
    }

    It 'understands a positional and relative path' {
        Set-Location -LiteralPath $sample.Folder
        try {
            (Get-Completion 'Restore-BackupChain ./b -ChainId ').CompletionText | Should -BeExactly $chain.ChainId
        } finally {
            Set-Location -LiteralPath $PSScriptRoot
        }
    }
}

Describe 'Completion' {
    It 'puts a name into quotes that needs them' {
        $sample = New-Sample SPG
        $name = 'Anna''s shop [1]'
        foreach ($kind in 'db', 'wal') {
            Move-Item -LiteralPath "$($sample.Native)/db/shop.$kind" -Destination "$($sample.Native)/db/$name.$kind"
        }
        $null = New-FullBackup -LiteralPath "$($sample.Folder)/db/$name.db" -DestinationPath $sample.Destination
        $text = "Get-BackupChain -LiteralPath '$(ConvertTo-NativePath $sample.Destination)' -Database "
        $offered = (Get-Completion $text).CompletionText
        # A Tab and Enter find it, brackets and all.
        (. ([scriptblock]::Create("$text$offered -ErrorAction Stop"))).Database | Should -BeExactly $name
        (Get-Completion "$($text)an").CompletionText | Should -BeExactly $offered
    }

    It 'offers the engines' {
        (Get-Completion 'New-FullBackup -Engine ').CompletionText | Sort-Object | Should -Be ('Alopex', 'Grafeo', 'PowDB', 'SPG', 'SQLite')
    }

    It 'never fails: <_>' -ForEach @(
        'Restore-BackupChain -LiteralPath /no/such/folder -ToPosition '
        'Restore-BackupChain -ToPosition '
        'Restore-BackupChain -LiteralPath env: -ChainId '
        'Restore-BackupChain -LiteralPath $undefined -ChainId '
        'New-IncrementalBackup -Since '
    ) {
        $global:Error.Clear()
        Get-Completion $_ | Where-Object -Property ResultType -EQ -Value ParameterValue | Should -BeNullOrEmpty
        $global:Error.Count | Should -Be 0
    }
}
