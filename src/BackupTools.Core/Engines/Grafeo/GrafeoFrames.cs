using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.Grafeo;

namespace BackupTools.Engines.Grafeo;

/// <summary>Bytes of a 0.5.x log: a file of the log, or what follows the header of an increment.</summary>
/// <param name="Path">The file.</param>
/// <param name="Range">The frames in it.</param>
internal readonly record struct GrafeoRecordInput(string Path, FileRange Range);

/// <summary>Reads the frames of 0.5.x logs where they lie.</summary>
internal static class GrafeoFrames
{
    // What is read beyond the point where a reader has seen enough.
    private const long Window = 16L << 20;

    /// <summary>Runs the frames of all inputs through a filter.</summary>
    /// <param name="inputs">In order of recovery.</param>
    /// <param name="filter">Takes every frame.</param>
    /// <param name="context">For reading.</param>
    /// <param name="mayBeTorn">A frame cut off at the very end of a file is what a live or crashed engine leaves.</param>
    /// <exception cref="BackupException">A frame is damaged.</exception>
    public static void Scan(
        IReadOnlyList<GrafeoRecordInput> inputs,
        GrafeoEpochFilter filter,
        EngineContext context,
        bool mayBeTorn
    )
    {
        for (var i = 0; i < inputs.Count; i++)
        {
            var (path, range) = inputs[i];
            var reader = new GrafeoRecordReader(range.Start);
            using var file = context.Disk.OpenRead(path);
            try
            {
                context.Read(
                    file,
                    range,
                    block =>
                    {
                        while (reader.Read(ref block, out var record))
                        {
                            filter.Add(i, record);
                        }
                    }
                );
            }
            catch (BackupException e)
            {
                throw e.At(path);
            }
            if (
                reader.Torn() is { } torn
                && (!mayBeTorn || GoesOn(file, range with { Start = reader.End + 1 }, context))
            )
            {
                throw torn.At(path);
            }
        }
    }

    /// <summary>Runs the frames of a block through a filter, up to the first that is damaged; what that is, or null.</summary>
    public static BackupException? Feed(
        GrafeoRecordReader reader,
        ReadOnlySpan<byte> block,
        GrafeoEpochFilter filter,
        int input
    )
    {
        try
        {
            while (reader.Read(ref block, out var record))
            {
                filter.Add(input, record);
            }
            return null;
        }
        catch (BackupException e)
        {
            return e;
        }
    }

    /// <summary>Reads ranges of whole frames, each of which is verified once more.</summary>
    /// <param name="inputs">The inputs that the ranges refer to by number.</param>
    /// <param name="kept">In order.</param>
    /// <param name="onContent">Takes what changes the database: input, offset in it, bytes; false when it has seen enough.</param>
    /// <param name="onOther">Takes the other frames.</param>
    /// <param name="context">For reading.</param>
    /// <exception cref="BackupException">SourceChanging, or a frame is damaged.</exception>
    public static void Read(
        IReadOnlyList<GrafeoRecordInput> inputs,
        IReadOnlyList<GrafeoStretch> kept,
        ContentTap onContent,
        Action<GrafeoRecord> onOther,
        EngineContext context
    )
    {
        foreach (var stretch in kept)
        {
            using var file = context.Disk.OpenRead(inputs[stretch.Input].Path);
            var splitter = new GrafeoFrameSplitter(stretch.Start);
            var more = true;
            for (var at = stretch.Start; at < stretch.End; at += Window)
            {
                context.Read(
                    file,
                    new FileRange(at, Math.Min(at + Window, stretch.End)),
                    block =>
                        splitter.Take(
                            block,
                            (offset, bytes) => more = more && onContent(stretch.Input, offset, bytes),
                            onOther
                        )
                );
                if (!more)
                {
                    return;
                }
            }
            if (!splitter.AtBoundary)
            {
                throw new BackupException(ErrorCode.SourceChanging, "the log changed while it was read", file.Path);
            }
        }
    }

    /// <summary>Takes bytes that change the database; false when it has seen enough.</summary>
    public delegate bool ContentTap(int input, long offset, ReadOnlySpan<byte> bytes);

    /// <summary>A commit after a frame that seems cut off: not its end is missing, its length is wrong.</summary>
    private static bool GoesOn(IDiskFile file, FileRange range, EngineContext context)
    {
        const int block = 1 << 20;
        for (var at = range.Start; at < range.End; at += block)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            var length = (int)Math.Min(block + GrafeoRecordReader.MaxEpochFrame, range.End - at);
            if (GrafeoRecordReader.IndexOfEpoch(file.UpTo(at, length)) >= 0)
            {
                return true;
            }
        }
        return false;
    }
}
