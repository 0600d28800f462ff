using BackupTools.Chains;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.Grafeo;

namespace BackupTools.Engines.Grafeo;

/// <summary>
/// Where a chain stands, read from its last bundle and never from the database: the epoch, in 0.6.0 the position in the
/// log, and the last bytes of the log it holds, by which a database that has diverged is recognised.
/// </summary>
/// <param name="Epoch">The last epoch.</param>
/// <param name="Lsn">0.6.0: position after the last byte; null when only an epoch is known.</param>
/// <param name="Tail">0.6.0: the last bytes of log in the bundle; empty when it is an image.</param>
/// <param name="Name">The bundle's name, for messages.</param>
internal sealed record GrafeoHead(ulong Epoch, ulong? Lsn, byte[] Tail, string Name)
{
    /// <summary>0.5.x: the bundles from the full to this one; none where only an epoch is known.</summary>
    public IReadOnlyList<BundleHeader> Way { get; init; } = [];

    /// <summary>0.6.0: the position at which the last segment of log in the bundle begins; null when it is an image.</summary>
    public ulong? SegmentLsn { get; init; }

    /// <summary>What stands for the tail, where the bundle cannot be read; else null.</summary>
    public GrafeoTraces? Traces { get; init; }

    /// <summary>The bundle holds log, which is compared.</summary>
    public bool HasTail => Tail.Length > 0 || Traces is { Length: > 0 };

    /// <summary>Bytes of log that are compared; each commit carries its time, so a few are enough to tell.</summary>
    public const int TailLength = 64 << 10;

    /// <summary>The position of a bundle.</summary>
    public static GrafeoHead Of(BundleHeader header, EngineContext context)
    {
        var bundle = GrafeoBundle.Of(header);
        if (bundle.Image is { } image)
        {
            return new GrafeoHead(header.End.Value, image.IsPaged ? image.Active.CheckpointLsn : null, [], header.Name);
        }
        if (!bundle.IsPaged)
        {
            return new GrafeoHead(header.End.Value, null, [], header.Name);
        }
        using var file = context.Disk.OpenRead(bundle.Path);
        var traces = GrafeoTraces.Behind(bundle.Path, context);
        var segments = GrafeoWalSegment.ReadIncrement(file);
        return segments.Count == 0
            ? throw new BackupException(ErrorCode.Malformed, "the increment holds no log", bundle.Path, GbakHeader.Size)
            : new GrafeoHead(
                header.End.Value,
                segments[^1].EndLsn,
                traces is null ? Before(file, segments[^1].Frames) : [],
                header.Name
            )
            {
                SegmentLsn = segments[^1].FirstLsn,
                Traces = traces,
            };
    }

    /// <summary>Refuses a log whose bytes before the position are not those of the bundle.</summary>
    /// <param name="file">The log file.</param>
    /// <param name="until">What of it lies before the position.</param>
    /// <exception cref="BackupException">ForeignEpoch.</exception>
    public void CheckFollows(IDiskFile file, FileRange until)
    {
        var mine = Before(file, until);
        var shared = Math.Min(mine.Length, Tail.Length);
        // A digest stands for all of it.
        var isSame = Traces is { } traces
            ? mine.Length >= traces.Length
                && Blake3.Hasher.Hash(mine.AsSpan(mine.Length - (int)traces.Length)).ToString() == traces.Digest
            : mine.AsSpan(mine.Length - shared).SequenceEqual(Tail.AsSpan(Tail.Length - shared));
        if (!isSame)
        {
            throw Foreign($"the log before it is not the one in {Name}", file.Path, until.End);
        }
    }

    /// <summary>The database has diverged from the chain.</summary>
    public BackupException Foreign(string why, string path, long? offset = null) =>
        new(
            ErrorCode.ForeignEpoch,
            $"the database does not continue the chain at epoch {Epoch}: {why}",
            path,
            offset,
            recommendation: "Take a new full backup: the database was restored, replaced or copied since the last one."
        );

    /// <summary>The last bytes of a range, <see cref="TailLength"/> at most.</summary>
    public static byte[] Before(IDiskFile file, FileRange range)
    {
        var length = (int)Math.Clamp(range.Length, 0, TailLength);
        return file.UpTo(range.End - length, length);
    }
}
