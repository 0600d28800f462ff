using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.PowDb;
using Blake3;

namespace BackupTools.Engines.PowDb;

/// <summary>What the log looked like before the pages were copied.</summary>
/// <param name="Entry">The file; null when there is none.</param>
/// <param name="Beginning">Digest of its first bytes.</param>
/// <param name="BeginningLength">How many.</param>
/// <param name="HasRecords">At least one record is whole.</param>
internal sealed record PowDbWalNote(DiskEntry? Entry, Hash Beginning, int BeginningLength, bool HasRecords)
{
    public long Length => Entry?.Length ?? 0;
}

/// <summary>The log as it was captured.</summary>
internal sealed record PowDbCapturedWal(long Length, Hash Blake3, bool HasHeader, long Records, long TailLength);

/// <summary>Looks at, and captures, a write-ahead log that its engine may be writing (PowDB format, §5).</summary>
internal static class PowDbWalCapture
{
    // The first record is enough: LSNs only grow, so a log that was cut and grew again begins with other bytes.
    private const int BeginningSize = 64 * 1024;

    /// <summary>Looks at the log.</summary>
    /// <exception cref="BackupException">UnsupportedVersion.</exception>
    public static PowDbWalNote Note(string path, EngineContext context)
    {
        if (context.Disk.Stat(path) is null)
        {
            return new PowDbWalNote(null, Hasher.Hash([]), 0, false);
        }
        using var file = context.Disk.OpenRead(path);
        var entry = file.Stat();
        var length = (int)Math.Min(entry.Length, BeginningSize);
        var beginning = Beginning(file, length);
        return new PowDbWalNote(entry, beginning, length, FirstLsn(file, context) is not null);
    }

    /// <summary>
    /// True when the log was only appended to since the note. An engine cuts it after a checkpoint, whose pages may
    /// then be half in the copy.
    /// </summary>
    public static bool OnlyGrew(PowDbWalNote note, string path, EngineContext context)
    {
        if (note.Entry is null || context.Disk.Stat(path) is null)
        {
            return note.Entry is null && context.Disk.Stat(path) is null;
        }
        using var file = context.Disk.OpenRead(path);
        var now = file.Stat();
        return now.IsSameFileAs(note.Entry)
            && now.Length >= note.Length
            && Beginning(file, note.BeginningLength) == note.Beginning;
    }

    /// <summary>True when nobody wrote the log since the note.</summary>
    public static bool Rests(PowDbWalNote note, string path, EngineContext context)
    {
        var now = context.Disk.Stat(path);
        return now is null || note.Entry is null ? now is null == note.Entry is null : now.IsUnchangedSince(note.Entry);
    }

    /// <summary>Copies the log up to its last whole record; null, with nothing left behind, when it has none.</summary>
    public static PowDbCapturedWal? Copy(string path, IDiskFile copy, EngineContext context)
    {
        using var source = context.Disk.OpenRead(path);
        var scan = new PowDbWalScan();
        var range = new FileRange(0, source.Length);
        BackupException.Naming(path, () => context.Copy(source, range, copy, 0, scan.Feed));
        if (scan.Records == 0)
        {
            return null;
        }
        copy.SetLength(scan.ValidEnd);
        var digest = context.Uncounted.DigestOf(copy, new FileRange(0, scan.ValidEnd));
        return new PowDbCapturedWal(scan.ValidEnd, digest, scan.HasHeader, scan.Records, scan.TailLength);
    }

    private static Hash Beginning(IDiskFile file, int length) => Hasher.Hash(file.Bytes(0, length));

    /// <summary>The LSN of the first record; null when there is no whole one.</summary>
    /// <exception cref="BackupException">UnsupportedVersion.</exception>
    public static ulong? FirstLsn(IDiskFile file, EngineContext context)
    {
        var scan = new PowDbWalScan();
        var buffer = new byte[BeginningSize];
        var length = file.Length;
        try
        {
            for (long at = 0; at < length && scan.Records == 0 && scan.Stopped is null; )
            {
                context.Cancellation.ThrowIfCancellationRequested();
                var read = file.Read(buffer, at);
                if (read == 0)
                {
                    break;
                }
                scan.Feed(buffer.AsSpan(0, read));
                at += read;
            }
        }
        catch (BackupException e)
        {
            throw e.At(file.Path);
        }
        return scan.FirstLsn;
    }
}
