#Requires -Version 7.6
<#
.SYNOPSIS
    Builds, tests, packs and shows BackupTools.
.DESCRIPTION
    Build    compiles everything; the checkout can then be imported by ./BackupTools.psd1.
    Test     runs all tests, those of the cmdlets in real PowerShell included.
    Package  stages out/BackupTools/<version> and packs out/BackupTools.<version>.nupkg from it.
    Demo     backs up, damages, tests and restores a sample database.
    Bench    runs the benchmarks in tests/benchmarks.
    Soak     runs the long crash and writer tests in tests/crash.
.EXAMPLE
    ./build.ps1 Demo
.EXAMPLE
    ./build.ps1 Build, Test, Package
#>
[CmdletBinding()]
param(
    [Parameter(Position = 0)]
    [ValidateSet('Build', 'Test', 'Package', 'Demo', 'Bench', 'Soak')]
    [string[]] $Task = 'Build',

    [ValidateSet('Debug', 'Release')]
    [string] $Configuration = 'Release',

    # Signs the dll, psd1 and ps1xml files of the package.
    [System.Security.Cryptography.X509Certificates.X509Certificate2] $Certificate,

    # Handed on to the program that Bench or Soak starts.
    [string[]] $ArgumentList = @()
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
$PSNativeCommandUseErrorActionPreference = $true

function Invoke-Build {
    dotnet build $PSScriptRoot --configuration $Configuration --nologo --verbosity quiet
    # PowerShell looks for help beside the manifest, not in module/.
    $help = Join-Path $PSScriptRoot 'module' 'en-US'
    if (Test-Path $help) {
        Copy-Item -Path $help -Destination $PSScriptRoot -Recurse -Force
    }
}

function Invoke-Test {
    dotnet test $PSScriptRoot --nologo
}

function Invoke-Package {
    Invoke-Build
    $manifest = Import-PowerShellDataFile (Join-Path $PSScriptRoot 'BackupTools.psd1')
    $out = Join-Path $PSScriptRoot 'out'
    $stage = Join-Path $out 'BackupTools' $manifest.ModuleVersion
    if (Test-Path $stage) {
        Remove-Item $stage -Recurse
    }
    foreach ($folder in 'module/bin', 'en-US') {
        $null = New-Item (Join-Path $stage $folder) -ItemType Directory
    }
    $files = @{
        'BackupTools.psd1'                        = ''
        'LICENSE'                                 = ''
        'module/BackupTools.format.ps1xml'        = 'module'
        'module/bin/BackupTools.Core.dll'         = 'module/bin'
        'module/bin/BackupTools.PowerShell.dll'   = 'module/bin'
        'module/en-US/about_BackupTools.help.txt' = 'en-US'
        'module/en-US/BackupTools.PowerShell.dll-Help.xml' = 'en-US'
    }
    foreach ($file in $files.GetEnumerator()) {
        Copy-Item (Join-Path $PSScriptRoot $file.Key) -Destination (Join-Path $stage $file.Value)
    }
    if ($Certificate) {
        Get-ChildItem $stage -Recurse -Include *.dll, *.psd1, *.ps1xml |
            Set-AuthenticodeSignature -Certificate $Certificate -HashAlgorithm SHA256 |
            Where-Object Status -ne Valid |
            ForEach-Object { throw "$($_.Path) could not be signed: $($_.StatusMessage)" }
    }
    $null = Test-ModuleManifest (Join-Path $stage 'BackupTools.psd1')
    Remove-Item (Join-Path $out 'BackupTools.*.nupkg') -ErrorAction Ignore
    Compress-PSResource -Path $stage -DestinationPath $out
    Get-Item (Join-Path $out 'BackupTools.*.nupkg')
}

function Invoke-Demo {
    dotnet run --project (Join-Path $PSScriptRoot 'src' 'BackupTools.Console') --configuration $Configuration -- demo
}

function Invoke-Project([string] $Name, [string] $Folder) {
    $project = Join-Path $PSScriptRoot 'tests' $Folder
    if (-not (Test-Path (Join-Path $project '*.csproj'))) {
        throw "$Name needs the project tests/$Folder, which is not in this checkout."
    }
    dotnet run --project $project --configuration Release -- $ArgumentList
}

foreach ($name in $Task) {
    switch ($name) {
        'Build' { Invoke-Build }
        'Test' { Invoke-Test }
        'Package' { Invoke-Package }
        'Demo' { Invoke-Demo }
        'Bench' { Invoke-Project 'Bench' 'benchmarks' }
        'Soak' { Invoke-Project 'Soak' 'crash' }
    }
}
