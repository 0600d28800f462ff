using System.Text;
using BackupTools.Errors;
using BackupTools.Files;

namespace BackupTools.Engines.Alopex;

/// <summary>
/// The names of snapshots in one folder and the `latest` marker beside them, which the engine restores from when no
/// snapshot is named (Alopex format, §6 and §6.8). It holds an absolute path, in a store a name, and changes in the same
/// publication as the snapshots.
/// </summary>
internal sealed class AlopexMarker(string folder, StagingArea staging, EngineContext context)
{
    // No path is longer; what is larger is not a marker.
    private const int LargestMarker = 64 << 10;

    private string Latest => Path.Combine(folder, AlopexNames.Latest);

    /// <summary>The path of a snapshot of that time: the first second from then on that is free.</summary>
    public string FreePath(DateTimeOffset time)
    {
        var second = time.ToUnixTimeSeconds();
        while (context.Disk.Stat(Path.Combine(folder, AlopexNames.Snapshot(second))) is not null)
        {
            second++;
        }
        return Path.Combine(folder, AlopexNames.Snapshot(second));
    }

    /// <summary>
    /// The path of a snapshot taken now: later than all that are there, since the newest name is what a restore takes
    /// for the newest state. Several within a second run ahead of the clock, and a clock can be set back.
    /// </summary>
    public string NextPath(DateTimeOffset now)
    {
        if (Newest(new HashSet<string>()) is not { } newest || TimeOf(newest) is not { } last || last < now)
        {
            return FreePath(now);
        }
        return FreePath(last);
    }

    /// <summary>
    /// The path of another snapshot of what one holds: the first second from its own on that is free, or, where that is
    /// after the newest and it is not the newest itself, the last before it.
    /// </summary>
    public string PathBeside(DateTimeOffset time)
    {
        var path = FreePath(time);
        if (Newest(new HashSet<string>()) is not { } newest || TimeOf(newest) <= time || TimeOf(path) < TimeOf(newest))
        {
            return path;
        }
        for (var second = time.ToUnixTimeSeconds() - 1; second >= 0; second--)
        {
            var before = Path.Combine(folder, AlopexNames.Snapshot(second));
            if (context.Disk.Stat(before) is null)
            {
                return before;
            }
        }
        return path;
    }

    /// <summary>Puts the staged snapshot in place; the marker names it from then on.</summary>
    public IReadOnlyList<PublishStep> Place(string path)
    {
        var place = PublishStep.Place(AlopexStage.Folder, path);
        if (context.Disk.Stat(Latest) is null or { Kind: DiskEntryKind.File })
        {
            return [place, Name(path)];
        }
        context.Verbose($"'{Latest}' is not a file and is left alone");
        return [place];
    }

    /// <summary>Puts a staged snapshot of an earlier time in place; the marker names it only when none is newer.</summary>
    public IReadOnlyList<PublishStep> PlaceEarlier(string path) =>
        Newest(new HashSet<string>()) is { } newest && TimeOf(newest) > TimeOf(path)
            ? [PublishStep.Place(AlopexStage.Folder, path)]
            : Place(path);

    /// <summary>
    /// What keeps the marker true when snapshots go, to be done before they do: it then names the newest of those that
    /// stay, or goes too. Null when it names one that stays, or is none.
    /// </summary>
    public PublishStep? Without(IReadOnlySet<string> removed)
    {
        if (context.Disk.Stat(Latest) is not { Kind: DiskEntryKind.File, Length: <= LargestMarker } entry)
        {
            return null;
        }
        using var marker = context.Disk.OpenRead(Latest);
        var bytes = marker.Bytes(0, entry.Length);
        // The path is spelled as its writer saw it, perhaps relative to a directory that nobody knows any more.
        var named = Path.Combine(folder, Path.GetFileName(Encoding.UTF8.GetString(bytes).Trim()));
        if (!removed.Contains(named) && AlopexSnapshot.IsOne(named, context))
        {
            return null;
        }
        return Newest(removed) is { } newest ? Name(newest) : PublishStep.Remove(Latest);
    }

    private string? Newest(IReadOnlySet<string> except) =>
        context.Disk.Stat(folder) is null
            ? null
            : context
                .Disk.List(folder)
                .Where(e => e.Kind == DiskEntryKind.Directory && TimeOf(e.Path) is not null)
                .Select(e => e.Path)
                .OrderByDescending(TimeOf)
                .FirstOrDefault(p => !except.Contains(p) && AlopexSnapshot.IsOne(p, context));

    private static DateTimeOffset? TimeOf(string path) => AlopexNames.SnapshotTime(Path.GetFileName(path));

    private PublishStep Name(string path)
    {
        // Markers of several folders may change in one run.
        var staged = $"{AlopexNames.Latest}-{Guid.NewGuid():N}";
        using var marker = staging.CreateFile(staged);
        // No engine opens an address. Whoever brings the folder down from a store knows where it lies.
        marker.Write(Encoding.UTF8.GetBytes(StoreAddress.Is(path) ? Path.GetFileName(path) : path), 0);
        return PublishStep.Replace(staged, Latest);
    }
}
