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
internal sealed class AlopexTableFile : IDisposable
{
    private const int IndexChunk = 64 << 10;

    // A filter of this size serves fifty million keys; a larger one is left to the checksums.
    private const uint LargestBloom = 64 << 20;

    private readonly IDiskFile _file;
    private readonly AlopexTableLayout _layout;

    private AlopexTableFile(IDiskFile file, AlopexTableLayout layout)
    {
        _file = file;
        _layout = layout;
    }

    /// <summary>Opens a table and checks both its ends.</summary>
    /// <exception cref="BackupException">The ends are not those of a table; the file cannot be read.</exception>
    public static AlopexTableFile Open(IDisk disk, string path)
    {
        var file = disk.OpenRead(path);
        try
        {
            return new AlopexTableFile(file, ReadLayout(file));
        }
        catch (BackupException e)
        {
            file.Dispose();
            throw e.At(path);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>The last bytes of the file: two tables with the same are the same, as far as a CRC-32 can tell.</summary>
    public byte[] ReadFooter()
    {
        var footer = new byte[AlopexTableLayout.FooterSize];
        HashingCopy.ReadExactly(_file, footer, _layout.Length - footer.Length);
        return footer;
    }

    /// <summary>Reads the whole table and checks it; <paramref name="also"/> sees every block too.</summary>
    /// <exception cref="BackupException">The first fault, in the engine's order of checks.</exception>
    public AlopexTableFacts Read(
        EngineContext context,
        VerifyDepth depth,
        CancellationToken cancellation,
        ByteTap? also = null
    ) =>
        Run(
            depth,
            tap =>
                HashingCopy.Read(_file, new FileRange(0, _layout.Length), tap + also, context.Progress, cancellation),
            context
        );

    /// <summary>Copies the table and checks what is written.</summary>
    /// <exception cref="BackupException">The first fault, in the engine's order of checks.</exception>
    public AlopexTableFacts CopyTo(
        IDiskFile target,
        EngineContext context,
        VerifyDepth depth,
        CancellationToken cancellation
    ) =>
        Run(
            depth,
            tap =>
                HashingCopy.Copy(
                    _file,
                    new FileRange(0, _layout.Length),
                    target,
                    0,
                    tap,
                    context.Progress,
                    cancellation
                ),
            context
        );

    public void Dispose() => _file.Dispose();

    private AlopexTableFacts Run(VerifyDepth depth, Action<ByteTap> transfer, EngineContext context)
    {
        using var beginning = context.Progress.BeginFile(_file.Path, _layout.Length);
        try
        {
            using var index = Index().GetEnumerator();
            var deep = depth == VerifyDepth.Deep;
            var scanner = new AlopexTableScanner(_layout, index, deep, deep ? Bloom() : null);
            transfer(scanner.Feed);
            scanner.Finish();
            var max = _layout.EntryCount == 0 ? 0 : _layout.MaxTimestamp;
            return new AlopexTableFacts(scanner.WholeCrc, max, scanner.OpaqueBlocks);
        }
        catch (BackupException e)
        {
            throw e.At(_file.Path);
        }
    }

    private static AlopexTableLayout ReadLayout(IDiskFile file)
    {
        var length = file.Length;
        var header = new byte[AlopexTableLayout.HeaderSize];
        var footer = new byte[AlopexTableLayout.FooterSize];
        if (length >= header.Length + footer.Length)
        {
            HashingCopy.ReadExactly(file, header, 0);
            HashingCopy.ReadExactly(file, footer, length - footer.Length);
        }
        return AlopexTableLayout.Read(header, footer, length);
    }

    /// <summary>The index, read in chunks just ahead of the blocks that it describes.</summary>
    private IEnumerable<AlopexIndexReader> Index()
    {
        var reader = new AlopexIndexReader(_layout.IndexSize);
        var chunk = new byte[(int)Math.Min(IndexChunk, _layout.IndexSize)];
        for (long done = 0; done < _layout.IndexSize; )
        {
            var count = (int)Math.Min(chunk.Length, _layout.IndexSize - done);
            HashingCopy.ReadExactly(_file, chunk.AsSpan(0, count), _layout.IndexOffset + done);
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
        if (_layout.BloomSize is < AlopexBloom.HeadSize or > LargestBloom)
        {
            return null; // a short one is refused when its head is checked
        }
        var filter = new byte[_layout.BloomSize];
        HashingCopy.ReadExactly(_file, filter, _layout.BloomOffset);
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
