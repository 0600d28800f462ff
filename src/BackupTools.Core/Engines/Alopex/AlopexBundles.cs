using BackupTools.Errors;
using BackupTools.Files;

namespace BackupTools.Engines.Alopex;

/// <summary>Finds snapshots.</summary>
internal static class AlopexBundles
{
    /// <summary>
    /// The snapshot that the path is; otherwise those directly in it; otherwise, for a data directory, those that its
    /// engine made.
    /// </summary>
    public static IEnumerable<BundleReadResult> Read(string path, EngineContext context)
    {
        if (context.Disk.Stat(path) is not { Kind: DiskEntryKind.Directory or DiskEntryKind.Link })
        {
            return [];
        }
        if (AlopexSnapshot.IsOne(path, context))
        {
            return [ReadOne(path, context)];
        }
        var inside = ReadFolder(path, context);
        var ofTheEngine = AlopexNames.EngineFolder(path);
        return context.Disk.Stat(ofTheEngine) is { Kind: DiskEntryKind.Directory }
            ? inside.Concat(ReadFolder(ofTheEngine, context))
            : inside;
    }

    private static IEnumerable<BundleReadResult> ReadFolder(string folder, EngineContext context) =>
        SideBySide.Read(
            context.Disk.List(folder),
            entry =>
                Strangers.Of(entry, n => AlopexNames.SnapshotTime(n) is not null, context.Disk) is { } stranger
                    ? BundleReadResult.Passed(entry.Path, stranger)
                : entry.Kind == DiskEntryKind.Directory
                && !AlopexNames.StaysInPlace(entry.Name)
                && !StagingArea.IsStagingName(entry.Name)
                && AlopexSnapshot.IsOne(entry.Path, context)
                    ? ReadOne(entry.Path, context)
                : null,
            context
        );

    private static BundleReadResult ReadOne(string path, EngineContext context)
    {
        try
        {
            return BundleReadResult.Ok(AlopexSnapshot.ReadHeader(path, context));
        }
        catch (BackupException e)
        {
            // The name is the place in the order.
            return BundleReadResult.Bad(path, e) with
            {
                OrderUtc = AlopexNames.SnapshotTime(Path.GetFileName(Path.TrimEndingDirectorySeparator(path))),
            };
        }
    }
}
