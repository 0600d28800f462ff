using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.PowDb;
using Blake3;

namespace BackupTools.Engines.PowDb;

/// <summary>
/// Captures a file that is not a heap of whole pages: catalogue, indexes and the small ones beside them. They carry no
/// LSN, so only their bytes tell whether they changed (PowDB format, §9, defect 4).
/// </summary>
internal static class PowDbPlainCapture
{
    /// <summary>Copies a file, unless the baseline has the very same bytes.</summary>
    /// <exception cref="BackupException">SourceDamaged: an index or page does not stand its own checks.</exception>
    public static PowDbCaptured Run(
        IDiskFile source,
        string name,
        long length,
        PowDbBaseline? baseline,
        Func<string, IDiskFile> create,
        EngineContext context
    )
    {
        PowDbBaseFile? before = null;
        baseline?.Files.TryGetValue(name, out before);
        // Of equal length it may well be unchanged: then it is read, but nothing is written.
        if (before?.Blake3 is { } known && before.Length == length)
        {
            var seen = Read(source, null, name, length, context);
            if (seen.Blake3 == known)
            {
                return seen;
            }
        }
        using var copy = create(name);
        return Read(source, copy, name, length, context) with { IsWhole = true };
    }

    private static PowDbCaptured Read(
        IDiskFile source,
        IDiskFile? copy,
        string name,
        long length,
        EngineContext context
    )
    {
        var hasher = Hasher.New();
        var pages = PowDbNames.IsHeap(name) ? new PowDbPageStream() : null;
        PowDbFileCheck? check = null;
        var range = new FileRange(0, length);
        long at = 0;
        void Tap(ReadOnlySpan<byte> block)
        {
            hasher.Update(block);
            check!.Take(at, block);
            pages?.Take(at, block);
            at += block.Length;
        }
        try
        {
            check = PowDbFileCheck.Of(name, length);
            context.Copy(source, range, copy, 0, Tap);
            check.Finish();
        }
        catch (BackupException e) when (ErrorCodes.KindOf(e.Code) == ErrorKind.Damaged && e.FullName is null)
        {
            throw e.At(source.Path).AsSourceDamaged();
        }
        return new PowDbCaptured
        {
            Name = name,
            Length = length,
            Blake3 = hasher.Finalize(),
            MaxLsn = pages?.MaxLsn ?? 0,
            // A heap with half a page at its end: whatever wrote it may not have ended yet.
            HasUnprovenPages = pages is not null,
        };
    }
}
