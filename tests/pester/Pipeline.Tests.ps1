#Requires -Version 7.6
# What composes at the prompt: sets of bundles through the pipe, columns that are properties.
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
        Set-TextFile -LiteralPath "$($sample.Destination)/notes.txt" -Value 'no bundle'
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

    It 'is listed and reported as its chains: <_>' -ForEach @(
        'Get-ChildItem -LiteralPath $sample.Destination'
        'Get-BundleHeader -Path $pattern'
        '(Get-BackupChain -LiteralPath $sample.Destination).Bundles'
    ) {
        $set = . ([scriptblock]::Create($_))
        $listed = @($set | Get-BackupChain -ErrorAction Stop)
        $listed.ChainId | Should -Be (Get-BackupChain -LiteralPath $sample.Destination).ChainId
        $listed.IsValid | Should -Not -Contain $false
        $listed[-1].BundleCount | Should -Be ($Chains -eq 1 ? 3 : 1)
        # SQLite's bundles lie in a folder of their database, which stands for them.
        $listed[-1].FullName | Should -BeIn (ConvertTo-NativePath $sample.Destination), (ConvertTo-NativePath "$($sample.Destination)/shop.db")
        @($sample.Bundles[0] | Get-BackupChain).BundleCount | Should -Be 1
        $report = $set | Export-BackupReport -DestinationPath "$($sample.Folder)/set.html"
        $report.IsHealthy | Should -BeTrue
        $report.Databases.Count | Should -Be 1
        $report.Databases[0].RestorableUtc | Should -Be $sample.Bundles[2].CreatedUtc
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

    if ($Chains -eq 1) {
        It 'says of a set without its full that a full is missing' {
            $report = $sample.Bundles[1..2] | Test-BackupChain
            @($report).Count | Should -Be 1
            $report.IsValid | Should -BeFalse
            $report.Problems.Code | Should -Contain 'NoFullBackup'
        }
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

Describe 'What <Engine> objects are as rows' -ForEach $engines {
    BeforeAll {
        $sample = New-SampleChain $Engine
        $chain = @(Get-BackupChain -LiteralPath $sample.Destination)
        $drill = @(Test-BackupChain -LiteralPath $sample.Destination -RestoreDrill)[-1]
    }

    It 'have a database name, the folder''s where the bundle has none' {
        $expected = switch ($Engine) {
            'SQLite' { 'shop.db' }
            { $_ -in 'SPG', 'PowDB' } { 'shop' }
            default { 'b' }
        }
        $chain[0].Database | Should -BeExactly $expected
        $sample.Bundles[0].Database | Should -BeExactly $expected
        (Get-BundleHeader -Path $sample.Bundles[0].FullName.Replace('[', '`[').Replace(']', '`]')).Database | Should -BeExactly $expected
        (Test-BackupChain -LiteralPath $sample.Destination)[0].Database | Should -BeExactly $expected
    }

    It 'answer to the heads of the columns' {
        @($chain | Where-Object Valid).Count | Should -Be $Chains
        ($sample.Bundles | Sort-Object -Property End -Descending)[0].Id | Should -Be $sample.Bundles[2].Id
        $row = $chain | Select-Object -Property Database, Start, End -Last 1
        $row.End | Should -BeOfType ulong
        $row.End | Should -Be $EndAt[2]
        $row.Start | Should -Be $chain[-1].StartPosition
        $row.Database | Should -Be $chain[-1].Database
    }

    It 'hold each value once in JSON and CSV, and answer alike as copies' {
        $json = ConvertTo-Json -InputObject $chain -WarningAction SilentlyContinue | ConvertFrom-Json
        $csv = $chain | ConvertTo-Csv | ConvertFrom-Csv
        foreach ($row in @($json) + @($csv)) {
            foreach ($alias in 'Valid', 'Start', 'End', 'Folder', 'Shared') {
                $row.psobject.Properties.Name | Should -Not -Contain $alias
            }
        }
        $copy = [System.Management.Automation.PSSerializer]::Deserialize([System.Management.Automation.PSSerializer]::Serialize($chain[-1], 4))
        $copy.Valid | Should -BeTrue
        $copy.End | Should -Be $EndAt[2]
    }

    It 'are whole as JSON at the default depth and as CSV' {
        $names = @($chain[-1].Bundles.Name)
        $json = @(ConvertTo-Json -InputObject $chain -WarningAction SilentlyContinue | ConvertFrom-Json)[-1]
        $json.BundleCount | Should -Be $names.Count
        $json.BundleNames | Should -Be $names
        $json.ProblemCount | Should -Be 0
        $json.Timeline | Should -BeExactly $chain[-1].Timeline
        $csv = @($chain | ConvertTo-Csv | ConvertFrom-Csv)[-1]
        $csv.BundleNames | Should -BeExactly ($names -join '; ')
        $csv.Bundles | Should -BeExactly ($chain[-1].Bundles.FullName -join '; ')
        $csv.psobject.Properties.Where({ $_.Value -match '^(System|BackupTools)\.' }).ForEach('Name') | Should -BeNullOrEmpty
    }

    It 'say what an increment is' {
        $said = $sample.Bundles[1].Description
        if ($Engine -eq 'Alopex') {
            $said | Should -Match '^snapshot that shares \d[\d.]* [KMG]?i?B with others$'
            ($chain[1] | Format-Table -View Database | Out-String -Width 120) | Should -Match 'Database: b\b[\s\S]*shares'
        } else {
            $said | Should -BeExactly 'increment'
        }
        ($sample.Bundles[1] | Format-List | Out-String -Width 200) | Should -Match "Description\s+: $said"
    }

    It 'are filtered by number, time and database' {
        @(Get-BackupChain -LiteralPath $sample.Destination -Last 1).ChainId | Should -Be $chain[-1].ChainId
        @(Get-BackupChain -LiteralPath $sample.Destination -Last 10).ChainId | Should -Be $chain.ChainId
        @(Get-BackupChain -LiteralPath $sample.Destination -NewerThan ([DateTime]::UtcNow.AddDays(-1))).Count | Should -Be $Chains
        Get-BackupChain -LiteralPath $sample.Destination -NewerThan $chain[-1].NewestUtc | Should -BeNullOrEmpty
        @(Get-BackupChain -LiteralPath $sample.Destination -Database "$($chain[0].Database[0])*").Count | Should -Be $Chains
        Get-BackupChain -LiteralPath $sample.Destination -Database 'other*' | Should -BeNullOrEmpty
        Get-BackupChain -LiteralPath $sample.Destination -Database 'other' -ErrorAction SilentlyContinue -ErrorVariable errors |
            Should -BeNullOrEmpty
        $errors[0].FullyQualifiedErrorId | Should -BeLike 'ChainNotFound,*'
        @(Get-BackupChain -LiteralPath $sample.Destination -Database 'other', $chain[0].Database -ErrorAction SilentlyContinue).Count |
            Should -Be $Chains
    }

    It 'are read in <Width> columns' -ForEach (80, 83, 87, 94, 100, 107, 120).ForEach({ @{ Width = $_ } }) {
        $page = ConvertTo-NativePath "$($sample.Folder)/report.html"
        if (Test-BackupChain -LiteralPath $sample.Destination -Quiet) {
            Set-Damage $sample.Bundles[2].FullName
        }
        $report = Test-BackupChain -LiteralPath $sample.Destination
        $status = Export-BackupReport -LiteralPath $sample.Destination -DestinationPath $page -TestReport $report
        $expiry = Remove-ExpiredBackup -LiteralPath $sample.Destination -KeepLast 1 -PassThru -WhatIf -ErrorAction SilentlyContinue
        foreach ($rows in @(
                @{ Objects = $sample.Bundles; Head = 'Name' }
                @{ Objects = $chain; Head = 'Database' }
                @{ Objects = $report; Head = 'Database' }
                @{ Objects = $report.Problems; Head = 'Message' }
                if ($drill.DrillTables) { @{ Objects = $drill.DrillTables; Head = 'Rows' } }
                @{ Objects = $expiry.Decisions; Head = 'Name' }
                @{ Objects = $status.Databases; Head = 'Database' }
                @{ Objects = $status.Databases.Chains; Head = 'ChainId' }
                @{ Objects = $status.Databases.Chains.Bundles; Head = 'Name' }
            )) {
            $text = $rows.Objects | Format-Table | Out-String -Width $Width
            $lines = $text -split '\r?\n'
            ($lines | Measure-Object -Property Length -Maximum).Maximum | Should -BeLessOrEqual $Width
            $head = $lines.Where({ $_ -match "(^|\s)$($rows.Head)(\s|$)" })[0]
            $lines[[Array]::IndexOf($lines, $head) + 1] | Should -Match '^[- ]+$' -Because "no head is cut into letters: $head"
            $head | Should -Not -BeNullOrEmpty -Because $text
            $at = [regex]::Match($head, "(?<=^|\s)$($rows.Head)(?=\s|$)").Index
            $next = [regex]::Match($head.Substring($at), '(?<=\s)\S').Index
            # The number of a narrow column beside it may begin further left than its head.
            $cells = $lines.ForEach({ $_.Length -le $at ? '' : $next -gt 0 -and $_.Length -gt $at + $next ? $_.Substring($at, $next - 1) : $_.Substring($at) }) -replace '\s{2,}\S*$' -join '' -replace '\s'
            foreach ($value in $rows.Objects.$($rows.Head)) {
                $cells | Should -Match ([regex]::Escape(($value -replace '\s'))) -Because $text
            }
        }
        foreach ($item in $sample.Bundles[0], $chain[0], $report[0], $drill, $expiry, $status, $status.Databases[0]) {
            $text = $item | Format-List | Out-String -Width $Width
            $text | Should -Not -Match '[^\r\n]{121,}'
        }
    }

    It 'have names of 37 characters at most in one line of 80 columns' {
        # The host keeps the last column of the terminal free.
        $lines = ($sample.Bundles | Format-Table | Out-String -Width 79) -split '\r?\n'
        foreach ($name in $sample.Bundles.Name.Where({ $_.Length -le 37 })) {
            $lines.Where({ $_.Contains($name) }).Count | Should -Be 1 -Because ($lines -join "`n")
        }
    }

    It 'have positions that no line breaks, in <_> columns' -ForEach 79, 82, 90, 120 {
        # A log of 90 megabytes where it is narrow, else one of gigabytes.
        $position = $_ -lt 82 ? 94711123 : 4711123456
        $given = @{ }
        foreach ($property in $sample.Bundles[2].GetType().GetProperties().Where({ $_.CanWrite })) {
            $given[$property.Name] = $property.Name -eq 'EndPosition' ? $position : $sample.Bundles[2].($property.Name)
        }
        [BackupTools.Reports.BundleInfo] $given | Format-Table | Out-String -Width $_ | Should -Match " $position\b"
    }

    It 'have every column in the view Wide, in 120 columns' {
        $finding = [BackupTools.Reports.ProblemInfo] @{ Severity = 'Error'; Code = 'EncryptedNotSupported'; Message = 'm' * 50; FullName = '/b/0000000000000002-0000000000000002.ltx' }
        foreach ($objects in $sample.Bundles, $chain, $drill, $finding) {
            $text = ($objects | Format-Table -View Wide | Out-String -Width 119) -replace "`r"
            $text | Should -Match '(?m)^[- ]+-{3,}'
            $text | Should -Match ($objects -eq $finding ? 'EncryptedNotSupported m+ 0+2-0+2\.ltx' : '\bEnd\b')
            $text | Should -Not -Match '(?m)^.{120,}$'
        }
    }

    It 'are readable beside objects of other types' {
        $text = $sample.Bundles[0], $chain[0], (Test-BackupChain -LiteralPath $sample.Destination)[0] | Out-String -Width 80
        $text | Should -Match 'Timeline\s*:'
        $text | Should -Match 'Checked\s*:'
        $text | Should -Not -Match '(?m)^PSPath'
        $text.Split("`n").Count | Should -BeLessThan 40
    }
}

Describe 'Every head of a view' {
    It 'is a property of its type, or an alias: <Type>' -ForEach @(
        [xml] $views = Get-Content -LiteralPath "$PSScriptRoot/../../module/BackupTools.format.ps1xml" -Raw
        foreach ($view in $views.Configuration.ViewDefinitions.View) {
            $set = $views.Configuration.SelectionSets.SelectionSet.Where({ $_.Name -eq $view.ViewSelectedBy.SelectionSetName })[0]
            @{
                Type  = $set.Types.TypeName[0]
                Heads = @($view.SelectNodes('.//TableColumnHeader/Label | .//ListItem/Label | .//PropertyName') | ForEach-Object -MemberName InnerText)
            }
        }
    ) {
        $known = ($Type -as [type]).GetProperties().Name + @((Get-TypeData -TypeName $Type).Members.Keys)
        $Heads.Where({ $_ -notin $known }) | Should -BeNullOrEmpty
        @((Get-TypeData -TypeName $Type).DefaultDisplayPropertySet.ReferencedProperties).Where({ $_ -notin $known }) | Should -BeNullOrEmpty
    }

    It 'is known in a second runspace too, and after a second import' {
        $count = 1..2 | ForEach-Object -Parallel {
            $manifest = [WildcardPattern]::Escape($env:BACKUPTOOLS_MANIFEST)
            Import-Module -Name $manifest
            Import-Module -Name $manifest -Force
            (Get-TypeData -TypeName BackupTools.Reports.ChainInfo).Members.Count
        }
        $count | Should -Be 5, 5
    }
}

Describe 'A test of <Engine> bundles as a job' -ForEach $engines {
    It 'drills in the background' {
        $sample = New-SampleChain $Engine
        $job = Test-BackupChain -LiteralPath $sample.Destination -RestoreDrill -AsJob
        $job.PSJobTypeName | Should -Be 'BackupJob'
        $reports = @($job | Wait-Job | Receive-Job)
        $job.State | Should -Be 'Completed'
        $reports.Count | Should -Be $Chains
        $reports.IsValid | Should -Not -Contain $false
        $reports[-1].Checked | Should -Be 'Drill'
        $reports[-1].PSPath | Should -Not -BeNullOrEmpty
        { Test-BackupChain -LiteralPath $sample.Destination -Quiet -AsJob } | Should -Throw -ErrorId 'InvalidOption*'
    }
}
