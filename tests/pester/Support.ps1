# What the test files share. Dot-sourced in BeforeAll, where TestDrive: exists.

# The module is imported by Invoke-Suite.ps1; a file that is run alone takes the one of the checkout.
if (-not (Get-Module -Name BackupTools)) {
    Import-Module -Name "$PSScriptRoot/../../BackupTools.psd1"
}

# A folder of its own below one whose name is a wildcard pattern, as a path on a drive that only the session knows.
function New-TestFolder {
    $name = [guid]::NewGuid().ToString('n').Substring(0, 8)
    # New-Item takes -Path literally.
    $null = New-Item -Path "TestDrive:/a [1]/$name" -ItemType Directory -Force
    "TestDrive:/a [1]/$name"
}

function ConvertTo-NativePath([string] $Path) {
    $ExecutionContext.SessionState.Path.GetUnresolvedProviderPathFromPSPath($Path)
}

# Set-Content makes no file on a drive of the session that is given by -LiteralPath, on Windows.
function Set-TextFile([string] $LiteralPath, [string[]] $Value) {
    [IO.File]::WriteAllLines((ConvertTo-NativePath $LiteralPath), $Value)
}

# A source in state 0 in a folder of its own, where backups (b) and restores (r) will go beside it.
function New-Sample([string] $Engine) {
    . "$PSScriptRoot/Engines.ps1"
    $case = Get-EngineCase $Engine
    $folder = New-TestFolder
    $native = ConvertTo-NativePath $folder
    $null = [IO.Directory]::CreateDirectory("$native/db")
    $sample = [pscustomobject]@{
        Case        = $case
        Folder      = $folder
        Native      = $native
        Source      = "$folder/db/$($case.Source)"
        Destination = "$folder/b"
        Restored    = "$folder/r/$($case.Restored)"
    }
    Set-SampleState $sample 0
    $sample
}

function Set-SampleState([psobject] $Sample, [int] $State) {
    & $Sample.Case.SetState "$($Sample.Native)/db" $State $Sample.Case
}

# A sample with a full and an increment for each of the states 1 and 2.
function New-SampleChain([string] $Engine) {
    $sample = New-Sample $Engine
    $full = New-FullBackup -LiteralPath $sample.Source -DestinationPath $sample.Destination
    Set-SampleState $sample 1
    $first = New-IncrementalBackup -LiteralPath $sample.Source -DestinationPath $sample.Destination
    Set-SampleState $sample 2
    $second = New-IncrementalBackup -LiteralPath $sample.Source -DestinationPath $sample.Destination
    $sample | Add-Member -NotePropertyMembers @{ Bundles = @($full, $first, $second) } -PassThru
}

function Test-RestoredState([psobject] $Sample, [int] $State, [string] $Path = $Sample.Restored) {
    & $Sample.Case.IsState (ConvertTo-NativePath $Path) $State $Sample.Case
}

# The chain that holds the bundle taken in a state: engines whose bundles are whole have one for each.
function Get-SampleChain([psobject] $Sample, [int] $State) {
    Get-BackupChain -LiteralPath $Sample.Destination | Where-Object -FilterScript { $_.Bundles.Id -contains $Sample.Bundles[$State].Id }
}

# Every file below a folder with its hash, and every folder: equal before and after means that nothing was touched.
function Get-Tree([string] $Folder, [string[]] $Exclude = @()) {
    $native = ConvertTo-NativePath $Folder
    $lines = foreach ($item in Get-ChildItem -LiteralPath $native -Recurse -Force) {
        if ($Exclude.Where({ $item.Name -like $_ })) {
            continue
        }
        $hash = if ($item.PSIsContainer) { '/' } else { (Get-FileHash -LiteralPath $item.FullName).Hash }
        '{0} {1}' -f [IO.Path]::GetRelativePath($native, $item.FullName), $hash
    }
    ($lines | Sort-Object) -join "`n"
}

# Flips one bit in the middle of the bundle's largest file.
function Set-Damage([string] $LiteralPath) {
    $item = Get-Item -LiteralPath $LiteralPath
    $file = if ($item.PSIsContainer) {
        Get-ChildItem -LiteralPath $item.FullName -Recurse -File | Sort-Object -Property Length | Select-Object -Last 1
    } else {
        $item
    }
    $bytes = [IO.File]::ReadAllBytes($file.FullName)
    # Of an LTX file, in the text that every database begins with.
    $at = $file.Extension -eq '.ltx' ? 116 : [int] [Math]::Floor($bytes.Length / 2)
    $bytes[$at] = $bytes[$at] -bxor 1
    [IO.File]::WriteAllBytes($file.FullName, $bytes)
}

# Runs a command in a session of its own in another process, as a scheduler would.
function Invoke-Apart([string] $Script) {
    $text = "Import-Module -Name '{0}'; {1}" -f [WildcardPattern]::Escape($env:BACKUPTOOLS_MANIFEST), $Script
    $output = pwsh -NoProfile -NonInteractive -OutputFormat Text -Command $text 2>&1
    [pscustomobject]@{ Output = $output -join "`n"; ExitCode = $LASTEXITCODE }
}
