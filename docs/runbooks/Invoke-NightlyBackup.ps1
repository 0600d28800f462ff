#Requires -Version 7.6
#Requires -Modules BackupTools
<#
.SYNOPSIS
    Backs up databases on a schedule and looks after their bundles: test, drill, copy, prune, report.
.DESCRIPTION
    Every night: a full backup when the last one is a week old, otherwise an increment; then every chain is tested, once a
    week one is restored for practice, what is new is copied to a second disk, what no rule keeps is removed, and a
    page says how everything stands. With -IncrementOnly, every hour: just the backup.

    One step's failure does not stop the next: the night after a full disk still ends with a report. Where the newest
    chain turns out damaged, a new full is taken at once, because increments on a damaged one can never be restored.
    Nothing is pruned of a database with damage in it: a rule might keep the damaged points and remove sound ones.

    The exit code is the family of the first error, the same as of the program backuptools: 0 all is well, 1 failed,
    2 usage, 3 not found, 4 damaged, 5 chain broken, 6 busy, 7 exists, 8 denied, 9 disk full or failing,
    10 unsupported, 11 state of the source. An hour in which nothing changed is a success.

    With -PingUrl a service such as Healthchecks is told of the start (URL/start), of a success (URL) and of a failure
    (URL/EXITCODE), and alerts when it hears nothing. A ping that fails is a warning and changes nothing else.
.EXAMPLE
    pwsh -NoProfile -NonInteractive -File Invoke-NightlyBackup.ps1 -Source /srv/shop.db -BackupRoot /backups -CopyRoot /mnt/second -ReportPath /var/www/backups.html -LogPath /var/log/backups.jsonl
.EXAMPLE
    pwsh -NoProfile -NonInteractive -File Invoke-NightlyBackup.ps1 -Source /srv/shop.db -BackupRoot /backups -LogPath /var/log/backups.jsonl -IncrementOnly
.OUTPUTS
    One line of JSON: when, what, the exit code, every error with its id, what backups warned of, bundles and bytes
    written, seconds.
#>
[CmdletBinding()]
param(
    # The databases: files or data folders. Each gets a folder of its own, called like it, below BackupRoot.
    [Parameter(Mandatory)]
    [string[]] $Source,

    [Parameter(Mandatory)]
    [string] $BackupRoot,

    # A second disk or share, or an object store such as s3://bucket/prefix, which is found by the environment; not copied without it.
    [string] $CopyRoot,

    # The page; not written without it. What drills found is kept beside it.
    [string] $ReportPath,

    # One line of JSON is added per run. Errors since the last report are shown on the next.
    [string] $LogPath,

    # The address of a dead man's switch, http or https. Give the nightly and the hourly schedule one each.
    [uri] $PingUrl,

    # How long one try of a ping may last; there are three.
    [timespan] $PingTimeout = '00:00:10',

    # Only the backup, for the hours between the nights.
    [switch] $IncrementOnly,

    [timespan] $FullEvery = '7.00:00:00',

    [timespan] $DrillEvery = '7.00:00:00',

    # Where a drill makes its temporary folder. It needs space for the largest database.
    [string] $DrillPath = [IO.Path]::GetTempPath(),

    # How old the newest restorable state may be before the report calls it late.
    [timespan] $RecoveryPointObjective = '01:30:00',

    [timespan] $KeepWithin = '2.00:00:00',

    [int] $KeepDaily = 7,

    [int] $KeepWeekly = 5,

    [int] $KeepMonthly = 12,

    # The time that ages refer to.
    [datetime] $Now = [datetime]::UtcNow
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
$warnings = [System.Collections.Generic.List[string]]::new()

# Reports the run to the dead man's switch. Its address is a secret: errors name at most its host.
function Send-Ping([string] $Step) {
    if (-not $PingUrl) {
        return
    }
    for ($try = 1; $true; $try++) {
        $client = [System.Net.Http.HttpClient]::new()
        try {
            $client.Timeout = $PingTimeout
            $address = [UriBuilder]::new($PingUrl)
            $address.Path = "$($address.Path.TrimEnd('/'))$Step"
            $null = $client.GetAsync($address.Uri).GetAwaiter().GetResult().EnsureSuccessStatusCode()
            return
        } catch {
            if ($try -eq 3) {
                $warnings.Add("ping$($Step.Replace('/', ' ')): $(($_.Exception.InnerException ?? $_.Exception).Message)")
                return
            }
            Start-Sleep -Duration ([timespan]::FromSeconds([Math]::Min(1, $PingTimeout.TotalSeconds / 10)))
        } finally {
            $client.Dispose()
        }
    }
}

# What ends the script early is a failure too, such as a log that cannot be written.
trap {
    Send-Ping '/1'
    break
}

$Now = $Now.ToUniversalTime()
$BackupRoot = $PSCmdlet.GetUnresolvedProviderPathFromPSPath($BackupRoot)
$keep = @{ KeepWithin = $KeepWithin; KeepDaily = $KeepDaily; KeepWeekly = $KeepWeekly; KeepMonthly = $KeepMonthly }
$drill = @{ RestoreDrill = $true; DrillPath = $DrillPath }
$page = @{
    RecoveryPointObjective = $RecoveryPointObjective
    Title                  = "Backups of $([Environment]::MachineName)"
}
# Half a day of grace: a schedule that starts some seconds earlier than last week must not skip a day.
$fullDueAfter = $FullEvery - '12:00:00'
$drillDueAfter = $DrillEvery - '12:00:00'
$started = [System.Diagnostics.Stopwatch]::StartNew()
$failures = [System.Collections.Generic.List[object]]::new()
$bundles = [System.Collections.Generic.List[object]]::new()
$tests = [System.Collections.Generic.List[object]]::new()

function Add-Failure([string] $Step, [string] $Id, [int] $ExitCode, [string] $Message) {
    $failures.Add([ordered]@{ Step = $Step; Id = $Id; ExitCode = $ExitCode; Message = $Message })
}

# Collects the output of a backup. Standard output is for the line of JSON alone, so warnings go into that.
filter Add-Result {
    if ($_ -is [System.Management.Automation.WarningRecord]) {
        $warnings.Add("$_")
    } else {
        $bundles.Add($_)
    }
}

# Does one step; its failure is noted, and the run continues with the next step.
function Invoke-Step([string] $Step, [scriptblock] $Action) {
    try {
        & $Action
    } catch {
        $exitCode = if ($_.Exception -is [BackupTools.Errors.BackupException]) { [int] $_.Exception.Kind } else { 1 }
        Add-Failure -Step $Step -Id $_.FullyQualifiedErrorId.Split(',')[0] -ExitCode $exitCode -Message "$_"
    }
}

# The chains of a folder, oldest first; none when there is no folder yet. Unreadable bundles are left to the test.
function Get-Chain([string] $Folder) {
    Get-BackupChain -LiteralPath $Folder -ErrorAction Ignore | Sort-Object -Property CreatedUtc -Stable
}

function Backup-Source([string] $Database, [string] $Folder) {
    $isFullDue = $false
    if (-not $IncrementOnly) {
        $newest = Get-Chain -Folder $Folder | Select-Object -Last 1
        $isFullDue = $newest -and $Now - $newest.CreatedUtc -gt $fullDueAfter
    }
    if ($isFullDue) {
        return New-FullBackup -LiteralPath $Database -DestinationPath $Folder
    }
    New-IncrementalBackup -LiteralPath $Database -DestinationPath $Folder -FullIfNeeded
}

# Tests every chain; true when none has an error.
function Test-Folder([string] $Name, [string] $Folder) {
    $isValid = $true
    foreach ($report in Test-BackupChain -LiteralPath $Folder) {
        $tests.Add($report)
        if (-not $report.IsValid) {
            $isValid = $false
            $worst = $report.Problems.Where({ $_.Severity -eq 'Error' })[0]
            Add-Failure -Step "test $Name" -Id $worst.Code -ExitCode $worst.ToException().Kind -Message "$worst"
        }
    }
    $isValid
}

function Invoke-Drill([string] $Name, [string] $Folder) {
    foreach ($report in Get-Chain -Folder $Folder | Select-Object -Last 1 | Test-BackupChain @drill) {
        $tests.Add($report)
        $drills.Add($report)
        if (-not $report.IsValid) {
            Add-Failure -Step "drill $Name" -Id 'VerificationFailed' -ExitCode 4 -Message "the drill of chain $($report.ChainId) failed"
        }
    }
}

# What the runs since the last report could not do.
function Get-EarlierFailure {
    if ($LogPath -and (Test-Path -LiteralPath $LogPath)) {
        $lines = @(Get-Content -LiteralPath $LogPath -Tail 200 | ConvertFrom-Json -DateKind Utc)
        for ($last = $lines.Count - 1; $last -ge 0 -and $lines[$last].IncrementOnly; $last--) {
            $lines[$last]
        }
    }
}

Send-Ping '/start'
$names = foreach ($database in $Source) { Split-Path -Path $database -LeafBase }
if (@($names | Sort-Object -Unique).Count -lt @($names).Count) {
    throw 'Two databases have the same name: give each a schedule of its own with another BackupRoot.'
}

# The log is where a failure is written, so its folder is made before anything can fail.
foreach ($file in @($LogPath, $ReportPath).Where({ $_ })) {
    $folder = Split-Path -Path $file -Parent
    if ($folder -and -not (Test-Path -LiteralPath $folder)) {
        $null = New-Item -ItemType Directory -Path $folder
    }
}

$drills = [System.Collections.Generic.List[object]]::new()
$drillFile = $ReportPath ? [IO.Path]::ChangeExtension($ReportPath, '.drills.json') : ''
if ($drillFile -and (Test-Path -LiteralPath $drillFile)) {
    Get-Content -LiteralPath $drillFile -Raw | ConvertFrom-Json -DateKind Utc | ForEach-Object -Process { $drills.Add($_) }
}

$folders = for ($i = 0; $i -lt $Source.Count; $i++) {
    $name = @($names)[$i]
    $folder = Join-Path -Path $BackupRoot -ChildPath $name
    $folder
    Invoke-Step -Step "backup $name" -Action { Backup-Source -Database $Source[$i] -Folder $folder 3>&1 | Add-Result }
    if ($IncrementOnly) {
        continue
    }
    $isValid = Invoke-Step -Step "test $name" -Action { Test-Folder -Name $name -Folder $folder }
    $newest = $tests | Where-Object -Property FullName -EQ -Value $folder | Select-Object -Last 1
    if ($newest -and -not $newest.IsValid) {
        Invoke-Step -Step "full after damage $name" -Action { New-FullBackup -LiteralPath $Source[$i] -DestinationPath $folder 3>&1 | Add-Result }
    }
    $isDrillDue = -not $drills.Where({ $_.FullName -eq $folder -and $Now - $_.TestedUtc -lt $drillDueAfter })
    if ($isDrillDue) {
        Invoke-Step -Step "drill $name" -Action { Invoke-Drill -Name $name -Folder $folder }
    }
    $kept = @($folder)
    if ($CopyRoot) {
        $copy = $CopyRoot -match '^[a-z0-9]+://' ? "$($CopyRoot.TrimEnd('/'))/$name" : (Join-Path -Path $CopyRoot -ChildPath $name)
        $copy
        $kept += $copy
        foreach ($chain in Get-Chain -Folder $folder) {
            # Chain by chain: what is damaged in one does not keep the others from being copied.
            Invoke-Step -Step "copy $name" -Action { $null = $chain | Copy-BackupChain -DestinationPath $copy -Verify:$isDrillDue }
        }
    }
    if ($isValid) {
        foreach ($place in $kept) {
            Invoke-Step -Step "prune $place" -Action { Remove-ExpiredBackup -LiteralPath $place @keep -Confirm:$false 3>&1 | Add-Result }
        }
    }
}

if ($ReportPath -and -not $IncrementOnly) {
    Invoke-Step -Step 'report' -Action {
        # A drill of a chain that is gone no longer counts, and of each chain the last one counts.
        $alive = @($folders | ForEach-Object -Process { Get-Chain -Folder $_ }).ChainId
        $latest = @($drills | Where-Object -Property ChainId -In -Value $alive | Sort-Object -Property TestedUtc | Group-Object -Property FullName, ChainId | ForEach-Object -Process { $_.Group[-1] })
        ConvertTo-Json -InputObject $latest -Depth 4 | Set-Content -LiteralPath "$drillFile.new"
        Move-Item -LiteralPath "$drillFile.new" -Destination $drillFile -Force
        $earlier = @(Get-EarlierFailure | ForEach-Object -Process {
                foreach ($failure in $_.Failures) {
                    "$($_.StartedUtc.ToString('u')) $($failure.Step): $($failure.Id): $($failure.Message)"
                }
            })
        $tonight = @($failures).ForEach({ "$($_.Step): $($_.Id): $($_.Message)" })
        $null = Export-BackupReport -LiteralPath @($folders) -DestinationPath $ReportPath -TestReport (@($tests) + $latest) -Note (@($tonight) + $earlier) @page
    }
}

$exitCode = $failures.Count -gt 0 ? $failures[0].ExitCode : 0
Send-Ping ($exitCode -eq 0 ? '' : "/$exitCode")
$line = [ordered]@{
    StartedUtc    = $Now
    IncrementOnly = $IncrementOnly.IsPresent
    ExitCode      = $exitCode
    Failures      = $failures.ToArray()
    Warnings      = $warnings.ToArray()
    Bundles       = @($bundles).ForEach({ $_.FullName })
    Length        = (@($bundles).ForEach({ $_.Length }) | Measure-Object -Sum).Sum
    Seconds       = [Math]::Round($started.Elapsed.TotalSeconds, 3)
} | ConvertTo-Json -Depth 4 -Compress
$line
if ($LogPath) {
    Add-Content -LiteralPath $LogPath -Value $line
}
exit $exitCode
