#Requires -Version 7.6
# The package as somebody gets it: packed, installed into an empty home without a network, and used.
BeforeAll {
    . "$PSScriptRoot/Support.ps1"
    $root = (Resolve-Path -LiteralPath "$PSScriptRoot/../..").ProviderPath
    $version = (Import-PowerShellDataFile -Path "$root/BackupTools.psd1").ModuleVersion

    # PowerShell with a home of its own, from which nothing leads to a network.
    function Invoke-AtHome([string] $HomePath, [string] $Script) {
        $nowhere = 'http://127.0.0.1:9'
        $own = @{
            HOME = $HomePath; USERPROFILE = $HomePath; XDG_DATA_HOME = "$HomePath/.local/share"; XDG_CONFIG_HOME = "$HomePath/.config"
            XDG_CACHE_HOME = "$HomePath/.cache"; PSModulePath = "$HomePath/Modules"; HTTP_PROXY = $nowhere; HTTPS_PROXY = $nowhere; ALL_PROXY = $nowhere
        }
        $was = @{}
        try {
            foreach ($name in $own.Keys) {
                $was[$name] = [Environment]::GetEnvironmentVariable($name)
                [Environment]::SetEnvironmentVariable($name, $own[$name])
            }
            $output = pwsh -NoProfile -NonInteractive -OutputFormat Text -Command "`$ErrorActionPreference = 'Stop'; $Script" 2>&1
            [pscustomobject]@{ Output = $output -join "`n"; ExitCode = $LASTEXITCODE }
        } finally {
            foreach ($name in $own.Keys) {
                [Environment]::SetEnvironmentVariable($name, $was[$name])
            }
        }
    }
}

Describe 'The package' -Tag Slow {
    BeforeAll {
        $out = ConvertTo-NativePath 'TestDrive:/out'
        $there = ConvertTo-NativePath 'TestDrive:/home'
        # .NET takes no folder for data that is not there, and PSResourceGet would write into the session's.
        $null = [IO.Directory]::CreateDirectory($out), [IO.Directory]::CreateDirectory("$there/.local/share"), [IO.Directory]::CreateDirectory("$there/Modules")
        & "$root/build.ps1" Pack -OutputPath $out
        # Windows has no variable for the folder that modules are installed into.
        $install = $IsWindows ? "Save-PSResource -Path '$there/Modules'" : 'Install-PSResource'
        $installed = Invoke-AtHome $there @"
Register-PSResourceRepository -Name Local -Uri '$out' -Trusted
$install -Name BackupTools -Repository Local
(Get-Module -Name BackupTools -ListAvailable).ModuleBase
"@
        $base = $installed.Output.Split("`n")[-1]
    }

    It 'is installed from a folder, without a network' {
        $installed.ExitCode | Should -Be 0 -Because $installed.Output
        $base | Should -BeLike "$there*BackupTools*$version"
    }

    It 'carries licence, notices, changelog, help, about text and runbooks' {
        foreach ($file in 'LICENSE', 'THIRD-PARTY-NOTICES.txt', 'CHANGELOG.md', 'en-US/about_BackupTools.help.txt', 'en-US/BackupTools.PowerShell.dll-Help.xml') {
            Get-Item -LiteralPath "$base/$file" | ForEach-Object -MemberName Length | Should -BeGreaterThan 500
        }
        (Get-ChildItem -LiteralPath "$base/runbooks").Name | Should -Be (Get-ChildItem -LiteralPath "$root/docs/runbooks").Name
    }

    It 'has a notice of each package whose files it carries, and of the library in each native file' {
        $notices = Get-Content -LiteralPath "$base/THIRD-PARTY-NOTICES.txt" -Raw
        $carried = (Get-ChildItem -LiteralPath "$base/module/bin/lib" -Recurse -File).BaseName | Sort-Object -Unique
        $carried | Should -Contain 'K4os.Compression.LZ4'
        foreach ($name in $carried -replace '^lib' -ne 'BackupTools.Core') {
            $notices.Contains($name) | Should -BeTrue -Because $name
        }
        # Each of the packages that Core names, which bring these files.
        $project = [xml] (Get-Content -LiteralPath "$root/src/BackupTools.Core/BackupTools.Core.csproj" -Raw)
        $packages = $project.SelectNodes('//PackageReference[not(@PrivateAssets="all")]').ForEach({ $_.Include })
        $packages.Count | Should -BeGreaterThan 4
        foreach ($name in $packages) {
            $notices.Contains($name) | Should -BeTrue -Because $name
        }
    }

    It 'shows its help with examples, and says of -Online that there is no page' {
        $asked = Invoke-AtHome $there @'
(Get-Help -Name Restore-BackupChain -Examples | Out-String) -match 'Restore-BackupChain -Path \./backups'
(Get-Help -Name about_BackupTools | Out-String).Length -gt 2000
try { Get-Help -Name Restore-BackupChain -Online } catch { "$_" }
'@
        $asked.ExitCode | Should -Be 0 -Because $asked.Output
        $asked.Output.Split("`n")[0..1] | Should -Be 'True', 'True'
        $asked.Output.Split("`n")[2] | Should -Match 'online'
    }

    It 'backs up a SQLite database, tests, and restores it' {
        $sample = New-Sample SQLite
        $work = "$there/work"
        $null = [IO.Directory]::CreateDirectory($work)
        Copy-Item -LiteralPath "$($sample.Native)/db/shop.db" -Destination $work
        $run = Invoke-AtHome $there @"
Set-Location -LiteralPath '$work'
`$made = New-FullBackup ./shop.db -DestinationPath ./backups
(Get-Module -Name BackupTools).ModuleBase
(Test-BackupChain ./backups -RestoreDrill).IsValid
(Restore-BackupChain ./backups -DestinationPath ./new.db).EndPosition
"@
        $run.ExitCode | Should -Be 0 -Because $run.Output
        $run.Output.Split("`n") | Should -Be $base, 'True', '1'
        Get-FileHash -LiteralPath "$work/new.db" | ForEach-Object -MemberName Hash |
            Should -Be (Get-FileHash -LiteralPath "$work/shop.db").Hash
    }
}
