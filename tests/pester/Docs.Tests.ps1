#Requires -Version 7.6
# The sessions in README and in the pages of docs, run on samples of their engines.
BeforeDiscovery {
    $root = (Resolve-Path -LiteralPath "$PSScriptRoot/../..").ProviderPath
    $pages = @(
        @{ Page = 'README.md'; Engine = 'SQLite'; Name = 'app.db'; Before = $null }
        @{ Page = 'docs/engines/sqlite.md'; Engine = 'SQLite'; Name = 'app.db'; Before = $null }
        @{ Page = 'docs/engines/spg.md'; Engine = 'SPG'; Name = 'shop.db'; Before = $null }
        @{ Page = 'docs/engines/grafeo.md'; Engine = 'Grafeo'; Name = 'graph.grafeo'; Before = $null }
        @{ Page = 'docs/engines/powdb.md'; Engine = 'PowDB'; Name = 'data'; Before = $null }
        @{ Page = 'docs/engines/alopex.md'; Engine = 'Alopex'; Name = 'data'; Before = $null }
        @{
            Page = 'docs/lost-my-database.md'; Engine = 'SPG'; Name = 'shop.db'
            Before = {
                $null = New-FullBackup ./shop.db -DestinationPath ./backups
                # Its last session backs up what the one before has restored.
                if ($Number -eq 5) {
                    $null = Restore-BackupChain ./backups -DestinationPath ./restored/shop.db
                }
            }
        }
        @{
            Page = 'docs/cheatsheet.md'; Engine = 'SPG'; Name = 'shop.db'
            Before = { $null = New-FullBackup ./shop.db -DestinationPath ./backups }
        }
        @{
            Page = 'docs/encryption.md'; Engine = 'SPG'; Name = 'shop.db'
            Before = { $null = New-FullBackup ./shop.db -DestinationPath ./backups }
        }
        @{
            Page = 'docs/runbooks/README.md'; Engine = 'SPG'; Name = 'shop.db'
            # What the nightly script has left on the second disk, and the drill of the second machine.
            Before = {
                $null = New-FullBackup ./shop.db -DestinationPath ./second/shop
                Test-BackupChain ./second/shop -RestoreDrill | ConvertTo-Json -Depth 4 | Set-Content -LiteralPath ./drills.json
            }
        }
    )
    # The rows of the table of cases whose command is a cmdlet's.
    $cases = foreach ($line in Get-Content -LiteralPath "$root/docs/lost-my-database.md") {
        if ($line -match '^\| (?<case>[^|`]+?) (\(`\w+`\) )?\| `(?<code>[A-Z]\w+-\w+ .*?)`') {
            @{ Case = $Matches.case; Code = $Matches.code.Replace('\|', '|') }
        }
    }
    $sessions = Get-ChildItem -Path "$root/docs/img/sessions" -Filter *.txt | ForEach-Object { @{ Name = $_.BaseName } }
    $blocks = foreach ($page in $pages) {
        $text = Get-Content -LiteralPath "$root/$($page.Page)" -Raw
        $number = 0
        foreach ($match in [regex]::Matches($text, '(?ms)^```powershell\n(?<code>.*?)^```')) {
            # How to install is tried by Package.Tests.ps1, the first walk below.
            if ($match.Groups['code'].Value -notmatch 'build\.ps1|dotnet (build|run)') {
                $page + @{ Number = ++$number; Code = $match.Groups['code'].Value -replace '(?m)^PS> ' }
            }
        }
    }
}

BeforeAll {
    . "$PSScriptRoot/Support.ps1"

    # Puts a sample where the page says the database is.
    function Copy-Source([psobject] $Sample, [string] $Name) {
        foreach ($item in Get-ChildItem -LiteralPath "$($Sample.Native)/db") {
            $target = "$($Sample.Native)/$($item.Name.Replace($Sample.Case.Source, $Name))"
            if (Test-Path -LiteralPath $target) {
                Remove-Item -LiteralPath $target -Recurse
            }
            Copy-Item -LiteralPath $item.FullName -Destination $target -Recurse
        }
    }
}

Describe '<Page>, session <Number>' -ForEach $blocks {
    It 'runs as it is written' {
        $sample = New-Sample $Engine
        Copy-Source $sample $Name
        # Positions and times of the page are of a database that we do not have.
        $text = $Code -replace '(?<=-To(Position|Epoch|Lsn) )\d+', $sample.Case.EndAt[1]
        $text = $text -replace '(?<=-PointInTime )\S+', '([datetime]::UtcNow)'
        $tree = [Management.Automation.Language.Parser]::ParseInput($text, [ref] $null, [ref] $null)
        Push-Location -LiteralPath $sample.Native
        if ($Before) {
            . $Before
        }
        $was = $ErrorActionPreference
        $ErrorActionPreference = 'Stop'
        $state = 0
        try {
            $results = foreach ($statement in $tree.EndBlock.Statements.Extent.Text) {
                if ($statement.StartsWith('New-IncrementalBackup', [StringComparison]::Ordinal)) {
                    Set-SampleState $sample (++$state)
                    Copy-Source $sample $Name
                }
                . ([scriptblock]::Create($statement)) 3>&1
            }
        } finally {
            $ErrorActionPreference = $was
            Pop-Location
        }
        $loud = $tree.EndBlock.Statements.Where({ $_ -isnot [Management.Automation.Language.AssignmentStatementAst] })
        @($results).Count | Should -BeGreaterOrEqual $loud.Count
        # Now is always later than the newest state.
        $results.Where({ $_ -is [Management.Automation.WarningRecord] -and "$_" -notlike '*the newest state is from*' }) | Should -BeNullOrEmpty
    }
}

Describe 'The case "<Case>" of docs/lost-my-database.md' -ForEach $cases {
    It 'is helped by its command' {
        $sample = New-SampleChain SPG
        foreach ($folder in 'backups', 'second') {
            $null = Copy-BackupChain -LiteralPath $sample.Destination -DestinationPath "$($sample.Folder)/$folder"
        }
        $plain = { Restore-BackupChain ./backups -DestinationPath ./plain/shop.db -ErrorAction Stop }
        $state = 2
        Push-Location -LiteralPath $sample.Native
        try {
            switch -Wildcard ($Case) {
                'A wrong DELETE*' { $state = 1 }
                'To a position*' { $state = 1 }
                'Several databases*' {
                    $other = New-Sample SQLite
                    Copy-Item -LiteralPath $other.Source -Destination ./ledger.db
                    $null = New-FullBackup ./ledger.db -DestinationPath ./backups
                    $plain | Should -Throw -ErrorId 'ChainIsAmbiguous*'
                }
                'The newest bundle is damaged' {
                    Set-Damage "./backups/$($sample.Bundles[2].Name)"
                    $plain | Should -Throw -ErrorId 'ChecksumMismatch*'
                }
                default { throw "the case '$Case' is not tried" }
            }
            # Just before what came last.
            $text = $Code -replace '(?<=-PointInTime )\S+', $sample.Bundles[2].CreatedUtc.AddTicks(-1).ToString('o')
            $null = . ([scriptblock]::Create("$text -ErrorAction Stop -WarningAction Ignore"))
            Test-RestoredState $sample $state "$($sample.Folder)/restored/shop.db" | Should -BeTrue
        } finally {
            Pop-Location
        }
    }
}

Describe 'The cases of docs/lost-my-database.md' -ForEach @{ Count = $cases.Count } {
    It 'are found, all four that have a command of a cmdlet' {
        $Count | Should -Be 4
    }
}

Describe 'The picture of the session <Name>' -ForEach $sessions {
    BeforeAll {
        $root = (Resolve-Path -LiteralPath "$PSScriptRoot/../..").ProviderPath

        # What a terminal showed, without what each run has of its own: times, ids, numbers, and how wide they are.
        function Get-Shown([string] $Path) {
            [xml] $svg = Get-Content -LiteralPath $Path -Raw
            $svg.GetElementsByTagName('text').ForEach({ $_.InnerText -replace '\b[0-9a-f]{12}\b', 'id' -replace '\d+(\.\d+)?', '0' -replace '-{3,}', '--' -replace '\s+', ' ' })
        }
    }

    It 'is what its commands print today' {
        if ($IsWindows) {
            Set-ItResult -Skipped -Because 'needs Unix: the pictures show its paths'
        }
        $shown = Get-Shown "$root/docs/img/$Name.svg"
        $clock = [Diagnostics.Stopwatch]::StartNew()
        & "$root/docs/img/New-TerminalPicture.ps1" -Name $Name -DestinationPath (ConvertTo-NativePath 'TestDrive:/')
        $clock.Elapsed.TotalMinutes | Should -BeLessThan 5
        Get-Shown (ConvertTo-NativePath "TestDrive:/$Name.svg") | Should -Be $shown
    }
}

Describe 'The first walk' {
    It 'is typed in README as in its session, in lines that a terminal of 80 columns shows whole' {
        $root = (Resolve-Path -LiteralPath "$PSScriptRoot/../..").ProviderPath
        $typed = (Get-Content -LiteralPath "$root/docs/img/sessions/first-walk.txt").Where({ -not $_.StartsWith('#!', [StringComparison]::Ordinal) })
        $readme = Get-Content -LiteralPath "$root/README.md" -Raw
        $block = [regex]::Match($readme, '(?ms)^```powershell\n(dotnet run .*?)\n```').Groups[1].Value -split '\n'
        $block | Should -Be $typed
        # With the prompt before them.
        ($block | Measure-Object -Property Length -Maximum).Maximum | Should -BeLessOrEqual 76
    }

    It 'ends with a database whose rows are those of the first backup' {
        $root = (Resolve-Path -LiteralPath "$PSScriptRoot/../..").ProviderPath
        [xml] $svg = Get-Content -LiteralPath "$root/docs/img/first-walk.svg" -Raw
        $lines = $svg.GetElementsByTagName('text').InnerText
        $lines.Where({ $_.Contains('orders: 1000 rows') }).Count | Should -Be 1
    }
}
