using BackupTools.Chains;
using BackupTools.Engines;
using BackupTools.Errors;
using BackupTools.Reports;

namespace BackupTools.Operations;

/// <summary>What a backup would do, found out without writing anything.</summary>
public sealed class BackupPlan : IPlan
{
    internal BackupPlan(BackupSettings settings, BundleKind kind, IBackupEngine engine, CapturePlan capture) =>
        (Settings, Kind, EngineOf, Capture) = (settings, kind, engine, capture);

    internal BackupSettings Settings { get; }

    /// <summary>What will be taken; not what was asked for when a full replaces an increment.</summary>
    internal BundleKind Kind { get; }

    internal IBackupEngine EngineOf { get; }

    internal CapturePlan Capture { get; }

    /// <summary>The destination if the bundle is encrypted; otherwise null.</summary>
    internal EncryptedCopies? Encrypted { get; init; }

    /// <summary>What this machine keeps of encrypted bundles; null for a plain destination.</summary>
    internal BundleStates? States { get; init; }

    /// <summary>
    /// "full" or "incremental": what will be taken: a full, if the increment that was asked for is impossible.
    /// <see cref="Problems"/> says why.
    /// </summary>
    public string KindName => Kind == BundleKind.Full ? "full" : "incremental";

    /// <summary>The engine's name.</summary>
    public string Engine => EngineOf.Name;

    /// <summary>Absolute path under which the bundle is expected to appear.</summary>
    public string BundlePath => StoreAddress.Of(Capture.BundlePath);

    /// <summary>Bytes expected to be read from the source.</summary>
    public long ExpectedBytes => Capture.ExpectedBytes;

    /// <summary>Findings that do not stop the backup.</summary>
    public IReadOnlyList<ProblemInfo> Problems => Capture.Warnings.ToInfos();

    /// <summary>The plan in lines for people: what is read, what is written, what it builds on.</summary>
    public IReadOnlyList<string> Describe()
    {
        var lines = new List<string>
        {
            $"{Engine} {KindName} backup of {Settings.SourcePath}",
            $"  read   {Capture.SourceFiles.Count} file(s), about {ExpectedBytes} bytes",
            $"  write  {BundlePath}{(Encrypted is null ? "" : ", encrypted")}",
        };
        if (Kind == BundleKind.Incremental)
        {
            var parent = Capture.Request.Parent;
            lines.Add($"  since  {Capture.Start?.ToString() ?? "?"}{(parent is null ? "" : $" ({parent.Name})")}");
            if (Settings.FullIfNeeded)
            {
                lines.Add("  or     full, if what is read shows that the database does not continue that backup");
            }
        }
        lines.AddRange(Capture.WritesBesideSource.Select(path => $"  also writes beside the source: {path}"));
        lines.AddRange(Capture.Warnings.Select(w => $"  note   {w}"));
        return lines;
    }
}
