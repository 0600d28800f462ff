#Requires -Version 7.6
# What Windows has and no other system, by the cmdlets. WindowsPathTests has the same for the console program.
BeforeAll {
    . "$PSScriptRoot/Support.ps1"

    function Test-Wine {
        $address = [IntPtr]::Zero
        $library = [Runtime.InteropServices.NativeLibrary]::Load('ntdll.dll')
        [Runtime.InteropServices.NativeLibrary]::TryGetExport($library, 'wine_get_version', [ref] $address)
    }

    function New-Full([string] $Source, [string] $Destination) {
        New-FullBackup -LiteralPath $Source -DestinationPath $Destination -ErrorAction Stop
    }

    # A full from one path to another, tested and restored, by the paths that are given.
    function Assert-Walk([string] $Source, [string] $Bundles, [string] $Restored) {
        $null = New-Full $Source $Bundles
        (Test-BackupChain -LiteralPath $Bundles -Deep).IsValid | Should -BeTrue
        $null = Restore-BackupChain -LiteralPath $Bundles -DestinationPath $Restored -ErrorAction Stop
        Test-RestoredState $sample 0 $Restored | Should -BeTrue
    }

    # Runs a script of cmd.exe, in a folder; its exit code must be 0.
    function Invoke-Cmd([string] $Folder, [string[]] $Line) {
        [IO.File]::WriteAllText("$Folder\run.cmd", ($Line -join "`r`n"), [Text.Encoding]::ASCII)
        $output = & $env:ComSpec /c "cd /d ""$Folder"" && run.cmd" 2>&1
        $LASTEXITCODE | Should -Be 0 -Because "$output"
    }
}

Describe 'On Windows' {
    BeforeEach {
        if (-not $IsWindows) {
            Set-ItResult -Skipped -Because 'needs Windows'
        }
        $sample = New-Sample SPG
        $native = $sample.Native -replace '/', '\'
        $source = "$native\db\shop.db"
    }

    It 'a name that leads elsewhere is refused as source and as destination: <_>' -ForEach 'a.db:y', 'aux.txt', 'CON', 'a.db ', 'a.db.' {
        $before = Get-Tree $native
        { New-Full "$native\$_" "$native\b" } | Should -Throw -ErrorId 'InvalidOption,*'
        { New-Full $source "$native\$_\b" } | Should -Throw -ErrorId 'InvalidOption,*'
        Get-Tree $native | Should -BeExactly $before
    }

    It 'a database that another program has open and shares (<_>) is backed up' -ForEach 'Read', 'ReadWrite', 'ReadWrite, Delete' {
        $open = [IO.File]::Open($source, 'Open', 'ReadWrite', $_)
        try {
            $null = New-Full $source "$native\b"
        } finally {
            $open.Dispose()
        }
        (Test-BackupChain -LiteralPath "$native\b" -Deep).IsValid | Should -BeTrue
    }

    It 'a database that another program keeps to itself is in use' {
        $open = [IO.File]::Open($source, 'Open', 'ReadWrite', 'None')
        try {
            { New-Full $source "$native\b" } | Should -Throw -ErrorId 'SourceInUse,*'
        } finally {
            $open.Dispose()
        }
        Test-Path -LiteralPath "$native\b" | Should -BeFalse
    }

    It 'names that differ only in case are one' {
        $null = New-Full $source "$native\b"
        $null = Restore-BackupChain -LiteralPath "$native\B" -DestinationPath "$native\r\Shop" -ErrorAction Stop
        { Restore-BackupChain -LiteralPath "$native\b" -DestinationPath "$native\R\shop" -ErrorAction Stop } |
            Should -Throw -ErrorId 'DestinationExists,*'
        (Get-BackupChain -LiteralPath "$native\b").Series | Should -BeExactly 'shop'
        $again = New-FullBackup -LiteralPath $source.ToUpperInvariant() -DestinationPath "$native\b" -ErrorAction Stop
        (Get-BackupChain -LiteralPath "$native\b").Bundles.Id | Should -Contain $again.Id
    }

    It 'a path may be verbatim' {
        Assert-Walk "\\?\$source" "\\?\$native\b" "\\?\$native\r\rec.db"
    }

    It 'a path may have more than 260 characters' {
        $deep = (, $native + , ('d' * 60) * 6) -join '\'
        Assert-Walk $source "$deep\b" "$deep\r\rec.db"
    }

    It 'a share is read and written like a drive' {
        $share = '\\localhost\{0}${1}' -f $native[0], $native.Substring(2)
        if (-not (Test-Path -LiteralPath $share)) {
            Set-ItResult -Skipped -Because 'needs Windows with its administrative shares'
        }
        Assert-Walk "$share\db\shop.db" "$share\b" "$share\r\rec.db"
        Test-RestoredState $sample 0 "$native\r\rec.db" | Should -BeTrue
    }

    It 'a drive of subst is the folder that it stands for' {
        if (Test-Wine) {
            Set-ItResult -Skipped -Because 'Wine has no drives of subst'
        }
        subst.exe Q: $native
        try {
            Assert-Walk 'Q:\db\shop.db' 'Q:\b' 'Q:\r\rec.db'
            { New-Full 'Q:\db\shop.db' "$native\db\shop.db" } | Should -Throw -ErrorId 'DestinationOverlapsSource,*'
        } finally {
            subst.exe Q: /D
        }
    }

    It 'a junction is followed, and stays one' {
        if (Test-Wine) {
            Set-ItResult -Skipped -Because 'Wine has no junctions'
        }
        $null = New-Item -Path "$native\link" -ItemType Junction -Value "$native\db"
        Assert-Walk "$native\link\shop.db" "$native\b" "$native\r\rec.db"
        $null = Restore-BackupChain -LiteralPath "$native\b" -DestinationPath "$native\link\shop.db" -Force -Confirm:$false -ErrorAction Stop
        (Get-Item -LiteralPath "$native\link").LinkType | Should -BeExactly 'Junction'
        Test-RestoredState $sample 0 $source | Should -BeTrue
    }

    It 'a verbatim path is one path for -Path too' {
        $null = New-FullBackup -Path "\\?\$source" -DestinationPath "\\?\$native\b" -ErrorAction Stop
        (Get-BundleHeader -Path "\\?\$native\b" -ErrorAction Stop).FullName | Should -BeExactly (Get-ChildItem -LiteralPath "$native\b" -File).FullName
        (Test-BackupChain -Path "\\?\$native\b" -ErrorAction Stop).IsValid | Should -BeTrue
        { Get-BundleHeader -Path "\\?\$native\none" -ErrorAction Stop } | Should -Throw -ErrorId 'PathNotFound,*'
    }

    It 'what is replaced may be read-only and stays so' {
        $null = New-Full $source "$native\b"
        $null = Restore-BackupChain -LiteralPath "$native\b" -DestinationPath "$native\r\rec.db" -ErrorAction Stop
        Set-ItemProperty -LiteralPath "$native\r\rec.db" -Name IsReadOnly -Value $true
        $null = Restore-BackupChain -LiteralPath "$native\b" -DestinationPath "$native\r\rec.db" -Force -Confirm:$false -ErrorAction Stop
        (Get-Item -LiteralPath "$native\r\rec.db").IsReadOnly | Should -BeTrue
        Test-RestoredState $sample 0 "$native\r\rec.db" | Should -BeTrue
        Get-ChildItem -LiteralPath "$native\r" -Force -Filter '*.staging' | Should -BeNullOrEmpty
    }

    It 'output is whole in code page <_>' -ForEach 437, 65001 {
        $folder = "$native\数据 ü"
        $null = New-Full $source "$folder\b"
        Set-SampleState $sample 1
        $null = New-IncrementalBackup -LiteralPath $source -DestinationPath "$folder\b" -ErrorAction Stop
        $module = [WildcardPattern]::Escape($env:BACKUPTOOLS_MANIFEST) -replace "'", "''"
        [IO.File]::WriteAllText("$folder\run.ps1", @"
`$ErrorActionPreference = 'Stop'
Import-Module -Name '$module'
Get-BundleHeader b | ConvertTo-Json -EscapeHandling EscapeNonAscii > header.json
Get-BundleHeader b | ForEach-Object FullName
Get-BackupChain b | Format-List
"@)
        # Only a .cmd changes the page of its window, and hands it on to what it starts.
        Invoke-Cmd $folder "@chcp $_ >nul", "@""$PSHOME\pwsh.exe"" -NoProfile -NonInteractive -File run.ps1 >out.txt"
        $names = (Get-ChildItem -LiteralPath "$folder\b" -File).FullName
        (Get-Content -LiteralPath "$folder\header.json" -Raw | ConvertFrom-Json).FullName | Sort-Object | Should -BeExactly ($names | Sort-Object)
        [Text.Encoding]::RegisterProvider([Text.CodePagesEncodingProvider]::Instance)
        $text = [IO.File]::ReadAllText("$folder\out.txt", [Text.Encoding]::GetEncoding($_))
        $text | Should -Match 'F.i'
        foreach ($name in $names) {
            # What a page does not have is PowerShell's question mark.
            $text.Contains($_ -eq 437 ? $name.Replace('数据', '??') : $name) | Should -BeTrue -Because $text
        }
    }
}
