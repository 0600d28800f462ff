#Requires -Version 7.6
BeforeDiscovery {
    . "$PSScriptRoot/Support.ps1"
    $frozen = Import-PowerShellDataFile -Path "$PSScriptRoot/Frozen.psd1"
    $cmdlets = foreach ($name in $frozen.Parameters.Keys) { @{ Cmdlet = $name; Parameters = $frozen.Parameters[$name] } }
    $types = foreach ($name in $frozen.Properties.Keys) { @{ Type = $name; Properties = $frozen.Properties[$name] } }
}

BeforeAll {
    . "$PSScriptRoot/Support.ps1"
    $root = (Resolve-Path -LiteralPath "$PSScriptRoot/../..").ProviderPath
    $frozen = Import-PowerShellDataFile -Path "$PSScriptRoot/Frozen.psd1"
    $module = Get-Module -Name BackupTools
    $cmdletLibrary = (Get-Command -Name New-FullBackup).ImplementingType.Assembly
}

Describe 'The manifest' {
    BeforeAll {
        $data = Import-PowerShellDataFile -LiteralPath $env:BACKUPTOOLS_MANIFEST
    }

    It 'passes Test-ModuleManifest' {
        # Of the checkout: Test-ModuleManifest itself does not cope with a folder called "a [1]".
        $manifest = Test-ModuleManifest -Path "$root/BackupTools.psd1"
        $manifest.Name | Should -Be 'BackupTools'
    }

    It 'exports exactly the cmdlets that it lists' {
        $module.ExportedCmdlets.Keys | Sort-Object | Should -Be ($data.CmdletsToExport | Sort-Object)
    }

    It 'exports exactly the cmdlets that the dll has' {
        $found = $cmdletLibrary.GetTypes().ForEach({
                $_.GetCustomAttributes([System.Management.Automation.CmdletAttribute], $false).ForEach({ "$($_.VerbName)-$($_.NounName)" })
            })
        $found | Sort-Object | Should -Be ($data.CmdletsToExport | Sort-Object)
    }

    It 'says explicitly that it exports no <_>' -ForEach 'FunctionsToExport', 'AliasesToExport', 'VariablesToExport' {
        $data.ContainsKey($_) | Should -BeTrue
        @($data[$_]).Count | Should -Be 0
    }

    It 'requires the PowerShell that it is made for' {
        $data.PowerShellVersion | Should -Be '7.6'
        $data.CompatiblePSEditions | Should -Be 'Core'
    }

    It 'has <_> for the gallery' -ForEach 'Tags', 'ReleaseNotes' {
        $data.PrivateData.PSData[$_] | Should -Not -BeNullOrEmpty
    }

    It 'has the version of the programs, which is the newest that the changelog tells of' {
        $props = [xml] (Get-Content -LiteralPath "$root/Directory.Build.props" -Raw)
        $data.ModuleVersion | Should -BeExactly $props.SelectSingleNode('//VersionPrefix').InnerText
        $heads = (Get-Content -LiteralPath "$root/CHANGELOG.md") -match '^## '
        $heads[0] | Should -BeExactly '## [Unreleased]'
        $heads[1] | Should -Match "^## \[$([regex]::Escape($data.ModuleVersion))\] - \d{4}-\d\d-\d\d$"
        $heads.Where({ $_ -notmatch '^## \[(Unreleased|\d+\.\d+\.\d+)\]' }) | Should -BeNullOrEmpty
    }

    It 'names every engine among the tags' {
        foreach ($engine in 'SQLite', 'SPG', 'Grafeo', 'Alopex', 'PowDB') {
            $data.PrivateData.PSData.Tags | Should -Contain $engine
        }
    }

    It 'has nothing that other modules could be given beside the cmdlets' {
        Get-ChildItem -LiteralPath "$root/module/bin" -File | ForEach-Object -MemberName Name | Sort-Object |
            Should -Be 'BackupTools.PowerShell.dll'
    }

    It 'runs nothing at import but the loader' {
        $cmdletLibrary.GetTypes().Where({ $_.GetInterface('IModuleAssemblyInitializer') }).Name | Should -Be 'ModuleLoader'
    }
}

Describe 'Frozen: <Cmdlet>' -ForEach $cmdlets {
    BeforeAll {
        $command = Get-Command -Name $Cmdlet
        $common = [System.Management.Automation.Cmdlet]::CommonParameters + [System.Management.Automation.Cmdlet]::OptionalCommonParameters
    }

    It 'has the parameters it always had' {
        $found = $command.Parameters.Values.Where({ $_.Name -notin $common -or $_.Name -in 'WhatIf', 'Confirm' }).ForEach({
                "$($_.Name): $($_.ParameterType)"
            })
        ($found | Sort-Object) -join "`n" | Should -BeExactly (($Parameters | Sort-Object) -join "`n")
    }

    It 'has an approved verb' {
        (Get-Verb -Verb $command.Verb) | Should -Not -BeNullOrEmpty
    }

    It 'takes Path with wildcards by value, and LiteralPath as PSPath by property name' {
        if ($Cmdlet -eq 'New-BackupKey') {
            return # its Path is of what it makes
        }
        $path = $command.Parameters['Path']
        $path.Attributes.Where({ $_ -is [System.Management.Automation.SupportsWildcardsAttribute] }).Count | Should -Be 1
        $path.ParameterSets.Values.Where({ -not $_.ValueFromPipeline -or $_.ValueFromPipelineByPropertyName }) | Should -BeNullOrEmpty
        $literal = $command.Parameters['LiteralPath']
        $literal.Aliases | Should -Contain 'PSPath'
        $literal.Aliases | Should -Contain 'FullName'
        $literal.ParameterSets.Values.Where({ -not $_.ValueFromPipelineByPropertyName }) | Should -BeNullOrEmpty
    }

    It 'says what it returns' {
        $command.OutputType.Count | Should -BeGreaterThan 0
    }

    It 'asks only when it writes' {
        $command.Parameters.ContainsKey('WhatIf') | Should -Be ($command.Verb -notin 'Get', 'Test')
    }
}

Describe 'Frozen: <Type>' -ForEach $types {
    It 'has the properties it always had' {
        $found = ($Type -as [type]).GetProperties().ForEach({ "$($_.Name): $($_.PropertyType)" })
        ($found | Sort-Object) -join "`n" | Should -BeExactly (($Properties | Sort-Object) -join "`n")
    }

    It 'has a view, also for its deserialized copies' {
        Get-FormatData -TypeName $Type -PowerShellVersion 7.6 | Should -Not -BeNullOrEmpty
        Get-FormatData -TypeName "Deserialized.$Type" -PowerShellVersion 7.6 | Should -Not -BeNullOrEmpty
    }

    It 'has no property called Path, and none that is an enum, a span of time or a block of bytes' {
        $properties = ($Type -as [type]).GetProperties()
        $properties.Name | Should -Not -Contain 'Path'
        $properties.Where({ $_.PropertyType.IsEnum -or $_.PropertyType -in [timespan], [byte[]] }) | Should -BeNullOrEmpty
    }
}

Describe 'Frozen: error ids' {
    It 'are the names they always were' {
        ([enum]::GetNames([BackupTools.Errors.ErrorCode]) | Sort-Object) -join "`n" |
            Should -BeExactly (($frozen.ErrorIds | Sort-Object) -join "`n")
    }

    It 'all have a sentence of advice' {
        foreach ($code in [enum]::GetValues([BackupTools.Errors.ErrorCode])) {
            [BackupTools.Errors.ErrorCodes]::DefaultRecommendation($code) | Should -Match '^[A-Z].*\.$'
        }
    }
}

Describe 'The engines of -Engine' {
    It 'are those that the library knows' {
        $names = [BackupTools.Options.EngineNames]::All
        foreach ($command in Get-Command -Module BackupTools -ParameterName Engine) {
            $line = "$command -Engine "
            (TabExpansion2 -inputScript $line -cursorColumn $line.Length).CompletionMatches.CompletionText | Sort-Object |
                Should -Be ($names | Sort-Object)
        }
    }
}

Describe 'PSScriptAnalyzer' -Tag Slow {
    # One test, so that a machine without the analyzer skips one.
    It 'has nothing to say about any script, example or session' {
        if (-not (Get-Module -Name PSScriptAnalyzer -ListAvailable)) {
            Set-ItResult -Skipped -Because 'PSScriptAnalyzer is not installed'
            return
        }
        $root = (Resolve-Path -LiteralPath "$PSScriptRoot/../..").ProviderPath
        $scripts = @("$root/build.ps1") + @(Get-ChildItem -Path "$root/tests/pester", "$root/docs/runbooks", "$root/docs/img" -Filter *.ps1).FullName
        $found = @(
            foreach ($script in $scripts) {
                Invoke-ScriptAnalyzer -Path $script -Severity Error, Warning -Settings "$PSScriptRoot/PSScriptAnalyzerSettings.psd1" |
                    ForEach-Object -Process { "$script line $($_.Line): $($_.RuleName): $($_.Message)" }
            }
            $pages = Get-ChildItem -Path "$root/README.md", "$root/docs/*.md", "$root/docs/engines/*.md", "$root/docs/runbooks/README.md", "$root/docs/help/*-*.md"
            foreach ($page in $pages) {
                $text = Get-Content -LiteralPath $page.FullName -Raw
                foreach ($match in [regex]::Matches($text, '(?ms)^```powershell\n(?<code>.*?)^```')) {
                    $code = $match.Groups['code'].Value -replace '(?m)^PS> '
                    Invoke-ScriptAnalyzer -ScriptDefinition $code -Severity Error, Warning |
                        ForEach-Object -Process { "$($page.Name): $($_.RuleName): $($_.Message) in $code" }
                }
            }
        )
        $found | Should -BeNullOrEmpty
    }
}
