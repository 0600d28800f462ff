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
            Page = 'docs/runbooks/README.md'; Engine = 'SPG'; Name = 'shop.db'
            # What the nightly script has left on the second disk, and the drill of the second machine.
            Before = {
                $null = New-FullBackup ./shop.db -DestinationPath ./second/shop
                Test-BackupChain ./second/shop -RestoreDrill | ConvertTo-Json -Depth 4 | Set-Content -LiteralPath ./drills.json
            }
        }
    )
    $blocks = foreach ($page in $pages) {
        $text = Get-Content -LiteralPath "$root/$($page.Page)" -Raw
        $number = 0
        foreach ($match in [regex]::Matches($text, '(?ms)^```powershell\n(?<code>.*?)^```')) {
            # How to build and install is tried by Module.Tests.ps1.
            if ($match.Groups['code'].Value -notmatch 'build\.ps1') {
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
        @($results).Count | Should -BeGreaterOrEqual $tree.EndBlock.Statements.Count
        # Now is always later than the newest state.
        $results.Where({ $_ -is [Management.Automation.WarningRecord] -and "$_" -notlike '*the newest state is of*' }) | Should -BeNullOrEmpty
    }
}

Describe 'The pictures of terminals' {
    It 'are what their sessions are, each drawn once' {
        $root = (Resolve-Path -LiteralPath "$PSScriptRoot/../..").ProviderPath
        foreach ($session in Get-ChildItem -Path "$root/docs/img/sessions" -Filter *.txt) {
            [xml] $svg = Get-Content -LiteralPath "$root/docs/img/$($session.BaseName).svg" -Raw
            $typed = $svg.GetElementsByTagName('tspan').Where({ $_.GetAttribute('class') -eq 't' }).InnerText
            $shown = (Get-Content -LiteralPath $session.FullName).Where({ -not $_.StartsWith('#!', [StringComparison]::Ordinal) })
            $typed | Should -Be $shown
        }
    }
}
