#Requires -Version 7.6
BeforeDiscovery {
    $cases = foreach ($version in '8.0.0', '9.0.4') {
        foreach ($order in 'before', 'after') {
            @{ Version = $version; Order = $order }
        }
    }
}

BeforeAll {
    . "$PSScriptRoot/Support.ps1"
    $root = (Resolve-Path -LiteralPath "$PSScriptRoot/../..").ProviderPath
    $packages = $env:NUGET_PACKAGES ? $env:NUGET_PACKAGES : "$HOME/.nuget/packages"

    # A session of its own that has not imported anything.
    function Invoke-Fresh([string] $Script) {
        $text = "`$ErrorActionPreference = 'Stop'; `$ours = '{0}'; {1}" -f [WildcardPattern]::Escape($env:BACKUPTOOLS_MANIFEST), $Script
        $output = pwsh -NoProfile -NonInteractive -OutputFormat Text -Command $text 2>&1
        $LASTEXITCODE | Should -Be 0 -Because "$output"
        $output
    }

    # The assemblies that the module brings and that a session has loaded, each with its load context.
    $loaded = @'
[AppDomain]::CurrentDomain.GetAssemblies().Where({ $_.Location.StartsWith([IO.Path]::Combine([IO.Path]::GetDirectoryName($ours), 'module')) }).ForEach({
    '{0} {1}' -f [Runtime.Loader.AssemblyLoadContext]::GetLoadContext($_).Name, $_.GetName().Name
}) | Sort-Object
'@

    # A binary module with System.IO.Hashing of another version beside it, as most modules bring their packages. It also
    # offers that version to whoever looks for one.
    function New-OtherModule([string] $Version) {
        $folder = ConvertTo-NativePath "TestDrive:/Other$($Version.Replace('.', ''))"
        $null = [IO.Directory]::CreateDirectory($folder)
        Copy-Item -LiteralPath "$packages/system.io.hashing/$Version/lib/net8.0/System.IO.Hashing.dll" -Destination $folder
        $code = @'
using System;
using System.IO;
using System.Management.Automation;
using System.Reflection;
[Cmdlet(VerbsCommon.Get, "OtherHash")]
public sealed class GetOtherHashCommand : PSCmdlet, IModuleAssemblyInitializer
{
    public void OnImport() => AppDomain.CurrentDomain.AssemblyResolve += (_, wanted) =>
        new AssemblyName(wanted.Name).Name == "System.IO.Hashing" ? typeof(System.IO.Hashing.Crc32).Assembly : null;

    protected override void ProcessRecord() => WriteObject(
        typeof(System.IO.Hashing.Crc32).Assembly.GetName().Version
        + " " + Convert.ToHexString(System.IO.Hashing.Crc32.Hash(new byte[] { 49, 50, 51, 52, 53, 54, 55, 56, 57 })));
}
'@
        # 1701: the package was built against an older .NET.
        Add-Type -TypeDefinition $code -CompilerOptions '-nowarn:1701' -OutputAssembly "$folder/Other.dll" -ReferencedAssemblies @(
            "$folder/System.IO.Hashing.dll", [psobject].Assembly.Location, 'System.Runtime.dll'
        )
        "$folder/Other.dll"
    }

    # A backup, its test and a restore, and which System.IO.Hashing that was done with.
    $work = @'
$full = New-FullBackup -LiteralPath '{0}' -DestinationPath '{1}'
$report = Test-BackupChain -LiteralPath '{1}' -Deep
$restored = Restore-BackupChain -LiteralPath '{1}' -DestinationPath '{2}'
$context = [Runtime.Loader.AssemblyLoadContext]::GetLoadContext([BackupTools.Reports.BundleInfo].Assembly)
'ours {{0}} {{1}} {{2}}' -f @(
    $report.IsValid, ($restored.EndPosition -eq $full.EndPosition)
    $context.LoadFromAssemblyName([Reflection.AssemblyName] 'System.IO.Hashing').GetName().Version
)
'@
}

Describe 'Import-Module' -Tag Slow {
    It 'loads nothing but the cmdlets and what their first use needs, and no module of PowerShell' {
        # The first command needs Core, and the runtime, which compiles methods as it sees fit, may look at it before.
        (Invoke-Fresh "Import-Module `$ours; (Get-Module).Name; $loaded").Where({ $_ -ne 'BackupTools BackupTools.Core' }) |
            Should -Be 'BackupTools', 'Default BackupTools.PowerShell'
    }

    It 'leaves packages alone that a command does not need' {
        Invoke-Fresh "Import-Module `$ours; Get-BackupChain -LiteralPath /none -ErrorAction Ignore; $loaded" |
            Should -Be 'BackupTools BackupTools.Core', 'Default BackupTools.PowerShell'
    }

    It 'works again after Remove-Module, and of a second copy of the module' {
        $copy = ConvertTo-NativePath 'TestDrive:/copy/BackupTools'
        $null = [IO.Directory]::CreateDirectory("$copy/module")
        Copy-Item -LiteralPath "$root/BackupTools.psd1" -Destination $copy
        Copy-Item -LiteralPath "$root/module/BackupTools.format.ps1xml", "$root/module/bin" -Destination "$copy/module" -Recurse
        Invoke-Fresh @"
foreach (`$manifest in `$ours, `$ours, '$copy/BackupTools.psd1') {
    Import-Module `$manifest
    try { Get-BundleHeader -LiteralPath /none } catch [BackupTools.Errors.BackupException] { `$_.Exception.GetType().Name }
    Remove-Module BackupTools
}
"@ | Should -Be 'BackupException', 'BackupException', 'BackupException'
    }

    It 'leaves the session alive where Core is <_>, and the error names it' -ForEach 'missing', 'damaged' {
        $copy = ConvertTo-NativePath "TestDrive:/$_/BackupTools"
        $null = [IO.Directory]::CreateDirectory("$copy/module")
        Copy-Item -LiteralPath "$root/BackupTools.psd1" -Destination $copy
        Copy-Item -LiteralPath "$root/module/BackupTools.format.ps1xml", "$root/module/bin" -Destination "$copy/module" -Recurse
        Remove-Item -LiteralPath "$copy/module/bin/lib/BackupTools.Core.dll"
        if ($_ -eq 'damaged') {
            Set-Content -LiteralPath "$copy/module/bin/lib/BackupTools.Core.dll" -Value 'cut off'
        }
        $output = Invoke-Fresh @"
Import-Module '$copy/BackupTools.psd1'
try { Get-BundleHeader -LiteralPath /none } catch { "`$_" }
'alive'
"@
        $output | Select-Object -Last 1 | Should -BeExactly 'alive'
        "$output" | Should -Match 'BackupTools\.Core'
    }

    It 'is done once where many runspaces import at the same time' {
        Invoke-Fresh @'
$found = 1..8 | ForEach-Object -ThrottleLimit 8 -Parallel {
    Import-Module $using:ours
    try { Get-BundleHeader -LiteralPath /none -ErrorAction Stop } catch [BackupTools.Errors.BackupException] { 'typed' }
}
"$found"
'@ | Should -Be ((@('typed') * 8) -join ' ')
    }
}

Describe 'Public types' {
    BeforeAll {
        $library = [BackupTools.Errors.BackupException].Assembly
    }

    It 'are all found by their names' {
        foreach ($type in $library.GetExportedTypes()) {
            $type.FullName -as [type] | Should -Be $type -Because 'src/BackupTools.PowerShell/TypeForwards.cs names every one'
        }
    }

    It 'are there right after the import, in every place where a type can be named' -Tag Slow {
        Invoke-Fresh @'
Import-Module $ours
try { Get-BundleHeader -LiteralPath /none } catch [System.IO.IOException] { 'wrong' } catch [BackupTools.Errors.BackupException] { 'catch' }
$null -is [BackupTools.Reports.BundleInfo] ? 'wrong' : '-is'
[BackupTools.Errors.ErrorCode] 'ChainGap'
(New-Object -TypeName BackupTools.Operations.BackupSettings).GetType().Name
& { [OutputType([BackupTools.Reports.ChainInfo])] param([BackupTools.Reports.ChainInfo] $Chain) 'parameter' }
[BackupTools.Errors.ErrorCode, BackupTools.Core]::ChainGap
'@ | Should -Be 'catch', '-is', 'ChainGap', 'BackupSettings', 'parameter', 'ChainGap'
    }

    It 'are found by their short names under "using namespace"' -Tag Slow {
        Invoke-Fresh @'
Import-Module $ours
& ([scriptblock]::Create("using namespace BackupTools.Errors`n try { Get-BundleHeader -LiteralPath /none } catch [BackupException] { 'short' }"))
'@ | Should -Be 'short'
    }

    It 'are those of objects that come back from other threads and jobs' -Tag Slow {
        Invoke-Fresh @'
Import-Module $ours
(Start-ThreadJob { Import-Module $using:ours; [BackupTools.Reports.ReportText] } | Receive-Job -Wait) -eq [BackupTools.Reports.ReportText]
'@ | Should -Be 'True'
    }
}

Describe 'A module with System.IO.Hashing <Version>, loaded <Order> ours' -ForEach $cases -Tag Slow {
    It 'works, and so does ours, each with its own version' {
        $other = New-OtherModule $Version
        $sample = New-Sample 'PowDB'
        $paths = $sample.Source, $sample.Destination, $sample.Restored | ForEach-Object -Process { ConvertTo-NativePath $_ }
        $steps = "Import-Module '$other'; Get-OtherHash", "Import-Module `$ours; $($work -f $paths)"
        if ($Order -eq 'after') {
            [array]::Reverse($steps)
        }
        $others = [Reflection.AssemblyName]::GetAssemblyName("$packages/system.io.hashing/$Version/lib/net8.0/System.IO.Hashing.dll").Version
        $own = [Reflection.AssemblyName]::GetAssemblyName("$root/module/bin/lib/System.IO.Hashing.dll").Version
        # The check value of CRC-32 is CBF43926; the package gives its lowest byte first.
        $expected = "$others 2639F4CB", "ours True True $own"
        if ($Order -eq 'after') {
            [array]::Reverse($expected)
        }
        Invoke-Fresh ($steps -join '; ') | Should -Be $expected
        Test-RestoredState $sample 0 | Should -BeTrue
    }
}

Describe 'A session that has an SQLite of its own, older than ours' -Tag Slow {
    BeforeAll {
        $other = ConvertTo-NativePath 'TestDrive:/OtherSqlite'
        $null = [IO.Directory]::CreateDirectory($other)
        $system = $IsWindows ? 'win' : $IsMacOS ? 'osx' : 'linux'
        $architecture = [Runtime.InteropServices.RuntimeInformation]::ProcessArchitecture.ToString().ToLowerInvariant()
        $native = "$packages/sqlitepclraw.lib.e_sqlite3/2.1.11/runtimes/$system-$architecture/native"
        Get-ChildItem -Path $native, "$packages/sqlitepclraw.core/2.1.11/lib/netstandard2.0", "$packages/sqlitepclraw.provider.e_sqlite3/2.1.11/lib/net6.0" -File -Include '*e_sqlite3*', '*.dll' -Recurse |
            Copy-Item -Destination $other
        # What another module does: open a database, and hold a transaction.
        $open = @"
Add-Type -Path '$other/SQLitePCLRaw.core.dll', '$other/SQLitePCLRaw.provider.e_sqlite3.dll'
[SQLitePCL.raw]::SetProvider([SQLitePCL.SQLite3Provider_e_sqlite3]::new())
`$connection = `$null
`$null = [SQLitePCL.raw]::sqlite3_open('{0}', [ref] `$connection)
'theirs ' + [SQLitePCL.raw]::sqlite3_libversion_number()
"@
        $own = "'ours ' + [Runtime.Loader.AssemblyLoadContext]::GetLoadContext([BackupTools.Reports.BundleInfo].Assembly).LoadFromAssemblyName([Reflection.AssemblyName] 'SQLitePCLRaw.core').GetName().Version"
    }

    It 'keeps it, and ours captures and restores with its own' {
        $sample = New-Sample 'SQLite'
        $paths = $sample.Source, $sample.Destination, $sample.Restored | ForEach-Object -Process { ConvertTo-NativePath $_ }
        $script = "$($open -f $paths[0]); `$null = [SQLitePCL.raw]::sqlite3_close(`$connection); Import-Module `$ours; " +
        ("`$null = New-FullBackup -LiteralPath '{0}' -DestinationPath '{1}'; `$null = Restore-BackupChain -LiteralPath '{1}' -DestinationPath '{2}' -Deep; " -f $paths) +
        "$own; [SQLitePCL.raw]::sqlite3_libversion_number()"
        $output = Invoke-Fresh $script
        $output[0] | Should -Match '^theirs 3\d+$'
        $output[1] | Should -BeExactly "ours $([Reflection.AssemblyName]::GetAssemblyName("$root/module/bin/lib/SQLitePCLRaw.core.dll").Version)"
        "theirs $($output[2])" | Should -BeExactly $output[0]
        Test-RestoredState $sample 0 | Should -BeTrue
    }

    It 'is not robbed of its locks, and a job does what the session must not' {
        if ($IsWindows) {
            Set-ItResult -Skipped -Because 'needs Unix: Windows robs nobody of locks'
        }
        $sample = New-Sample 'SQLite'
        $paths = $sample.Source, $sample.Destination, [WildcardPattern]::Escape($env:BACKUPTOOLS_MANIFEST) | ForEach-Object -Process { ConvertTo-NativePath $_ }
        $script = "$($open -f $paths[0]); `$null = [SQLitePCL.raw]::sqlite3_exec(`$connection, 'begin immediate'); Import-Module `$ours; " +
        ("try {{ New-FullBackup -LiteralPath '{0}' -DestinationPath '{1}' }} catch {{ `$_.Exception.Code; `$_.ErrorDetails.RecommendedAction }}; " -f $paths) +
        ("Start-Job {{ Import-Module '{2}'; New-FullBackup -LiteralPath '{0}' -DestinationPath '{1}' }} | Receive-Job -Wait | ForEach-Object EndPosition" -f $paths)
        $output = Invoke-Fresh $script
        $output[-3] | Should -BeExactly 'SourceInUse'
        $output[-2] | Should -BeLike '*Start-Job*'
        $output[-1] | Should -BeExactly '1'
    }
}
