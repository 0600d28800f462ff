using System.Buffers;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.PowDb;
using BackupTools.Formats.Primitives;

namespace BackupTools.Engines.PowDb;

/// <summary>
/// Takes bytes of a file. A heap comes in runs of pages, in any order and from several threads, but no byte twice;
/// any other file comes in order.
/// </summary>
internal delegate void PowDbSink(long offset, ReadOnlySpan<byte> bytes);

/// <summary>
/// Reads the newest version of a file out of the bundles of a chain. The deltas come first, newest first, and a
/// page seen once is never taken again; the whole copy fills what is left. So every needed byte is read once, every
/// page of the result is handed on once, and memory is one bit per page however long the chain.
/// All digests are checked on the way: what was handed on may be used only after this has returned.
/// </summary>
internal static class PowDbAssembly
{
    private const int RecordsPerRead = 255;

    /// <summary>
    /// Requires that the files of a part are there and as long as their manifests say, and that the part is no longer
    /// than all of them together: then its length is real, and memory and disk may be taken for it.
    /// </summary>
    /// <exception cref="BackupException">MissingFile, UnsafeName, LengthMismatch, VerificationFailed.</exception>
    public static void RequireFiles(PowDbStatePart part, EngineContext context)
    {
        long pages = 0;
        if (part.Whole is { } whole)
        {
            using var file = part.Bundle!.OpenFile(whole.Name, context);
            RequireLength(whole, file);
            pages = (long)(whole.Length / PowDbPage.Size);
        }
        foreach (var layer in part.Layers)
        {
            using var file = layer.Bundle.OpenFile(layer.Pages.DeltaFile, context);
            RequireLength(layer.Pages, file);
            pages += layer.Pages.PageCount;
        }
        if (part.Layers.Count > 0 && part.Pages > pages)
        {
            throw PowDbStateCheck.MissingPage(part, pages);
        }
    }

    /// <summary>Reads one delta alone and proves it.</summary>
    public static void CheckDelta(PowDbLayer layer, EngineContext context, bool checkPages) =>
        ReadDelta(layer, null, long.MaxValue, checkPages && PowDbNames.IsHeap(layer.Pages.Name), static (_, _) => { }, context);

    /// <summary>Reads the file into the sink. Its files must have been required before.</summary>
    /// <param name="part">The file.</param>
    /// <param name="threads">How many threads to use.</param>
    /// <param name="sink">Takes the bytes.</param>
    /// <param name="context">The run.</param>
    /// <param name="checkPages">Check each page of a heap that is handed on, not only the digests.</param>
    /// <returns>The first page that no bundle holds, −1 when all is there.</returns>
    /// <exception cref="BackupException">A file of a bundle is missing, damaged, or not what its manifest says.</exception>
    public static long Run(
        PowDbStatePart part,
        int threads,
        PowDbSink sink,
        EngineContext context,
        bool checkPages = true
    )
    {
        var isChecked = checkPages && part.IsHeap;
        if (part.Layers.Count == 0)
        {
            ReadWhole(part, null, long.MaxValue, isChecked, threads, sink, context);
            return -1;
        }
        var taken = new PageSet(part.Pages);
        var limit = part.Pages;
        for (var i = part.Layers.Count - 1; i >= 0; i--)
        {
            ReadDelta(part.Layers[i], taken, limit, isChecked, sink, context);
            // A heap that was shorter here had lost what lies behind, even if it has grown again since.
            limit = Math.Min(limit, part.Layers[i].Pages.TotalPages);
        }
        if (part.Whole is not null)
        {
            limit = Math.Min(limit, (long)(part.Whole.Length / PowDbPage.Size));
            ReadWhole(part, taken, limit, isChecked, threads, sink, context);
        }
        for (var page = part.Whole is null ? 0 : limit; page < part.Pages; page++)
        {
            if (!taken.Contains(page))
            {
                return page;
            }
        }
        return -1;
    }

    private static void ReadWhole(
        PowDbStatePart part,
        PageSet? except,
        long limit,
        bool isChecked,
        int threads,
        PowDbSink sink,
        EngineContext context
    )
    {
        var (bundle, whole) = (part.Bundle!, part.Whole!);
        using var file = bundle.OpenFile(whole.Name, context);
        RequireLength(whole, file);
        var length = (long)whole.Length;
        var digest = new PowDbDigest(length);
        // In any order where pages are known by their place; else as a stream, which indexes are read as.
        var paged = part.IsPaged || except is not null;
        try
        {
            OrderedBlocks.Run(
                file,
                length,
                PowDbDigest.NotesLength,
                threads,
                (offset, block, values) =>
                {
                    digest.Work(offset, block, values);
                    if (paged || isChecked)
                    {
                        TakePages(isChecked, offset, block, except, limit, paged ? sink : null);
                    }
                },
                (offset, block, values) =>
                {
                    digest.Commit(block, values);
                    if (!paged)
                    {
                        sink(offset, block);
                    }
                },
                context
            );
        }
        catch (BackupException e)
        {
            throw e.At(file.Path);
        }
        RequireDigest(whole.Name, whole.Blake3, digest.Finish(), bundle, file.Path);
    }

    private static void TakePages(
        bool isChecked,
        long offset,
        ReadOnlySpan<byte> block,
        PageSet? except,
        long limit,
        PowDbSink? sink
    )
    {
        var first = offset / PowDbPage.Size;
        var pages = (int)Math.Clamp(limit - first, 0, block.Length / PowDbPage.Size);
        var crc = new Crc32();
        for (var i = 0; i < pages; )
        {
            if (except is not null && except.Contains(first + i))
            {
                i++;
                continue;
            }
            var start = i;
            for (; i < pages && (except is null || !except.Contains(first + i)); i++)
            {
                if (isChecked)
                {
                    PowDbPage.Check(block.Slice(i * PowDbPage.Size, PowDbPage.Size), first + i, crc);
                }
            }
            sink?.Invoke((first + start) * PowDbPage.Size, block[(start * PowDbPage.Size)..(i * PowDbPage.Size)]);
        }
    }

    private static void ReadDelta(
        PowDbLayer layer,
        PageSet? taken,
        long limit,
        bool isChecked,
        PowDbSink sink,
        EngineContext context
    )
    {
        var pages = layer.Pages;
        using var file = layer.Bundle.OpenFile(pages.DeltaFile, context);
        var hasher = new Hasher();
        var check = new PowDbDeltaCheck(pages);
        var buffer = ArrayPool<byte>.Shared.Rent(RecordsPerRead * PowDbDelta.RecordSize);
        try
        {
            RequireLength(pages, file);
            var length = (long)pages.PageCount * PowDbDelta.RecordSize;
            for (long at = 0; at < length; )
            {
                context.Cancellation.ThrowIfCancellationRequested();
                var block = buffer.AsSpan(0, (int)Math.Min(RecordsPerRead * PowDbDelta.RecordSize, length - at));
                HashingCopy.ReadExactly(file, block, at);
                hasher.UpdateWithJoin(block);
                TakeRecords(check, block, at, taken, limit, isChecked, sink);
                context.Progress.Advance(block.Length);
                at += block.Length;
            }
            check.Finish();
        }
        catch (BackupException e)
        {
            throw e.At(file.Path);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
        RequireDigest(pages.DeltaFile, pages.DeltaBlake3, hasher.Finalize(), layer.Bundle, file.Path);
    }

    private static void TakeRecords(
        PowDbDeltaCheck check,
        Span<byte> block,
        long blockOffset,
        PageSet? taken,
        long limit,
        bool isChecked,
        PowDbSink sink
    )
    {
        var crc = new Crc32();
        var run = block[..0];
        long runStart = -1;
        for (var at = 0; at < block.Length; at += PowDbDelta.RecordSize)
        {
            var record = block.Slice(at, PowDbDelta.RecordSize);
            var index = check.Take(record);
            if (index >= limit || taken?.Add(index) == false)
            {
                continue;
            }
            var page = PowDbDelta.PageOf(record);
            if (isChecked)
            {
                CheckRecord(page, index, blockOffset + at, crc);
            }
            var runPages = run.Length / PowDbPage.Size;
            if (runPages > 0 && index == runStart + runPages)
            {
                // Neighbours move together, over the indices between them, so that they leave as one run.
                var start = (at - (runPages * PowDbDelta.RecordSize)) + sizeof(uint);
                page.CopyTo(block[(start + run.Length)..]);
                run = block.Slice(start, run.Length + PowDbPage.Size);
                continue;
            }
            Hand(run, runStart, sink);
            run = block.Slice(at + sizeof(uint), PowDbPage.Size);
            runStart = index;
        }
        Hand(run, runStart, sink);
    }

    private static void Hand(ReadOnlySpan<byte> run, long start, PowDbSink sink)
    {
        if (run.Length > 0)
        {
            sink(start * PowDbPage.Size, run);
        }
    }

    private static void CheckRecord(ReadOnlySpan<byte> page, uint index, long recordOffset, Crc32 crc)
    {
        try
        {
            PowDbPage.Check(page, index, crc);
        }
        catch (BackupException e)
        {
            // The page knows its place in the heap; here it is its place in the delta that helps.
            throw new BackupException(
                e.Code,
                e.Message,
                offset: recordOffset + sizeof(uint),
                expected: e.Expected,
                actual: e.Actual
            );
        }
    }

    private static void RequireLength(PowDbWhole whole, IDiskFile file)
    {
        var length = file.Length;
        if ((ulong)length != whole.Length)
        {
            throw new BackupException(
                ErrorCode.LengthMismatch,
                $"{whole.Name} has {length} bytes, the manifest says {whole.Length}",
                file.Path,
                expected: $"{whole.Length}",
                actual: $"{length}"
            );
        }
    }

    private static void RequireLength(PowDbPages pages, IDiskFile file)
    {
        try
        {
            PowDbDelta.RequireLength(pages, file.Length);
        }
        catch (BackupException e)
        {
            throw e.At(file.Path);
        }
    }

    /// <summary>Says in the engine's words that a file is not what its manifest says.</summary>
    public static void RequireDigest(string name, Hash expected, Hash actual, PowDbBundle bundle, string path)
    {
        if (actual != expected)
        {
            var what = bundle.Manifest.IsIncrement ? "increment" : "backup";
            throw new BackupException(
                ErrorCode.ChecksumMismatch,
                $"integrity check failed for {name}: blake3 mismatch ({what} is corrupt)",
                path,
                expected: expected.ToString(),
                actual: actual.ToString()
            );
        }
    }
}
