#Requires -Version 7.6
#Requires -Modules BackupTools
<#
.SYNOPSIS
    Makes report.png anew, from a real run: three databases, a month of backups, one damaged bundle, one gap.
.DESCRIPTION
    Needs Chromium, and pngquant to make the picture small. The left part is the page by day, the right part by night.
.EXAMPLE
    Import-Module ./BackupTools.psd1; ./docs/img/New-ReportPicture.ps1
#>
[CmdletBinding(SupportsShouldProcess)]
param(
    # Made and removed; its name is seen in the picture.
    [string] $Folder = '/srv/pine'
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
if (-not $PSCmdlet.ShouldProcess($Folder, 'Make backups of sample databases')) {
    return
}
if (Test-Path -LiteralPath $Folder) {
    throw "$Folder is there already"
}
Add-Type -TypeDefinition 'public sealed class PictureClock : System.TimeProvider { public System.DateTimeOffset Now; public override System.DateTimeOffset GetUtcNow() => Now; }'
$clock = [PictureClock]::new()
[AppContext]::SetData('BackupTools.Clock', $clock)
$fixture = "$PSScriptRoot/../../tests/fixtures/spg/restore"
$log = [IO.File]::ReadAllBytes("$fixture/rec.wal")
$growth = [byte[]] $log[166..507]
$random = [Random]::new(7)

function Backup-Month([string] $Name, [datetimeoffset] $Start, [datetimeoffset] $End, [int] $Hours) {
    $null = New-Item -Path "$Folder/data/$Name", "$Folder/backups/$Name" -ItemType Directory
    Copy-Item -LiteralPath "$fixture/rec.db" -Destination "$Folder/data/$Name/$Name.db"
    [IO.File]::WriteAllBytes("$Folder/data/$Name/$Name.wal", $log)
    $backup = @{ LiteralPath = "$Folder/data/$Name/$Name.db"; DestinationPath = "$Folder/backups/$Name" }
    $count = 0
    for ($clock.Now = $Start; $clock.Now -le $End; $clock.Now = $clock.Now.AddHours($Hours)) {
        $wal = [IO.File]::Open("$Folder/data/$Name/$Name.wal", 'Append')
        foreach ($change in 1..$random.Next(1, 14)) {
            $wal.Write($growth, 0, $growth.Length)
        }
        $wal.Dispose()
        $null = $count++ % [int] (168 / $Hours) -eq 0 ? (New-FullBackup @backup) : (New-IncrementalBackup @backup)
    }
}

function Export-Picture([string] $Page, [string] $Picture, [string[]] $Option = @()) {
    $flags = '--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--hide-scrollbars', '--window-size=1060,1190', '--allow-file-access-from-files'
    chromium @flags @Option "--user-data-dir=$Folder/profile" "--screenshot=$Picture" "file://$Page" 2>$null
}

try {
    Backup-Month -Name shop -Start 2026-03-01T00:05Z -End 2026-03-28T06:00Z -Hours 4
    Backup-Month -Name ledger -Start 2026-03-14T00:05Z -End 2026-03-28T06:00Z -Hours 6
    Backup-Month -Name audit -Start 2026-03-10T00:05Z -End 2026-03-26T06:00Z -Hours 8
    $clock.Now = '2026-03-28T06:30Z'
    $ledger = Get-BackupChain -LiteralPath "$Folder/backups/ledger"
    $victim = $ledger[1].Bundles[9].FullName
    $bytes = [IO.File]::ReadAllBytes($victim)
    $bytes[$bytes.Length / 2] = $bytes[$bytes.Length / 2] -bxor 1
    [IO.File]::WriteAllBytes($victim, $bytes)
    Remove-Item -LiteralPath $ledger[0].Bundles[12].FullName
    $tests = Get-ChildItem -LiteralPath "$Folder/backups" | Get-BackupChain | Test-BackupChain
    $report = @{
        DestinationPath        = "$Folder/report.html"
        RecoveryPointObjective = '06:30:00'
        TestReport             = $tests
        Title                  = 'Backups of server pine'
        Note                   = "2026-03-27 03:05:00Z backup audit: DiskFull: there is no space left, in '$Folder/backups/audit'"
    }
    $null = Get-ChildItem -LiteralPath "$Folder/backups" | Export-BackupReport @report
    Export-Picture -Page "$Folder/report.html" -Picture "$Folder/day.png"
    Export-Picture -Page "$Folder/report.html" -Picture "$Folder/night.png" -Option '--force-dark-mode'
    Set-Content -LiteralPath "$Folder/both.html" -Value @'
<body style="margin:0"><img src="day.png" style="position:absolute;left:0;top:0"/>
<img src="night.png" style="position:absolute;left:0;top:0;clip-path:polygon(66% 0,100% 0,100% 100%,52% 100%)"/></body>
'@
    Export-Picture -Page "$Folder/both.html" -Picture "$Folder/both.png"
    pngquant --quality 60-90 --speed 1 --force --output "$PSScriptRoot/report.png" "$Folder/both.png"
} finally {
    [AppContext]::SetData('BackupTools.Clock', $null)
    Remove-Item -LiteralPath $Folder -Recurse -Force
}
Get-Item -LiteralPath "$PSScriptRoot/report.png"
