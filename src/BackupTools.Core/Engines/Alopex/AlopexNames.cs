using System.Globalization;
using BackupTools.Files;

namespace BackupTools.Engines.Alopex;

/// <summary>The names of a data directory and of its snapshots (Alopex format, §1 and §6).</summary>
internal static class AlopexNames
{
    public const string Meta = "checkpoint.meta";
    public const string MetaTemporary = "checkpoint.tmp";
    public const string Wal = "lsm.wal";
    public const string Tables = "sst";
    public const string Manifest = "snapshot.manifest";
    public const string Lifecycle = ".lifecycle";
    public const string Latest = "latest";

    private const string LockSuffix = ".alopex.lock";
    private const string SnapshotPrefix = "ts-";

    private static readonly HashSet<string> Fixed = new(StringComparer.OrdinalIgnoreCase)
    {
        Meta,
        MetaTemporary,
        Wal,
        Tables,
        Manifest,
        Lifecycle,
    };

    /// <summary>The engine's own folder for snapshots of a data directory.</summary>
    public static string EngineFolder(string dataFolder) => Path.Combine(dataFolder, Lifecycle, "backup");

    /// <summary>The name of a snapshot taken at that second.</summary>
    public static string Snapshot(long unixSeconds) =>
        SnapshotPrefix + unixSeconds.ToString(CultureInfo.InvariantCulture);

    /// <summary>When a snapshot of this name was taken; null when it is no snapshot's name.</summary>
    public static DateTimeOffset? SnapshotTime(string name) =>
        name.StartsWith(SnapshotPrefix, StringComparison.Ordinal)
        && name.AsSpan(SnapshotPrefix.Length).IndexOfAnyExceptInRange('0', '9') < 0
        && long.TryParse(name.AsSpan(SnapshotPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var s)
        && s <= DateTimeOffset.MaxValue.ToUnixTimeSeconds()
            ? DateTimeOffset.FromUnixTimeSeconds(s)
            : null;

    /// <summary>A lock file of engines from 0.8.8 on (§7): belongs to the place, not to the data.</summary>
    public static bool IsLock(string name) => name.EndsWith(LockSuffix, StringComparison.Ordinal);

    /// <summary>
    /// A name in any case as the engine spells it, where it has one of that kind at the root; any other unchanged.
    /// </summary>
    public static string Spelled(string name) =>
        Fixed.TryGetValue(name, out var own) ? own
        : name.StartsWith(Wal + ".", StringComparison.OrdinalIgnoreCase) ? Wal + name[Wal.Length..]
        : name.EndsWith(LockSuffix, StringComparison.OrdinalIgnoreCase) ? name[..^LockSuffix.Length] + LockSuffix
        : name;

    /// <summary>What is neither taken into a snapshot nor touched by a restore: the engine's snapshots and its locks.</summary>
    public static bool StaysInPlace(string name) =>
        string.Equals(name, Lifecycle, StringComparison.Ordinal) || IsLock(name);

    /// <summary>What no manifest lists (§6.2): itself, and the engine's snapshots at any depth.</summary>
    public static bool IsNoContent(string relativeName) =>
        relativeName is Manifest || relativeName.Split('/').Contains(Lifecycle, StringComparer.Ordinal);

    /// <summary>
    /// What stays out of a snapshot (§6.2): besides <see cref="StaysInPlace"/> what a crash, a restore or we left.
    /// </summary>
    public static bool IsLeftOut(string relativeName) =>
        StaysInPlace(Path.GetFileName(relativeName))
        || relativeName is MetaTemporary or Manifest
        || StagingArea.IsStagingName(relativeName);

    /// <summary>A file that the engine's verification opens as a table (§6.4): in sst itself, whatever the case.</summary>
    public static bool IsTable(string relativeName) =>
        relativeName.StartsWith(Tables + "/", StringComparison.Ordinal)
        && relativeName.IndexOf('/', Tables.Length + 1) < 0
        && relativeName.EndsWith(".sst", StringComparison.OrdinalIgnoreCase);

    /// <summary>
    /// What an engine of any version writes into a data directory, relative (§1): the log, what migrations and failed
    /// starts put beside it, meta, tables, and the manifest that the reference's restore leaves.
    /// </summary>
    public static bool IsWrittenByEngine(string relativeName) =>
        relativeName is Wal or Meta or MetaTemporary or Tables or Manifest
        || relativeName.StartsWith(Wal + ".", StringComparison.Ordinal)
        || IsTable(relativeName);

    /// <summary>The id of a table that the engine loads (§1); null for what it ignores.</summary>
    public static ulong? TableId(string relativeName) =>
        IsTable(relativeName)
        && relativeName.EndsWith(".sst", StringComparison.Ordinal)
        && ulong.TryParse(
            relativeName.AsSpan()[(Tables.Length + 1)..^4],
            NumberStyles.None,
            CultureInfo.InvariantCulture,
            out var id
        )
            ? id
            : null;
}
