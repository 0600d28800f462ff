using System.IO.Hashing;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.PowDb;
using Blake3;

namespace BackupTools.Engines.PowDb;

/// <summary>
/// Takes bytes of a file. A heap comes in runs of pages, in any order and from several threads, but no byte twice;
/// any other file comes in order.
/// </summary>
internal delegate void PowDbSink(long offset, ReadOnlySpan<byte> bytes);

/// <summary>
/// Reads the newest version of a file out of the bundles of a chain. The whole copy passes in large blocks, all deltas
/// go along with it, and the newest pages are laid over each block before it is passed on. So every byte is read once,
/// front to back, every page of the result is passed on once, in runs as long as a block, and memory is one bit per
/// page and a few records per delta. All digests are checked on the way: what was passed on may be used only after this
/// has returned.
/// </summary>
internal static class PowDbAssembly
{
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
            part.Bundle!.OpenFile(whole, context).Dispose();
            pages = (long)(whole.Length / PowDbPage.Size);
        }
        foreach (var layer in part.Layers)
        {
            layer.Bundle.OpenFile(layer.Pages, context).Dispose();
            pages += layer.Pages.PageCount;
        }
        if (part.Layers.Count > 0 && part.Pages > pages)
        {
            throw PowDbStateCheck.MissingPage(part, pages);
        }
    }

    /// <summary>Reads one delta alone and proves it; <paramref name="also"/> sees every byte of it.</summary>
    public static void CheckDelta(PowDbLayer layer, EngineContext context, bool checkPages, ByteTap? also = null)
    {
        using var stream = new PowDbDeltaStream(
            layer,
            long.MaxValue,
            PowDbDeltaStream.MaxRecords,
            PowDbDeltaStream.MaxRecords,
            context,
            also
        );
        stream.ReadToEnd(checkPages && PowDbNames.IsHeap(layer.Pages.Name));
    }

    /// <summary>Reads the file into the sink. Its files must have been required before.</summary>
    /// <param name="part">The file.</param>
    /// <param name="threads">How many threads to use.</param>
    /// <param name="sink">Takes the bytes.</param>
    /// <param name="context">The run.</param>
    /// <param name="checkPages">Check each page of a heap that is passed on, not only the digests.</param>
    /// <param name="inOrder">Takes the same bytes once more, block after block; null for nobody.</param>
    /// <returns>The first page that no bundle holds, −1 when all is there.</returns>
    /// <exception cref="BackupException">A file of a bundle is missing, damaged, or not what its manifest says.</exception>
    public static long Run(
        PowDbStatePart part,
        int threads,
        PowDbSink sink,
        EngineContext context,
        bool checkPages = true,
        PowDbSink? inOrder = null
    )
    {
        var isChecked = checkPages && part.IsHeap;
        using var layers = new PowDbLayerStack(part, isChecked, context);
        using var file = part.Whole is { } entry ? part.Bundle!.OpenFile(entry, context) : null;
        var length = file is null ? 0 : (long)part.Whole!.Length;
        // Pages of the whole copy after this were lost later, even if the heap has grown again since.
        var limit = part.Layers.Count == 0 ? long.MaxValue : Math.Min(layers.Limit, length / PowDbPage.Size);
        using var hasher = Hasher.New();
        // In any order where pages are known by their place; otherwise as a stream, like indexes.
        var paged = part.IsPaged || part.Layers.Count > 0;
        try
        {
            OrderedBlocks.Run(
                file,
                length,
                Math.Max(length, part.Length),
                0,
                threads,
                (offset, block, _) =>
                {
                    if (!paged && isChecked)
                    {
                        HandOn(isChecked, offset, block, layers, limit, null); // the commit below passes on
                    }
                },
                (offset, block, _) =>
                {
                    hasher.Update(Within(length, offset, block));
                    if (!paged)
                    {
                        sink(offset, block);
                    }
                    layers.LayOver(offset / PowDbPage.Size, block);
                    inOrder?.Invoke(offset, Within(part.Length, offset, block));
                },
                paged ? (offset, block) => HandOn(isChecked, offset, block, layers, limit, sink) : null,
                context
            );
        }
        catch (BackupException e) when (file is not null)
        {
            throw e.At(file.Path);
        }
        if (file is not null)
        {
            RequireDigest(part.Whole!.Name, part.Whole.Blake3, hasher.Finalize(), part.Bundle!, file.Path);
        }
        layers.Finish();
        return part.Layers.Count == 0 ? -1 : layers.FirstMissing(limit);
    }

    private static Span<byte> Within(long length, long offset, Span<byte> block) =>
        block[..(int)Math.Clamp(length - offset, 0, block.Length)];

    /// <summary>
    /// Passes on the pages that there are, as few runs as possible. Those of deltas have been checked when they were
    /// laid over.
    /// </summary>
    private static void HandOn(
        bool isChecked,
        long offset,
        ReadOnlySpan<byte> block,
        PowDbLayerStack layers,
        long limit,
        PowDbSink? sink
    )
    {
        var first = offset / PowDbPage.Size;
        var pages = (int)Math.Clamp(layers.Pages - first, 0, block.Length / PowDbPage.Size);
        var crc = new Crc32();
        for (var i = 0; i < pages; )
        {
            var start = i;
            for (; i < pages && (layers.Contains(first + i) || first + i < limit); i++)
            {
                if (isChecked && !layers.Contains(first + i))
                {
                    PowDbPage.Check(block.Slice(i * PowDbPage.Size, PowDbPage.Size), first + i, crc);
                }
            }
            if (i == start)
            {
                i++; // no bundle holds this page
                continue;
            }
            sink?.Invoke((first + start) * PowDbPage.Size, block[(start * PowDbPage.Size)..(i * PowDbPage.Size)]);
        }
    }

    /// <summary>Requires that a file of a bundle is as long as its manifest says.</summary>
    /// <exception cref="BackupException">LengthMismatch.</exception>
    public static void RequireLength(PowDbEntry entry, long length, string path)
    {
        if (entry is PowDbPages pages)
        {
            BackupException.Naming(path, () => PowDbDelta.RequireLength(pages, length));
        }
        else if (entry is PowDbWhole whole && (ulong)length != whole.Length)
        {
            throw new BackupException(
                ErrorCode.LengthMismatch,
                $"{whole.Name} has {length} bytes, the manifest says {whole.Length}",
                path,
                expected: $"{whole.Length}",
                actual: $"{length}"
            );
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
