using BackupTools.Engines;
using BackupTools.Reports;

namespace BackupTools.Operations;

/// <summary>What a restore would do, found out without writing anything.</summary>
public sealed class RestorePreview : IPlan
{
    internal RestorePreview(
        RestoreSettings settings,
        IBackupEngine engine,
        RestoreRequest request,
        IReadOnlyList<string> replaces,
        IReadOnlyList<string> keeps
    ) => (Settings, EngineOf, Request, Replaces, Keeps) = (settings, engine, request, replaces, keeps);

    internal RestoreSettings Settings { get; }

    internal IBackupEngine EngineOf { get; }

    internal RestoreRequest Request { get; }

    /// <summary>The engine's name.</summary>
    public string Engine => EngineOf.Name;

    /// <summary>The chain that is restored.</summary>
    public string ChainId => Request.Plan.Chain.ChainId;

    /// <summary>The bundles to apply, in order, full names.</summary>
    public IReadOnlyList<string> Bundles => Request.Plan.Bundles.Select(b => b.FullName).ToArray();

    /// <summary>Bytes of these bundles.</summary>
    public long BundleBytes => Request.Plan.BundleBytes;

    /// <summary>What is at the destination and is replaced; empty for a fresh restore.</summary>
    public IReadOnlyList<string> Replaces { get; }

    /// <summary>What is in the destination folder, does not belong to the database and stays; full names.</summary>
    public IReadOnlyList<string> Keeps { get; }

    /// <summary>Findings that do not stop the restore.</summary>
    public IReadOnlyList<ProblemInfo> Problems => Request.Plan.Warnings.ToInfos();

    /// <inheritdoc/>
    public IReadOnlyList<string> Describe()
    {
        var plan = Request.Plan;
        var lines = new List<string>
        {
            $"{Engine} restore of chain {ChainId} to {Settings.DestinationPath}, target {Settings.TargetText}",
        };
        lines.AddRange(
            plan.Bundles.Select(b => $"  apply    {b.Kind, -11} {b.Start}..{b.End}  {b.Length} bytes  {b.Name}")
        );
        if (plan.CutAt is { } cut)
        {
            lines.Add($"  cut      the last bundle's log at position {cut}");
        }
        if (plan.CutTime is not null)
        {
            lines.Add($"  cut      the last bundle's log after the last commit up to {Settings.TargetText}");
        }
        lines.AddRange(Replaces.Select(path => $"  replace  {path}"));
        lines.AddRange(Keeps.Select(path => $"  keep     {path}"));
        lines.AddRange(plan.Warnings.Select(w => $"  note     {w}"));
        return lines;
    }
}
