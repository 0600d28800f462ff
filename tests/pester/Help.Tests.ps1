#Requires -Version 7.6
BeforeDiscovery {
    $root = (Resolve-Path -LiteralPath "$PSScriptRoot/../..").ProviderPath
    $frozen = Import-PowerShellDataFile -Path "$PSScriptRoot/Frozen.psd1"
    $cmdlets = foreach ($name in $frozen.Parameters.Keys | Sort-Object) {
        @{ Cmdlet = $name; Parameters = $frozen.Parameters[$name].ForEach({ $_.Split(':')[0] }) }
    }
    $examples = foreach ($page in Get-ChildItem -Path "$root/docs/help" -Filter *-*.md) {
        $text = Get-Content -LiteralPath $page.FullName -Raw
        foreach ($match in [regex]::Matches($text, '(?ms)^### Example \d+: (?<title>.*?)$.*?^```powershell\n(?<code>.*?)^```')) {
            @{ Cmdlet = $page.BaseName; Title = $match.Groups['title'].Value; Code = $match.Groups['code'].Value }
        }
    }
}

BeforeAll {
    . "$PSScriptRoot/Support.ps1"
    $root = (Resolve-Path -LiteralPath "$PSScriptRoot/../..").ProviderPath
    $frozen = Import-PowerShellDataFile -Path "$PSScriptRoot/Frozen.psd1"
    [xml] $maml = Get-Content -LiteralPath "$root/module/en-US/BackupTools.PowerShell.dll-Help.xml" -Raw

    # A part of a page, without the marks of Markdown and with every gap one blank.
    function Get-Section([string] $Page, [string] $Head) {
        $level = $Head.Split(' ')[0].Length
        $text = [regex]::Match($Page, "(?ms)^$([regex]::Escape($Head))\r?\n(.*?)(?=^#{1,$level} |^``{3}yaml|\z)").Groups[1].Value
        Get-Word ($text -replace '\[([^\]]*)\]\([^)]*\)', '$1' -replace '(?ms)^```powershell.*?^```' -replace '`')
    }

    function Get-Word([string] $Text) {
        ($Text -replace '\s+', ' ').Trim()
    }
}

Describe 'Help of <Cmdlet>' -ForEach $cmdlets {
    BeforeAll {
        $entry = @($maml.GetElementsByTagName('command:command')).Where({ $_.details.name -eq $Cmdlet })[0]
        $page = Get-Content -LiteralPath "$root/docs/help/$Cmdlet.md" -Raw
    }

    It 'is what Get-Help shows of a module that was just built' {
        $shown = Get-Help -Name $Cmdlet
        $shown.Synopsis | Should -Be "$($entry.details.description.para)"
        "$($shown.description.Text)" | Should -Not -BeNullOrEmpty
    }

    It 'has a synopsis, a description and notes' {
        "$($entry.details.description.para)" | Should -Match '\.$'
        "$($entry.description.para)".Length | Should -BeGreaterThan 100
    }

    It 'has two examples at least, one of them unattended' {
        @($entry.examples.example).Count | Should -BeGreaterOrEqual 2
        "$($entry.examples.example.title)" | Should -Match 'script'
    }

    It 'has examples whose code is code, and links to what there is' {
        foreach ($example in @($entry.examples.example)) {
            $example.code | Should -Match $Cmdlet
            "$($example.remarks.para)" | Should -Match '\w'
        }
        "$($entry.examples.OuterXml)" | Should -Not -Match '```'
        foreach ($link in @($entry.relatedLinks.navigationLink)) {
            $link.uri | Should -BeNullOrEmpty -Because 'there is no page on the web'
            $frozen.Parameters.Keys | Should -Contain $link.linkText
        }
    }

    It 'describes every parameter, and none that is not there' {
        $described = @($entry.parameters.parameter)
        $described.name | Sort-Object | Should -Be ($Parameters | Sort-Object)
        foreach ($parameter in $described) {
            "$($parameter.description.para)".Length | Should -BeGreaterThan 15 -Because $parameter.name
        }
    }

    It 'says what its page says, word for word' {
        Get-Word $entry.details.description.para | Should -BeExactly (Get-Section $page '## SYNOPSIS')
        Get-Word $entry.description.para | Should -BeExactly (Get-Section $page '## DESCRIPTION')
        foreach ($parameter in @($entry.parameters.parameter)) {
            Get-Word $parameter.description.para | Should -BeExactly (Get-Section $page "### -$($parameter.name)") -Because $parameter.name
        }
        foreach ($example in @($entry.examples.example)) {
            $title = $example.title.Trim(' -')
            Get-Word $example.remarks.para | Should -BeExactly (Get-Section $page "### $title") -Because $title
            $page | Should -Match ([regex]::Escape("``````powershell`n$($example.code)`n``````")) -Because $title
        }
        foreach ($type in @($entry.returnValues.returnValue)) {
            Get-Word $type.description.para | Should -BeExactly (Get-Section $page "### $($type.type.name)") -Because $type.type.name
        }
    }

    It 'says of each parameter what the pipeline and wildcards may give it' {
        foreach ($parameter in @($entry.parameters.parameter)) {
            $real = (Get-Command -Name $Cmdlet).Parameters[$parameter.name]
            $takes = $real.ParameterSets.Values.Where({ $_.ValueFromPipeline }) ? 'true (ByValue)' :
            $real.ParameterSets.Values.Where({ $_.ValueFromPipelineByPropertyName }) ? 'true (ByPropertyName)' : 'false'
            $parameter.pipelineInput | Should -BeExactly $takes -Because $parameter.name
            $wild = $real.Attributes.Where({ $_ -is [System.Management.Automation.SupportsWildcardsAttribute] }).Count -gt 0
            $parameter.globbing | Should -BeExactly "$wild".ToLowerInvariant() -Because $parameter.name
        }
    }

    It 'has a page with nothing left to fill in' {
        $page | Should -Not -Match '\{\{'
        foreach ($parameter in $Parameters) {
            $page | Should -Match "(?m)^### -$parameter$"
        }
    }
}

Describe 'Get-Help' -Tag Slow {
    BeforeAll {
        # As in a package, and as build.ps1 leaves a checkout: en-US beside the manifest.
        $copy = ConvertTo-NativePath 'TestDrive:/package/BackupTools'
        $null = [IO.Directory]::CreateDirectory("$copy/module")
        Copy-Item -LiteralPath "$root/BackupTools.psd1" -Destination $copy
        Copy-Item -LiteralPath "$root/module/BackupTools.format.ps1xml" -Destination "$copy/module"
        Copy-Item -LiteralPath "$root/module/bin" -Destination "$copy/module" -Recurse
        Copy-Item -LiteralPath "$root/module/en-US" -Destination $copy -Recurse
        $asked = pwsh -NoProfile -NonInteractive -Command @"
Import-Module -Name '$copy/BackupTools.psd1'
(Get-Help -Name Restore-BackupChain).Synopsis
@((Get-Help -Name Restore-BackupChain -Examples).examples.example).Count
(Get-Help -Name Restore-BackupChain -Parameter ToPosition).description.Text
(Get-Help -Name about_BackupTools | Out-String).Length
"@
    }

    It 'finds the help beside the manifest' {
        $asked[0] | Should -BeExactly 'Rebuilds a database from a chain, whole or not at all.'
        [int] $asked[1] | Should -BeGreaterOrEqual 2
        $asked[2] | Should -Match 'position'
    }

    It 'finds about_BackupTools' {
        [int] $asked[-1] | Should -BeGreaterThan 2000
    }
}

Describe 'about_BackupTools' {
    It 'names every cmdlet and every engine' {
        $about = Get-Content -LiteralPath "$root/module/en-US/about_BackupTools.help.txt" -Raw
        foreach ($word in (Get-Command -Module BackupTools).Name + 'SQLite', 'SPG', 'Grafeo', 'Alopex', 'PowDB') {
            $about | Should -Match $word
        }
    }
}

Describe 'The examples' {
    BeforeEach {
        $sample = New-Sample SPG
        Copy-Item -Path "$([WildcardPattern]::Escape("$($sample.Native)/db"))/*" -Destination $sample.Native
        $null = New-FullBackup -LiteralPath "$($sample.Folder)/shop.db" -DestinationPath "$($sample.Folder)/backups"
        Set-SampleState $sample 1
        Copy-Item -Path "$([WildcardPattern]::Escape("$($sample.Native)/db"))/*" -Destination $sample.Native
        if ($Cmdlet -ne 'New-IncrementalBackup') {
            $null = New-IncrementalBackup -LiteralPath "$($sample.Folder)/shop.db" -DestinationPath "$($sample.Folder)/backups"
        }
        Push-Location -LiteralPath $sample.Native
    }

    AfterEach {
        Pop-Location
    }

    It '<Cmdlet>: <Title>' -ForEach $examples {
        if ($Code -match '\bexit\b') {
            $run = Invoke-Apart $Code
            $run.ExitCode | Should -Be 0 -Because $run.Output
        } else {
            $was = $ErrorActionPreference
            $ErrorActionPreference = 'Stop'
            try {
                $null = . ([scriptblock]::Create($Code)) 3>&1
            } finally {
                $ErrorActionPreference = $was
            }
        }
    }
}
