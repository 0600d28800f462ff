using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.Primitives;
using BackupTools.Formats.Spg;

namespace BackupTools.Engines.Spg;

/// <summary>
/// The files of a database as they were when they were opened, and whether what was read since is still of one piece.
/// The order matters: the database file is opened first, and its handle keeps its inode, so that no later file can be
/// mistaken for it while the log is read.
/// </summary>
internal sealed class SpgSource : IDisposable
{
    // What is read again of a copied range, at each end.
    private const int SampleLength = 4096;
    private const int TailLength = 1 << 16;
    private const int MaxManifest = 1 << 26;

    private readonly IDisk _disk;
    private FileRange _read;
    private (IDiskFile Copy, long Offset)? _copy;

    private SpgSource(SpgFiles files, IDisk disk)
    {
        Files = files;
        _disk = disk;
        Database = TryOpen(files.Database);
        DatabaseEntry = Database?.Stat();
        try
        {
            Wal = TryOpen(files.Wal);
            WalEntry = Wal?.Stat();
        }
        catch
        {
            Database?.Dispose();
            throw;
        }
    }

    public SpgFiles Files { get; }

    /// <summary>The database file; null when there is none yet.</summary>
    public IDiskFile? Database { get; }

    /// <summary>The database file when it was opened.</summary>
    public DiskEntry? DatabaseEntry { get; }

    /// <summary>The log; null when there is none.</summary>
    public IDiskFile? Wal { get; }

    /// <summary>The log when it was opened.</summary>
    public DiskEntry? WalEntry { get; }

    /// <summary>Opens the database file and then the log.</summary>
    public static SpgSource Open(SpgFiles files, IDisk disk) => new(files, disk);

    /// <summary>
    /// How the database file's age compares with the log's last write: above 0 it is newer, 0 in the same tick of the
    /// clock. Below 0, and when there is nothing to compare, no CHECKPOINT is between its two steps.
    /// </summary>
    public int CheckpointWindow =>
        DatabaseEntry is { } database && WalEntry is { Length: > 0 } wal
            ? database.ModifiedUtc.CompareTo(wal.ModifiedUtc)
            : -1;

    /// <summary>Remembers that a range of the log is being read: it must still be there at the end.</summary>
    public void Reading(FileRange range)
    {
        _read = range;
        _copy = null;
    }

    /// <summary>Remembers where the copy of a range of the log stands, so that its ends can be compared with the log.</summary>
    public void Copied(FileRange range, IDiskFile copy, long offset)
    {
        _read = range;
        _copy = (copy, offset);
    }

    /// <summary>What changed since the files were opened, in words; null when all that was read is of one piece.</summary>
    /// <remarks>
    /// While the path names the database file that was opened, the next CHECKPOINT has not renamed its own over it, and so
    /// has not cut the log: no byte read before this look is of the next epoch. What happens right after it is too late to
    /// matter. Within an epoch the log only grows, except that a failed fsync takes back frames at its end (SPG format,
    /// §4.6): reading both ends of the range again shows that.
    /// </remarks>
    public string? Changed()
    {
        using var database = TryOpen(Files.Database);
        if (!IsSame(database, DatabaseEntry, mayGrow: false))
        {
            return "the database file was replaced";
        }
        using var wal = TryOpen(Files.Wal);
        if (!IsSame(wal, WalEntry, mayGrow: true))
        {
            return "the log was replaced";
        }
        return wal is null ? null
            : wal.Length < _read.End ? "the log was cut"
            : SampleDiffers(wal, _read.Start) || SampleDiffers(wal, _read.End - SampleLength) ? "the log was rewritten"
            : null;
    }

    /// <summary>
    /// The segment manifest; null when there is none, or when it cannot be used, which the server too answers with a
    /// warning only.
    /// </summary>
    public SpgSegmentManifest? ReadManifest(Action<string> warn)
    {
        using var file = TryOpen(Files.Manifest);
        if (file is null)
        {
            return null;
        }
        try
        {
            var length = file.Length;
            if (length > MaxManifest)
            {
                throw Fault.Malformed($"manifest: {length} bytes is too large");
            }
            return SpgSegmentManifest.Parse(file.UpTo(0, (int)length));
        }
        catch (BackupException e) when (e.Kind is ErrorKind.Damaged or ErrorKind.Unsupported)
        {
            warn($"{e.At(Files.Manifest).Describe()}; it is ignored, as the server does");
            return null;
        }
    }

    /// <summary>Names of the files in the folder for cold segments.</summary>
    public IReadOnlyList<string> SegmentFiles() =>
        _disk.Stat(Files.Segments) is { Kind: DiskEntryKind.Directory }
            ?
            [
                .. _disk
                    .List(Files.Segments)
                    .Where(e => e.Name.EndsWith(".spg", StringComparison.Ordinal))
                    .Select(e => e.Name),
            ]
            : [];

    /// <summary>
    /// True when a tail that is not a whole frame is not the beginning of one either, but a damaged place in the log.
    /// <paramref name="offset"/> is where it is in the file.
    /// </summary>
    public static bool IsDamage(SpgTornTail torn, IDiskFile file, long offset)
    {
        var length = (int)Math.Min(torn.Length, TailLength);
        return torn.IsText || SpgWalScanner.HoldsWholeFrame(file.UpTo(offset, length));
    }

    public void Dispose()
    {
        Database?.Dispose();
        Wal?.Dispose();
    }

    private IDiskFile? TryOpen(string path)
    {
        try
        {
            return _disk.OpenRead(path);
        }
        catch (BackupException e) when (e.Code == ErrorCode.PathNotFound)
        {
            return null;
        }
    }

    private static bool IsSame(IDiskFile? now, DiskEntry? then, bool mayGrow)
    {
        if (now is null || then is null)
        {
            return now is null && then is null;
        }
        var entry = now.Stat();
        return mayGrow ? entry.IsSameFileAs(then) : entry.IsUnchangedSince(then);
    }

    private bool SampleDiffers(IDiskFile wal, long start)
    {
        if (_copy is not { } copied)
        {
            return false;
        }
        start = Math.Max(start, _read.Start);
        Span<byte> now = stackalloc byte[SampleLength];
        Span<byte> then = stackalloc byte[SampleLength];
        now = now[..(int)Math.Min(SampleLength, _read.End - start)];
        then = then[..now.Length];
        return wal.ReadUpTo(now, start) < now.Length
            || copied.Copy.ReadUpTo(then, copied.Offset + (start - _read.Start)) < then.Length
            || !now.SequenceEqual(then);
    }
}
