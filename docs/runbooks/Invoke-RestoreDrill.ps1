#Requires -Version 7.6
#Requires -Modules BackupTools
<#
.SYNOPSIS
    Restores the newest chain of every database for practice, and says whether that works and how long it takes.
.DESCRIPTION
    For a schedule of its own, best on another machine and from the second copy: a backup that was never restored is a
    hope. Each database is restored into a temporary folder, checked as deeply as its format allows, and removed.

    The exit code is 0 when every drill succeeded within MaximumDuration; otherwise it is the family of the first error, as
    of the program backuptools (4 damaged, 5 chain broken, 9 disk, and so on), or 1 when a restore took too long.
.EXAMPLE
    pwsh -NoProfile -NonInteractive -File Invoke-RestoreDrill.ps1 -BackupRoot /mnt/second -MaximumDuration 01:00:00 -ResultPath /var/lib/backups/drills.json
.OUTPUTS
    One line of JSON per database. ResultPath holds the whole results: Export-BackupReport -TestReport takes them.
#>
[CmdletBinding()]
param(
    # The folder with a folder of bundles for each database.
    [Parameter(Mandatory)]
    [string] $BackupRoot,

    # Where the temporary folder is created. Default: the system's folder for temporary files.
    [string] $DrillPath = [IO.Path]::GetTempPath(),

    # How long one restore may take.
    [timespan] $MaximumDuration = '1.00:00:00',

    # JSON of the results, overwritten each time.
    [string] $ResultPath
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
$exitCode = 0
$results = foreach ($folder in Get-ChildItem -LiteralPath $BackupRoot -Directory) {
    try {
        $newest = Get-BackupChain -LiteralPath $folder.FullName -ErrorAction Ignore |
            Sort-Object -Property CreatedUtc -Stable | Select-Object -Last 1
        if (-not $newest) {
            # Says why there is none.
            $newest = Get-BackupChain -LiteralPath $folder.FullName
        }
        $report = $newest | Test-BackupChain -RestoreDrill -DrillPath $DrillPath
        $worst = $report.Problems | Where-Object -Property Severity -EQ -Value 'Error' | Select-Object -First 1
        $isLate = $report.DrillSeconds -gt $MaximumDuration.TotalSeconds
        $code = if ($worst) { [int] $worst.ToException().Kind } elseif ($isLate) { 1 } else { 0 }
        $line = [ordered]@{
            Database  = $folder.Name
            ChainId   = $report.ChainId
            ExitCode  = $code
            Error     = if ($worst) { "$worst" } elseif ($isLate) { "the restore took longer than $MaximumDuration" } else { $null }
            StateUtc  = $report.StateUtc
            Length    = $report.DrillLength
            Seconds   = $report.DrillSeconds
            TestedUtc = $report.TestedUtc
        }
        $report
    } catch {
        $code = if ($_.Exception -is [BackupTools.Errors.BackupException]) { [int] $_.Exception.Kind } else { 1 }
        $line = [ordered]@{ Database = $folder.Name; ExitCode = $code; Error = "$_" }
    }
    if ($exitCode -eq 0) {
        $exitCode = $code
    }
    Write-Information -MessageData ($line | ConvertTo-Json -Compress) -InformationAction Continue
}
if ($ResultPath) {
    ConvertTo-Json -InputObject @($results) -Depth 4 | Set-Content -LiteralPath "$ResultPath.new"
    Move-Item -LiteralPath "$ResultPath.new" -Destination $ResultPath -Force
}
exit $exitCode
