#Requires -Version 7.6
BeforeDiscovery {
    . "$PSScriptRoot/Engines.ps1"
    $engines = @(Get-EngineCase)
}

BeforeAll {
    . "$PSScriptRoot/Support.ps1"
    $command = 'BackupTools.PowerShell.Commands.ExportBackupReportCommand'
}

Describe 'Export-BackupReport of <Engine>' -ForEach $engines {
    BeforeAll {
        $sample = New-SampleChain $Engine
        $bundles = Get-Tree $sample.Destination
    }

    BeforeEach {
        $target = New-TestFolder
        $page = "$target/report.html"
    }

    AfterEach {
        Get-Tree $sample.Destination | Should -BeExactly $bundles -Because 'reporting only reads'
    }

    It 'writes a page and returns what it says' {
        $report = Export-BackupReport -LiteralPath $sample.Destination -DestinationPath $page -RecoveryPointObjective '1:00'
        $report | Should -BeOfType BackupTools.Reports.BackupReport
        $report.FullName | Should -Be (ConvertTo-NativePath $page)
        $report.IsHealthy | Should -BeTrue
        $report.Databases.Count | Should -Be 1
        $report.Databases[0].Engine | Should -BeExactly $Engine
        $report.Databases[0].IsLate | Should -BeFalse
        $report.Databases[0].RestorableUtc | Should -Be $sample.Bundles[2].CreatedUtc
        $text = Get-Content -LiteralPath $page -Raw
        $text | Should -Match '>IN TIME<.*>NOT TESTED<'
        $text | Should -Match 'Nothing wrong was found; 1 of 1 database not tested'
        { [xml] $text } | Should -Not -Throw
    }

    It 'calls a database late that is older than the objective' {
        # Bundles named by the second may be dated a little ahead when several are taken in one.
        while ([datetime]::UtcNow -le $sample.Bundles[2].CreatedUtc) {
            Start-Sleep -Milliseconds 100
        }
        $report = Export-BackupReport -LiteralPath $sample.Destination -DestinationPath $page -RecoveryPointObjective 0
        $report.LateCount | Should -Be 1
        $report.IsHealthy | Should -BeFalse
        Get-Content -LiteralPath $page -Raw | Should -Match '>LATE<'
    }

    It 'judges no age without an objective' {
        $report = Export-BackupReport -LiteralPath $sample.Destination -DestinationPath $page
        $report.Databases[0].IsLate | Should -BeNullOrEmpty
        Get-Content -LiteralPath $page -Raw | Should -Not -Match '>LATE<'
    }

    It 'takes chains, folders and strings from the pipeline' {
        (Get-BackupChain -LiteralPath $sample.Destination | Export-BackupReport -DestinationPath $page).Databases.Count | Should -Be 1
        (Get-Item -LiteralPath $sample.Destination | Export-BackupReport -DestinationPath $page).Databases.Count | Should -Be 1
        Set-Location -LiteralPath $sample.Folder
        try {
            ('b' | Export-BackupReport -DestinationPath $page).Databases.Count | Should -Be 1
        } finally {
            Set-Location -LiteralPath $PSScriptRoot
        }
    }

    It 'takes what Test-BackupChain returned, and shows the drill' {
        $report = Test-BackupChain -LiteralPath $sample.Destination -RestoreDrill | Export-BackupReport -DestinationPath $page
        $report.Databases[0].LastDrill.IsValid | Should -BeTrue
        Get-Content -LiteralPath $page -Raw | Should -Match 'Last restore drill</dt><dd class="ok">'
    }

    It 'takes results back from <_>' -ForEach 'Clixml', 'JSON' {
        $test = Get-SampleChain $sample 2 | Test-BackupChain -RestoreDrill
        if ($_ -eq 'Clixml') {
            $test | Export-Clixml -LiteralPath "$target/test.xml"
            $copy = Import-Clixml -LiteralPath "$target/test.xml"
        } else {
            $copy = $test | ConvertTo-Json -Depth 4 | ConvertFrom-Json
        }
        $report = Export-BackupReport -LiteralPath $sample.Destination -DestinationPath $page -TestReport $copy
        $report.Databases[0].LastDrill.TestedUtc | Should -Be $test.TestedUtc
        $report.Databases[0].LastDrill.DrillLength | Should -Be $test.DrillLength
    }

    It 'leaves nothing beside the page' {
        $null = Export-BackupReport -LiteralPath $sample.Destination -DestinationPath $page
        (Get-ChildItem -LiteralPath $target -Force).Name | Where-Object -FilterScript { $_ -notlike '*.lock' } | Should -Be 'report.html'
    }

    It '-WhatIf writes nothing' {
        Export-BackupReport -LiteralPath $sample.Destination -DestinationPath $page -WhatIf | Should -BeNullOrEmpty
        Get-ChildItem -LiteralPath $target -Force | Should -BeNullOrEmpty
    }
}

Describe 'Export-BackupReport after a drill of SQLite' {
    It 'shows the rows of each table, from <_>' -ForEach 'the pipeline', 'Clixml', 'JSON' {
        $sample = New-SampleChain SQLite
        $page = "$($sample.Folder)/report.html"
        $test = Test-BackupChain -LiteralPath $sample.Destination -RestoreDrill
        $copy = switch ($_) {
            'the pipeline' { $test }
            'Clixml' { [Management.Automation.PSSerializer]::Deserialize([Management.Automation.PSSerializer]::Serialize($test, 4)) }
            'JSON' { $test | ConvertTo-Json -Depth 4 | ConvertFrom-Json }
        }
        $report = Export-BackupReport -LiteralPath $sample.Destination -DestinationPath $page -TestReport $copy
        $tables = $report.Databases[0].LastDrill.DrillTables
        $tables.Count | Should -BeGreaterThan 0
        "$tables" | Should -BeExactly "$($test.DrillTables)"
        $html = [xml] (Get-Content -LiteralPath $page -Raw)
        $shown = $html.SelectNodes("//table[@class='rows']/tbody/tr").ForEach({ "$($_.td[0].bdi) $($_.td[1].InnerText)" })
        $shown | Sort-Object | Should -Be ($test.DrillTables.ForEach({ "$($_.Name) $($_.Rows)" }) | Sort-Object)
        $null = Export-BackupReport -LiteralPath $sample.Destination -DestinationPath "$($sample.Folder)/r.json" -TestReport $copy -Format Json
        (Get-Content -LiteralPath "$($sample.Folder)/r.json" -Raw | ConvertFrom-Json).Databases[0].LastDrillRowCount |
            Should -Be ($test.DrillTables | Measure-Object -Property Rows -Sum).Sum
    }
}

Describe 'Export-BackupReport of trouble' {
    BeforeEach {
        $sample = New-SampleChain SPG
        $page = "$($sample.Folder)/report.html"
    }

    It 'shows damage that a test found, and counts as restorable only what precedes it' {
        Set-Damage $sample.Bundles[1].FullName
        $report = Test-BackupChain -LiteralPath $sample.Destination | Export-BackupReport -DestinationPath $page
        $report.InvalidCount | Should -Be 1
        $report.Databases[0].RestorableUtc | Should -Be $sample.Bundles[0].CreatedUtc
        $report.Databases[0].Chains[0].Bundles.State | Should -Be 'Sound', 'Damaged', 'Blocked'
        $text = Get-Content -LiteralPath $page -Raw
        $text | Should -Match '>DAMAGED<'
        $text | Should -Match 'ChecksumMismatch'
    }

    It 'says where nothing can be restored' {
        $untested = Export-BackupReport -LiteralPath $sample.Destination -DestinationPath "$page.0.html"
        $untested | Out-String -Width 300 | Should -Match 'Databases\s+: listed, not tested  SPG shop  newest restorable state 20'
        Remove-Item -LiteralPath $sample.Bundles[0].FullName
        $report = Export-BackupReport -LiteralPath $sample.Destination -DestinationPath $page
        $report | Out-String -Width 300 | Should -Match 'NOT VALID  SPG shop  newest restorable state none\b'
    }

    It 'shows a gap without any test' {
        Remove-Item -LiteralPath $sample.Bundles[1].FullName
        $report = Export-BackupReport -LiteralPath $sample.Destination -DestinationPath $page
        $report.Databases[0].Chains[0].Bundles.State | Should -Be 'Sound', 'AfterGap'
        Get-Content -LiteralPath $page -Raw | Should -Match '>gap<'
    }

    It 'has a folder that is missing among its findings' {
        $report = Export-BackupReport -Path "$($sample.Native.Replace('[', '`[').Replace(']', '`]'))/none" -DestinationPath $page
        $report.Problems.Code | Should -Be 'PathNotFound'
        $report.IsHealthy | Should -BeFalse
        Get-Content -LiteralPath $page -Raw | Should -Match 'No backups found'
    }

    It 'is not healthy when a wildcard finds nothing' {
        $report = Export-BackupReport -Path "$PSScriptRoot/none*" -DestinationPath $page
        $report.IsHealthy | Should -BeFalse
    }

    It 'shows notes at the top, encoded' {
        $report = Export-BackupReport -LiteralPath $sample.Destination -DestinationPath $page -Note '<b>disk & more</b>' -Title 'A "title"'
        $report.IsHealthy | Should -BeFalse
        $text = Get-Content -LiteralPath $page -Raw
        $text | Should -Match '&lt;b&gt;disk &amp; more&lt;/b&gt;'
        ([xml] $text).SelectSingleNode('//h1').InnerText | Should -BeExactly 'A "title"'
    }

    It 'becomes JSON' {
        $report = Export-BackupReport -LiteralPath $sample.Destination -DestinationPath $page -RecoveryPointObjective '1:00'
        $copy = $report | ConvertTo-Json -Depth 8 | ConvertFrom-Json
        $copy.RecoveryPointObjectiveSeconds | Should -Be 3600
        $copy.Databases[0].Chains[0].Bundles.Count | Should -Be 3
    }

    It 'is shown in views' {
        $report = Export-BackupReport -LiteralPath $sample.Destination -DestinationPath $page -RecoveryPointObjective 0
        $report | Out-String -Width 300 | Should -Match 'listed, not tested, LATE  SPG shop'
        $report.Databases | Out-String -Width 300 | Should -Match 'LATE'
        $report.Databases[0].Chains[0].Bundles | Out-String -Width 300 | Should -Match 'Sound'
    }
}

Describe 'Where Export-BackupReport writes' {
    BeforeAll {
        $sample = New-SampleChain SPG
    }

    It 'over a page of its own' {
        $page = "$(New-TestFolder)/report.html"
        $null = Export-BackupReport -LiteralPath $sample.Destination -DestinationPath $page -Title one
        $null = Export-BackupReport -LiteralPath $sample.Destination -DestinationPath $page -Title two
        Get-Content -LiteralPath $page -Raw | Should -Match '<h1>two</h1>'
    }

    It 'never over anything else' {
        $page = "$(New-TestFolder)/precious.db"
        Set-TextFile -LiteralPath $page -Value 'precious'
        Export-BackupReport -LiteralPath $sample.Destination -DestinationPath $page -ErrorVariable errors -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
        $errors[0].FullyQualifiedErrorId | Should -BeExactly "DestinationNotRecognised,$command"
        Get-Content -LiteralPath $page | Should -Be 'precious'
    }

    It 'into no folder, and asks for the name of the file' {
        $target = New-TestFolder
        Export-BackupReport -LiteralPath $sample.Destination -DestinationPath $target -ErrorVariable errors -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
        $errors[0].FullyQualifiedErrorId | Should -BeExactly "DestinationNotRecognised,$command"
        $errors[0].ErrorDetails.RecommendedAction | Should -BeExactly 'Name the file to write in it.'
        Get-ChildItem -LiteralPath $target -Force | Should -BeNullOrEmpty
    }

    It 'into a folder that it makes' {
        $page = "$(New-TestFolder)/new/report.html"
        $null = Export-BackupReport -LiteralPath $sample.Destination -DestinationPath $page
        Test-Path -LiteralPath $page | Should -BeTrue
    }

    It 'not into another provider' {
        { Export-BackupReport -LiteralPath $sample.Destination -DestinationPath env:x } | Should -Throw -ErrorId "ProviderNotSupported,$command"
    }

    It 'refuses results that are none' {
        { Export-BackupReport -LiteralPath $sample.Destination -DestinationPath "$(New-TestFolder)/r.html" -TestReport ([pscustomobject]@{ Engine = 'SPG' }) } |
            Should -Throw -ErrorId 'ParameterArgumentTransformationError*'
    }

    It 'refuses a negative objective' {
        Export-BackupReport -LiteralPath $sample.Destination -DestinationPath "$(New-TestFolder)/r.html" -RecoveryPointObjective '-1:00' -ErrorVariable errors -ErrorAction SilentlyContinue
        $errors[0].FullyQualifiedErrorId | Should -BeExactly "InvalidOption,$command"
    }
}
