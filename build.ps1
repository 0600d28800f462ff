#Requires -Version 7.6
<#
.SYNOPSIS
    Builds, tests, packs and shows BackupTools.
.DESCRIPTION
    Build    compiles everything; the checkout can then be imported by ./BackupTools.psd1.
    Test     runs all tests, those of the cmdlets in real PowerShell included.
    TestWindows  runs the tests as on Windows, under Wine: those of xunit and of Pester in a .NET for Windows, and every
             operation of every engine beside this system; needs bash and Debian's package wine.
    Pack     stages out/BackupTools/<version> from what was built last, and packs out/BackupTools.<version>.nupkg.
    Package  builds, packs that, and packs the console program for each system:
             out/backuptools-<version>-<system>.tar.gz or .zip; and Core as a library: out/library/BackupTools.Core.<version>.nupkg.
    Help     makes the help file of the module from docs/help; needs Microsoft.PowerShell.PlatyPS.
    Demo     backs up, damages, tests and restores a sample database.
    Bench    runs the benchmarks in tests/benchmarks.
    Soak     runs the long versions of the writer, damage, fault, lives, crash and fuzz tests, more than two hours in all.
.EXAMPLE
    ./build.ps1 Demo
.EXAMPLE
    ./build.ps1 Build, Test, Package
#>
[CmdletBinding()]
param(
    [Parameter(Position = 0)]
    [ValidateSet('Build', 'Test', 'TestWindows', 'Pack', 'Package', 'Help', 'Demo', 'Bench', 'Soak')]
    [string[]] $Task = 'Build',

    [ValidateSet('Debug', 'Release')]
    [string] $Configuration = 'Release',

    # Where packages go.
    [string] $OutputPath = "$PSScriptRoot/out",

    # Signs the dll, psd1 and ps1xml files of the package.
    [System.Security.Cryptography.X509Certificates.X509Certificate2] $Certificate,

    # Handed on to the program that Bench starts, or by Soak to the fuzzer: "--minutes 60".
    [string[]] $ArgumentList = @()
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
$PSNativeCommandUseErrorActionPreference = $true

function Invoke-Build([string] $Configuration) {
    dotnet build $PSScriptRoot --configuration $Configuration --nologo --verbosity quiet
}

function Invoke-Pack([string] $OutputPath, $Certificate) {
    $version = (Import-PowerShellDataFile -Path "$PSScriptRoot/BackupTools.psd1").ModuleVersion
    $stage = "$OutputPath/BackupTools/$version"
    if (Test-Path -LiteralPath $stage) {
        Remove-Item -LiteralPath $stage -Recurse
    }
    $files = @{
        ''       = 'BackupTools.psd1', 'LICENSE', 'THIRD-PARTY-NOTICES.txt', 'CHANGELOG.md', 'docs/runbooks'
        'module' = 'module/BackupTools.format.ps1xml', 'module/bin'
        'en-US'  = 'module/en-US/about_BackupTools.help.txt', 'module/en-US/BackupTools.PowerShell.dll-Help.xml'
    }
    foreach ($folder in $files.Keys | Sort-Object) {
        $null = New-Item -Path "$stage/$folder" -ItemType Directory -Force
        foreach ($file in $files[$folder]) {
            Copy-Item -LiteralPath "$PSScriptRoot/$file" -Destination "$stage/$folder" -Recurse
        }
    }
    if ($Certificate) {
        Get-ChildItem -LiteralPath $stage -Recurse -Include *.dll, *.psd1, *.ps1xml |
            Set-AuthenticodeSignature -Certificate $Certificate -HashAlgorithm SHA256 |
            Where-Object Status -NE Valid |
            ForEach-Object { throw "$($_.Path) could not be signed: $($_.StatusMessage)" }
    }
    $null = Test-ModuleManifest -Path "$stage/BackupTools.psd1"
    Remove-Item -Path "$OutputPath/BackupTools.*.nupkg" -ErrorAction Ignore
    Compress-PSResource -Path $stage -DestinationPath $OutputPath
    Get-Item -Path "$OutputPath/BackupTools.*.nupkg"
}

# The console program compiled beforehand, one archive per system; each needs the .NET runtime and nothing else.
function Invoke-Archive([string] $OutputPath) {
    $version = (Import-PowerShellDataFile -Path "$PSScriptRoot/BackupTools.psd1").ModuleVersion
    foreach ($system in 'linux-x64', 'linux-arm64', 'win-x64', 'osx-arm64') {
        $name = "backuptools-$version-$system"
        Remove-Item -Path "$OutputPath/$name", "$OutputPath/$name.*" -Recurse -ErrorAction Ignore
        dotnet publish "$PSScriptRoot/src/BackupTools.Console" --configuration Release --runtime $system `
            --no-self-contained --output "$OutputPath/$name" --nologo --verbosity quiet `
            -p:DebugType=none -p:PublishDocumentationFiles=false -p:PublishReferencesDocumentationFiles=false
        Copy-Item -LiteralPath "$PSScriptRoot/LICENSE", "$PSScriptRoot/THIRD-PARTY-NOTICES.txt" -Destination "$OutputPath/$name"
        # tar keeps the right to run the program; Windows does not know it, and opens zip files.
        if ($system.StartsWith('win')) {
            Compress-Archive -Path "$OutputPath/$name" -DestinationPath "$OutputPath/$name.zip"
        } else {
            tar -czf "$OutputPath/$name.tar.gz" -C $OutputPath $name
        }
        Get-Item -Path "$OutputPath/$name.*"
    }
}

function Invoke-Help {
    $pages = Get-ChildItem -Path "$PSScriptRoot/docs/help" -Filter *-*.md | Import-MarkdownCommandHelp
    $made = $pages | Export-MamlCommandHelp -OutputFolder "$PSScriptRoot/out/help" -Force
    Edit-HelpFile -Path $made.FullName
    Move-Item -LiteralPath $made.FullName -Destination "$PSScriptRoot/module/en-US" -Force
}

# PlatyPS leaves the code of an example in its introduction, fences and all, and makes links out of names of files.
function Edit-HelpFile([string] $Path) {
    $xml = [xml]::new()
    $xml.PreserveWhitespace = $true
    $xml.Load($Path)
    foreach ($example in $xml.GetElementsByTagName('command:example')) {
        $paragraphs = @($example['maml:introduction'].GetElementsByTagName('maml:para'))
        $code, $rest = $paragraphs.Where({ $_.InnerText -match '(?s)^```\w*\n.*\n```$' }, 'Split')
        if ($code) {
            $example['dev:code'].InnerText = ($code.InnerText -replace '(?m)^```\w*\n?' -join "`n").Trim()
            $null = $code.ForEach({ $_.ParentNode.RemoveChild($_) })
            # What is left says what the code did; a paragraph without a letter only kept a distance from it.
            $null = $rest.Where({ $_.InnerText -match '\w' }).ForEach({ $example['dev:remarks'].AppendChild($_) })
            $example['maml:introduction'].InnerXml = ''
        }
    }
    foreach ($link in @($xml.GetElementsByTagName('maml:navigationLink'))) {
        if ($link['maml:linkText'].InnerText -eq 'Online Version') {
            $null = $link.ParentNode.RemoveChild($link)
        } else {
            $link['maml:uri'].InnerText = ''
        }
    }
    [IO.File]::WriteAllText($Path, $xml.OuterXml)
}

function Invoke-Project([string] $Name, [string] $Folder, [string[]] $ArgumentList) {
    $project = "$PSScriptRoot/tests/$Folder"
    if (-not (Test-Path -Path "$project/*.csproj")) {
        throw "$Name needs the project tests/$Folder, which is not in this checkout."
    }
    dotnet run --project $project --configuration Release -- $ArgumentList
}

function Invoke-Soak([string[]] $ArgumentList) {
    $parts = [ordered]@{
        'writers, damage and lives' = {
            $seconds = $env:BACKUPTOOLS_SOAK
            try {
                $env:BACKUPTOOLS_SOAK = '120'
                $long = 'LiveTests', 'ChainDamageTests', 'HostileFileTests', 'FaultTests', 'GrafeoChainLifeTests', 'StoreKillTests', 'StoreRemovalTests', 'StoreBackupTests', 'AlopexInterleavingTests', 'AlopexRestoreTests', 'LivesTests',
                'ChainPropertyTests', 'PowDbHistoryTests', 'ConcurrencyTests', 'PesterCultureTests'
                $filter = $long.ForEach({ "FullyQualifiedName~$_" }) -join '|'
                dotnet test "$PSScriptRoot/tests/BackupTools.Core.Tests" --nologo --filter $filter
            } finally {
                $env:BACKUPTOOLS_SOAK = $seconds
            }
        }
        'crash'              = { Invoke-Project -Name Soak -Folder crash }
        'fuzz'               = { Invoke-Project -Name Soak -Folder fuzz -ArgumentList ($ArgumentList ? $ArgumentList : ('--minutes', '30')) }
    }
    # What one part finds must not keep the others from running.
    $failed = foreach ($part in $parts.GetEnumerator()) {
        try {
            & $part.Value | Out-Host
        } catch {
            Write-Warning "$($part.Key): $_"
            $part.Key
        }
    }
    if ($failed) {
        throw "Soak found something: $($failed -join ', ')"
    }
}

foreach ($name in $Task) {
    switch ($name) {
        'Build' { Invoke-Build -Configuration $Configuration }
        'Test' { dotnet test $PSScriptRoot --nologo }
        'TestWindows' { bash "$PSScriptRoot/tests/windows/run.sh" }
        'Pack' { Invoke-Pack -OutputPath $OutputPath -Certificate $Certificate }
        'Package' {
            Invoke-Build -Configuration $Configuration
            Invoke-Pack -OutputPath $OutputPath -Certificate $Certificate
            Invoke-Archive -OutputPath $OutputPath
            dotnet pack "$PSScriptRoot/src/BackupTools.Core" --configuration Release --output "$OutputPath/library" --nologo --verbosity quiet
            Get-Item -Path "$OutputPath/library/*.nupkg"
        }
        'Help' { Invoke-Help }
        'Demo' { dotnet run --project "$PSScriptRoot/src/BackupTools.Console" --configuration $Configuration -- demo }
        'Bench' { Invoke-Project -Name Bench -Folder benchmarks -ArgumentList $ArgumentList }
        'Soak' { Invoke-Soak -ArgumentList $ArgumentList }
    }
}
