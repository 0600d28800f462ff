#Requires -Version 7.6
<#
.SYNOPSIS
    Runs Pester files in this process, under strict mode and in the culture that is asked for.
.DESCRIPTION
    Start it in a pwsh of its own: a module's assemblies stay loaded until the process ends. The exit code is the
    number of failed tests; the last line sums up. "dotnet test" starts it for every file, with its own PowerShell and
    Pester.
.EXAMPLE
    pwsh -NoProfile -File tests/pester/Invoke-Suite.ps1 -Culture tr-TR
#>
[CmdletBinding()]
param(
    # Names of test files in this folder. Default: all.
    [string[]] $Name = '*.Tests.ps1',

    # The culture of the session and of every thread in it.
    [string] $Culture = 'en-US',

    # The manifest to import. Default: the one of this checkout.
    [string] $Manifest = (Join-Path -Path $PSScriptRoot -ChildPath '../../BackupTools.psd1'),

    # Pester's manifest. Default: the newest that is installed.
    [string] $Pester = 'Pester',

    [string[]] $ExcludeTag = @(),

    # The engines whose rows are run, where tests have a row for each. Default: all.
    [string[]] $Engine = @(),

    [ValidateSet('None', 'Normal', 'Detailed')]
    [string] $Output = 'None'
)

$ErrorActionPreference = 'Stop'
$pesterModule = Import-Module -Name $Pester -MinimumVersion 6.2 -PassThru
[cultureinfo]::CurrentCulture = $Culture
[cultureinfo]::DefaultThreadCurrentCulture = $Culture
$env:BACKUPTOOLS_MANIFEST = (Resolve-Path -LiteralPath $Manifest).ProviderPath
$env:BACKUPTOOLS_ENGINES = $Engine -join ','
Import-Module -Name ([WildcardPattern]::Escape($env:BACKUPTOOLS_MANIFEST)) -Global

$configuration = New-PesterConfiguration
$configuration.Run.Path = $Name | ForEach-Object -Process { Get-ChildItem -Path $PSScriptRoot -Filter $_ } | ForEach-Object -MemberName FullName
$configuration.Run.PassThru = $true
$configuration.Filter.ExcludeTag = $ExcludeTag
$configuration.Output.Verbosity = $Output
$configuration.Output.CIFormat = 'None'
$configuration.Output.RenderMode = 'Plaintext'

# The sessions that tests begin are of this PowerShell, whatever else is on the PATH; Wine's is not searched by PowerShell.
Set-Alias -Name pwsh -Value (Join-Path -Path $PSHOME -ChildPath ($IsWindows ? 'pwsh.exe' : 'pwsh')) -Scope Global

Set-StrictMode -Version Latest
$result = Invoke-Pester -Configuration $configuration
foreach ($test in $result.Failed) {
    '{0}{1}  {2}' -f $test.ExpandedPath, [Environment]::NewLine, ($test.ErrorRecord -join [Environment]::NewLine)
}
foreach ($block in $result.FailedBlocks) {
    '{0}{1}  {2}' -f $block.ExpandedPath, [Environment]::NewLine, ($block.ErrorRecord -join [Environment]::NewLine)
}
foreach ($container in $result.FailedContainers) {
    '{0}{1}  {2}' -f $container.Item, [Environment]::NewLine, ($container.ErrorRecord -join [Environment]::NewLine)
}
foreach ($test in $result.Skipped) {
    $reason = "$($test.ErrorRecord)" -replace '^is skipped, because ' -replace '\s+', ' '
    "Pester skipped: {0}`t{1}" -f ($reason ? $reason : 'no reason given'), ($test.ExpandedPath -replace '\s+', ' ')
}
'Pester {0} in PowerShell {1}, {2}: {3} passed, {4} failed, {5} skipped' -f @(
    $pesterModule.Version, $PSVersionTable.PSVersion, $Culture
    $result.PassedCount, $result.FailedCount, $result.SkippedCount
)
# A run that finds nothing to run has failed as well.
exit ($result.FailedCount + $result.FailedContainersCount + $result.FailedBlocksCount + [int]($result.TotalCount -eq 0))
