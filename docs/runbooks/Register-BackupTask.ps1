#Requires -Version 7.6
<#
.SYNOPSIS
    Registers the nightly and the hourly run with the Task Scheduler of Windows.
.DESCRIPTION
    Run it once, elevated. The tasks run as SYSTEM whether or not anybody is logged on, one at a time, on battery too, and
    are started when the machine was off at their hour. Give another service account with -Principal, such as LOCAL SERVICE,
    where it may read the databases and write the backups and SYSTEM should not.
.EXAMPLE
    ./Register-BackupTask.ps1 -Source D:\data\shop.db -BackupRoot E:\backups -CopyRoot \\second\backups -StateRoot C:\ProgramData\BackupTools
#>
[CmdletBinding(SupportsShouldProcess)]
param(
    [Parameter(Mandatory)]
    [string] $Source,

    [Parameter(Mandatory)]
    [string] $BackupRoot,

    [string] $CopyRoot,

    # For the log and the page.
    [Parameter(Mandatory)]
    [string] $StateRoot,

    # SYSTEM by its identifier: the name differs from language to language.
    [string] $Principal = 'S-1-5-18'
)

$ErrorActionPreference = 'Stop'

# A backslash before a quotation mark makes it a part of the value, so one at the end is doubled: "D:\\".
function Format-Argument([string] $Value) {
    '"{0}"' -f ($Value -replace '(\\+)$', '$1$1')
}

function Format-Task([string] $Trigger, [string] $Argument) {
    $user, $command = $Principal, $Argument | ForEach-Object -Process { [Security.SecurityElement]::Escape($_) }
    @"
<Task version="1.3" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <Triggers>
    $Trigger
  </Triggers>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <StartWhenAvailable>true</StartWhenAvailable>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <ExecutionTimeLimit>PT6H</ExecutionTimeLimit>
  </Settings>
  <Principals>
    <Principal id="Account">
      <UserId>$user</UserId>
    </Principal>
  </Principals>
  <Actions Context="Account">
    <Exec>
      <Command>pwsh.exe</Command>
      <Arguments>$command</Arguments>
    </Exec>
  </Actions>
</Task>
"@
}

# A task has another current folder, another home, and none of this session's drives.
function Resolve-TaskPath([string] $Path) {
    # An address of a store, or a share.
    if ($Path -match '^(\w\w+://|[\\/]{2})') {
        return $Path
    }
    $provider = $drive = $null
    try {
        $full = $ExecutionContext.SessionState.Path.GetUnresolvedProviderPathFromPSPath($Path, [ref] $provider, [ref] $drive)
    }
    catch [System.Management.Automation.DriveNotFoundException] {
        # A disk that is not connected now.
        if ($Path -match '^[a-z]:[\\/]') {
            return $Path
        }
        throw
    }
    if ($provider.Name -ne 'FileSystem') {
        throw "'$Path' is no path of a file or folder: it belongs to the provider $($provider.Name)."
    }
    $full
}

$Source, $BackupRoot, $StateRoot = $Source, $BackupRoot, $StateRoot | ForEach-Object -Process { Resolve-TaskPath $_ }
if ($CopyRoot) {
    $CopyRoot = Resolve-TaskPath $CopyRoot
}
foreach ($path in $PSScriptRoot, $Source, $BackupRoot, $StateRoot, $CopyRoot) {
    # It knows no way to write a percent sign that is one.
    if ($path -match '%[^%]+%') {
        throw "'$path': the Task Scheduler takes $($Matches[0]) for a variable. Name a path without it, or what the variable stands for."
    }
}
$state = $StateRoot.TrimEnd('\', '/')
$common = '-NoProfile -NonInteractive -File {0} -Source {1} -BackupRoot {2} -LogPath {3}' -f @(
    "$PSScriptRoot\Invoke-NightlyBackup.ps1", $Source, $BackupRoot, "$state\backups.jsonl" | ForEach-Object -Process { Format-Argument $_ }
)
$nightly = '{0} -ReportPath {1}' -f $common, (Format-Argument "$state\backups.html")
if ($CopyRoot) {
    $nightly += ' -CopyRoot {0}' -f (Format-Argument $CopyRoot)
}
$today = [datetime]::Today.ToString('yyyy-MM-dd', [cultureinfo]::InvariantCulture)
$tasks = @{
    'BackupTools nightly' = Format-Task -Argument $nightly -Trigger (
        "<CalendarTrigger><StartBoundary>${today}T00:05:00</StartBoundary>" +
        '<ScheduleByDay><DaysInterval>1</DaysInterval></ScheduleByDay></CalendarTrigger>'
    )
    # Half an hour away from the nightly one, so that the two do not meet.
    'BackupTools hourly'  = Format-Task -Argument "$common -IncrementOnly" -Trigger (
        "<TimeTrigger><StartBoundary>${today}T01:35:00</StartBoundary>" +
        '<Repetition><Interval>PT1H</Interval></Repetition></TimeTrigger>'
    )
}
foreach ($name in $tasks.Keys | Sort-Object) {
    if ($PSCmdlet.ShouldProcess($name, 'Register scheduled task')) {
        Register-ScheduledTask -TaskName $name -Xml $tasks[$name] -Force
    }
}
