#Requires -Version 7.6
<#
.SYNOPSIS
    Registers the nightly and the hourly run with the Task Scheduler of Windows.
.DESCRIPTION
    Run it once, elevated. The tasks run as SYSTEM whether or not anybody is logged on, one at a time, and are started
    when the machine was off at their hour. Give an account that may read the databases and write the backups with
    -Principal where SYSTEM should not.
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

    [string] $Principal = 'NT AUTHORITY\SYSTEM'
)

$ErrorActionPreference = 'Stop'
$script = Join-Path -Path $PSScriptRoot -ChildPath 'Invoke-NightlyBackup.ps1'
$common = '-NoProfile -NonInteractive -File "{0}" -Source "{1}" -BackupRoot "{2}" -LogPath "{3}\backups.jsonl"' -f $script, $Source, $BackupRoot, $StateRoot
$nightly = '{0} -ReportPath "{1}\backups.html"' -f $common, $StateRoot
if ($CopyRoot) {
    $nightly += ' -CopyRoot "{0}"' -f $CopyRoot
}
$settings = New-ScheduledTaskSettingsSet -StartWhenAvailable -MultipleInstances IgnoreNew -ExecutionTimeLimit '06:00:00'
$runAs = New-ScheduledTaskPrincipal -UserId $Principal -LogonType ServiceAccount
$tasks = @{
    'BackupTools nightly' = @{
        Argument = $nightly
        Trigger  = New-ScheduledTaskTrigger -Daily -At '00:05'
    }
    'BackupTools hourly'  = @{
        Argument = "$common -IncrementOnly"
        # Half an hour away from the nightly one, so that the two do not meet.
        Trigger  = New-ScheduledTaskTrigger -Once -At '01:35' -RepetitionInterval '01:00:00'
    }
}
foreach ($name in $tasks.Keys | Sort-Object) {
    $task = @{
        TaskName  = $name
        Action    = New-ScheduledTaskAction -Execute 'pwsh.exe' -Argument $tasks[$name].Argument
        Trigger   = $tasks[$name].Trigger
        Settings  = $settings
        Principal = $runAs
        Force     = $true
    }
    if ($PSCmdlet.ShouldProcess($name, 'Register scheduled task')) {
        Register-ScheduledTask @task
    }
}
