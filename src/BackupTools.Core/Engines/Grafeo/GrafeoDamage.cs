using BackupTools.Chains;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.Grafeo;

namespace BackupTools.Engines.Grafeo;

/// <summary>Finds the place of damage in an increment whose checksum or length is wrong.</summary>
internal static class GrafeoDamage
{
    /// <summary>How far the increment can be read, and so which epochs it loses.</summary>
    public static ChainProblem Extent(BundleHeader header, GrafeoBundle bundle, EngineContext context)
    {
        var good = header.Start.Value;
        BackupException? where = null;
        try
        {
            using var file = context.Disk.OpenRead(bundle.Path);
            where = bundle.IsPaged ? SoundGroups(file, context, ref good) : SoundFrames(file, context, ref good);
        }
        catch (BackupException e)
        {
            where = e;
        }
        var at = where?.Offset is { } offset ? $" from byte {offset} on" : "";
        return good >= header.End.Value
            ? ChainProblem.Info(
                ErrorCode.ChecksumMismatch,
                "every commit in the damaged segment can still be read: the damage lies outside them",
                bundle.Path
            )
            : ChainProblem.Error(
                ErrorCode.ChecksumMismatch,
                $"the damaged segment loses epochs {good + 1}..{header.End}{at}, and the chain what follows them",
                bundle.Path,
                where?.Offset,
                $"Restore to epoch {header.Start} or before, or bring back a sound copy of the segment."
            );
    }

    private static BackupException? SoundGroups(IDiskFile file, EngineContext context, ref ulong good)
    {
        foreach (var segment in GrafeoWalSegment.ReadIncrement(file))
        {
            var last = good;
            var scan = new GrafeoGroupScan(segment, onGroup: f => last = Math.Max(last, f.Epoch ?? 0));
            context.Read(file, segment.Frames, scan.Take);
            good = last;
            if (scan.Tail is { } tail)
            {
                return tail;
            }
        }
        return null;
    }

    private static BackupException? SoundFrames(IDiskFile file, EngineContext context, ref ulong good)
    {
        var filter = new GrafeoEpochFilter { Follows = good };
        var reader = new GrafeoRecordReader(GbakHeader.Size);
        BackupException? damage = null;
        context.Read(
            file,
            new FileRange(GbakHeader.Size, file.Length),
            block => damage ??= GrafeoFrames.Feed(reader, block, filter, 0)
        );
        good = filter.Highest ?? good;
        return damage ?? reader.Torn();
    }
}
