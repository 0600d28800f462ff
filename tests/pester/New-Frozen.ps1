#Requires -Version 7.6
<#
.SYNOPSIS
    Writes Frozen.psd1 anew, for a change of the public face that is meant.
#>
[CmdletBinding()]
param()

$ErrorActionPreference = 'Stop'
Import-Module -Name "$PSScriptRoot/../../BackupTools.psd1"
$common = [System.Management.Automation.Cmdlet]::CommonParameters + [System.Management.Automation.Cmdlet]::OptionalCommonParameters
$lines = @(
    '# The public face of the module: renaming or removing anything here breaks scripts. New-Frozen.ps1 writes it anew.'
    '@{'
    '    Parameters = @{'
    foreach ($command in Get-Command -Module BackupTools | Sort-Object -Property Name) {
        "        '$($command.Name)' = @("
        $entries = foreach ($parameter in $command.Parameters.Values | Sort-Object -Property Name) {
            if ($parameter.Name -notin $common -or $parameter.Name -in 'WhatIf', 'Confirm') {
                "'$($parameter.Name): $($parameter.ParameterType)'"
            }
        }
        for ($i = 0; $i -lt $entries.Count; $i += 2) {
            "            $($entries[$i..($i + 1)] -ne $null -join ', ')"
        }
        '        )'
    }
    '    }'
    '    Properties = @{'
    $types = 'BundleInfo', 'ChainInfo', 'ChainReport', 'RestoreReport', 'CopyReport', 'ExpiryReport', 'ExpiryDecisionInfo',
    'BackupReport', 'DatabaseStatus', 'ChainStatus', 'BundleStatus', 'ProblemInfo', 'SqliteInfo', 'TableInfo'
    foreach ($type in $types) {
        "        'BackupTools.Reports.$type' = @("
        foreach ($property in "BackupTools.Reports.$type" -as [type] | ForEach-Object -Process { $_.GetProperties() }) {
            "            '$($property.Name): $($property.PropertyType)'"
        }
        '        )'
    }
    '    }'
    '    ErrorIds = @('
    $names = [enum]::GetNames([BackupTools.Errors.ErrorCode])
    for ($i = 0; $i -lt $names.Count; $i += 4) {
        "        '$($names[$i..($i + 3)] -ne $null -join "', '")'"
    }
    '    )'
    '}'
)
Set-Content -LiteralPath "$PSScriptRoot/Frozen.psd1" -Value $lines
