using System.Globalization;
using BackupTools.Chains;
using BackupTools.Errors;
using Blake3;

namespace BackupTools.Engines.Alopex;

/// <summary>
/// Whose a snapshot is does not stand in it. But tables never change once complete and LSNs only grow, so some
/// databases can be distinguished by what an earlier snapshot holds.
/// </summary>
internal static class AlopexContinuation
{
    /// <summary>Why the directory is not a later state than the snapshot's; null when nothing shows that.</summary>
    public static string? WhyNot(AlopexFolder folder, BundleHeader earlier, EngineContext context)
    {
        var disk = context.Disk;
        var traces = AlopexTraces.Behind(earlier.FullName, context);
        bool SameEnd(AlopexFile table, string before) =>
            traces is null
                ? AlopexLinker.SameEnd(disk, table.FullName, before)
                : AlopexTraces.EndOf(table.FullName, disk) == traces.Ends.GetValueOrDefault(table.Name);
        foreach (var table in folder.Files.Where(f => AlopexNames.TableId(f.Name) is not null))
        {
            var before = Path.Combine(earlier.FullName, table.Name);
            if (
                disk.Stat(before) is { Kind: Files.DiskEntryKind.File } entry
                && (entry.Length != table.Entry.Length || !SameEnd(table, before))
            )
            {
                return $"its {table.Name} is a different one";
            }
        }
        return LastLsn(folder, context) is { } lsn && lsn < earlier.End.Value
            ? $"its last LSN is {lsn}, the snapshot's is {earlier.End}"
            : null;
    }

    /// <summary>
    /// What stays as it is for the life of a database: its first table (id, length, footer), which engines up to 0.8 never
    /// remove. Databases that differ in it are pruned separately. Null before the first checkpoint.
    /// </summary>
    public static string? OriginOf(AlopexFolder snapshot, EngineContext context)
    {
        if (
            snapshot.Files.Where(f => AlopexNames.TableId(f.Name) is not null).MinBy(f => AlopexNames.TableId(f.Name))
            is not { } first
        )
        {
            return null;
        }
        try
        {
            using var table = AlopexTableFile.Open(context.Disk, first.FullName);
            return string.Create(
                CultureInfo.InvariantCulture,
                $"{first.Name} {first.Entry.Length} {Hasher.Hash(table.ReadFooter())}"
            );
        }
        catch (BackupException)
        {
            return null; // the test of the snapshot says what is wrong with it
        }
    }

    private static ulong? LastLsn(AlopexFolder folder, EngineContext context)
    {
        if (folder.Find(AlopexNames.Wal) is not { } log)
        {
            return null;
        }
        try
        {
            using var wal = AlopexWalFile.Open(context.Disk, log.FullName);
            var inLog = wal.Frames(context.Cancellation).LastLsn ?? 0;
            var snapshot = new AlopexSnapshot(folder, null, null);
            return Math.Max(inLog, snapshot.ReadMeta(context.Disk, out _)?.CheckpointLsn ?? 0);
        }
        catch (BackupException e) when (e.Kind is ErrorKind.Damaged or ErrorKind.NotFound)
        {
            return null; // it may be in the middle of a change: the capture decides
        }
    }
}
