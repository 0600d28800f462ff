using System.Management.Automation;
using BackupTools.Operations;
using BackupTools.Reports;

namespace BackupTools.PowerShell.Commands;

/// <summary>Remove-ExpiredBackup: removes the bundles that no keep rule keeps.</summary>
[Cmdlet(
    VerbsCommon.Remove,
    "ExpiredBackup",
    SupportsShouldProcess = true,
    ConfirmImpact = ConfirmImpact.High,
    DefaultParameterSetName = ParameterSets.Path
)]
[OutputType(typeof(ExpiryReport))]
public sealed class RemoveExpiredBackupCommand : FolderCommandBase
{
    private readonly List<ChainChoice> _choices = [];

    /// <summary>Keep the newest N restore points.</summary>
    [Parameter]
    [ValidateRange(0, int.MaxValue)]
    public int? KeepLast { get; set; }

    /// <summary>Keep every restore point not older than this, counted back from the newest one.</summary>
    [Parameter]
    public TimeSpan? KeepWithin { get; set; }

    /// <summary>Keep the newest restore point of each of the last N days (UTC) that have one.</summary>
    [Parameter]
    [ValidateRange(0, int.MaxValue)]
    public int? KeepDaily { get; set; }

    /// <summary>Keep the newest restore point of each of the last N ISO weeks (UTC, from Monday) that have one.</summary>
    [Parameter]
    [ValidateRange(0, int.MaxValue)]
    public int? KeepWeekly { get; set; }

    /// <summary>Keep the newest restore point of each of the last N months (UTC) that have one.</summary>
    [Parameter]
    [ValidateRange(0, int.MaxValue)]
    public int? KeepMonthly { get; set; }

    /// <summary>Keep the newest restore point of each of the last N years (UTC) that have one.</summary>
    [Parameter]
    [ValidateRange(0, int.MaxValue)]
    public int? KeepYearly { get; set; }

    /// <summary>Allow removing the newest restore point of a database.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>Returns what was decided about every bundle; with -WhatIf what would be.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <summary>Only collects: the chains of one folder are pruned together, with one confirmation.</summary>
    protected override void ProcessRecord() => PerChoice(_choices.Add);

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        PerGivenPath(Collect);
        foreach (var folder in _choices.GroupBy(c => (c.Path, c.Engine)))
        {
            PerItem(folder.Key.Path, () => Remove(folder.Key.Path, folder.Key.Engine, [.. folder]));
        }
    }

    /// <summary>What to keep is decided over whole folders: a set of bundles is refused, bundle by bundle.</summary>
    private void Collect(ChainChoice choice) =>
        _choices.AddRange(choice.Bundles is null ? [choice] : choice.Bundles.Select(b => choice with { Path = b }));

    private void Remove(string path, string? engine, IReadOnlyList<ChainChoice> choices)
    {
        var settings = new ExpirySettings
        {
            Path = path,
            Engine = engine,
            ChainIds = choices.All(c => c.ChainId is not null) ? choices.Select(c => c.ChainId!).ToArray() : null,
            KeepLast = KeepLast,
            KeepWithin = KeepWithin,
            KeepDaily = KeepDaily,
            KeepWeekly = KeepWeekly,
            KeepMonthly = KeepMonthly,
            KeepYearly = KeepYearly,
            Force = Force,
        };
        var plan = Execute("Deciding which bundles to keep", host => ExpireBackups.Plan(settings, host));
        var report = plan.Report;
        // Without anything to remove there is no confirmation.
        if ((report.RemovedCount == 0 && !IsWhatIf) || IsAgreed("Remove?", plan))
        {
            report = Execute($"Removing expired bundles in {path}", host => ExpireBackups.Execute(plan, host));
            Streams.Information(
                $"{path}: {report.RemovedCount} bundle(s) removed, {report.KeptCount} kept, "
                    + $"{report.RemovedLength} bytes freed"
            );
        }
        if (PassThru)
        {
            WriteObject(WithPSPath(report, report.FullName));
        }
        foreach (var problem in report.Problems.Where(p => p.Severity == "Error"))
        {
            WriteError(Pipeline.ErrorRecordMap.ToRecord(problem.ToException(), report.FullName));
        }
    }
}
