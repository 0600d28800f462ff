using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.Alopex;

namespace BackupTools.Engines.Alopex;

/// <summary>What was learned of a table by reading all of it.</summary>
/// <param name="Crc">CRC-32 of the whole file, as the manifest has it.</param>
/// <param name="MaxTimestamp">The highest commit timestamp in it; 0 when it is empty.</param>
/// <param name="OpaqueBlocks">Blocks whose entries could not be followed because they are coded.</param>
internal sealed record AlopexTableFacts(uint Crc, ulong MaxTimestamp, long OpaqueBlocks);

/// <summary>A table file, checked while it is read or copied (Alopex format, §4).</summary>
internal sealed class AlopexTableFile(IDiskFile file, AlopexTableLayout layout) : IDisposable
{
    private const int IndexChunk = 64 << 10;

    // A filter of this size serves fifty million keys; a larger one is left to the checksums.
    private const uint LargestBloom = 64 << 20;

    /// <summary>Opens a table and checks both its ends.</summary>
    /// <exception cref="BackupException">The ends are not those of a table; the file cannot be read.</exception>
    public static AlopexTableFile Open(IDisk disk, string path)
    {
        var opened = disk.OpenRead(path);
        return opened.Into(file => BackupException.Naming(path, () => new AlopexTableFile(file, ReadLayout(file))));
    }

    /// <summary>The last bytes of the file: two tables with the same are the same, as far as a CRC-32 can tell.</summary>
    public byte[] ReadFooter() =>
        file.Bytes(layout.Length - AlopexTableLayout.FooterSize, AlopexTableLayout.FooterSize);

    /// <summary>
    /// Reads the whole table and checks it, or copies it and checks what is written; <paramref name="also"/> sees every
    /// block too.
    /// </summary>
    /// <exception cref="BackupException">The first fault, in the engine's order of checks.</exception>
    public AlopexTableFacts Read(EngineContext context, VerifyDepth depth, ByteTap? also = null, IDiskFile? copy = null)
    {
        using var beginning = context.Progress.BeginFile(file.Path, layout.Length);
        try
        {
            using var index = Index().GetEnumerator();
            var deep = depth == VerifyDepth.Deep;
            var scanner = new AlopexTableScanner(layout, index, deep, deep ? Bloom() : null);
            context.Copy(file, new FileRange(0, layout.Length), copy, 0, new ByteTap(scanner.Feed) + also);
            scanner.Finish();
            var max = layout.EntryCount == 0 ? 0 : layout.MaxTimestamp;
            return new AlopexTableFacts(scanner.WholeCrc, max, scanner.OpaqueBlocks);
        }
        catch (BackupException e)
        {
            throw e.At(file.Path);
        }
    }

    public void Dispose() => file.Dispose();

    private static AlopexTableLayout ReadLayout(IDiskFile file)
    {
        const int Ends = AlopexTableLayout.HeaderSize + AlopexTableLayout.FooterSize;
        var length = file.Length;
        return length < Ends
            ? AlopexTableLayout.Read([], [], length)
            : AlopexTableLayout.Read(
                file.Bytes(0, AlopexTableLayout.HeaderSize),
                file.Bytes(length - AlopexTableLayout.FooterSize, AlopexTableLayout.FooterSize),
                length
            );
    }

    /// <summary>The index, read in chunks just ahead of the blocks that it describes.</summary>
    private IEnumerable<AlopexIndexReader> Index()
    {
        var reader = new AlopexIndexReader(layout.IndexSize);
        var chunk = new byte[(int)Math.Min(IndexChunk, layout.IndexSize)];
        for (long done = 0; done < layout.IndexSize; )
        {
            var count = (int)Math.Min(chunk.Length, layout.IndexSize - done);
            HashingCopy.ReadExactly(file, chunk.AsSpan(0, count), layout.IndexOffset + done);
            done += count;
            for (var used = 0; used < count; )
            {
                ReadOnlySpan<byte> rest = chunk.AsSpan(used, count - used);
                var complete = reader.TryRead(ref rest);
                used = count - rest.Length;
                if (complete)
                {
                    yield return reader;
                }
            }
        }
    }

    private AlopexBloom? Bloom()
    {
        if (layout.BloomSize is < AlopexBloom.HeadSize or > LargestBloom)
        {
            return null; // a short one is refused when its head is checked
        }
        var filter = file.Bytes(layout.BloomOffset, layout.BloomSize);
        try
        {
            return AlopexBloom.Read(filter);
        }
        catch (BackupException)
        {
            return null; // likewise: the scanner names it in its turn, after the checksum that may explain it
        }
    }
}
