using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.Primitives;
using BackupTools.Formats.Sqlite;
using K4os.Compression.LZ4;

namespace BackupTools.Engines.Sqlite;

/// <summary>
/// What is worked out of the pages of a block: checksums, fingerprints, and of a page that is stored its LZ4 block.
/// One instance serves one block after the other; each thread has one of its own.
/// </summary>
/// <param name="pageSize">Bytes of a page.</param>
/// <param name="macs">Takes the fingerprints.</param>
/// <param name="earlier">Fingerprints of states: a page that is alike in all of them is not stored. None: all are.</param>
/// <param name="pages">The most pages of a block.</param>
internal sealed class PageBlock(int pageSize, PageMacs macs, IReadOnlyList<byte[]> earlier, int pages) : IDisposable
{
    private readonly int _slot = LZ4Codec.MaximumOutputSize(pageSize);
    private readonly uint _lockPage = SqlitePages.LockPage(pageSize);
    private readonly PageChecksum _checksum = new(pageSize);
    private readonly PageMac _mac = macs.NewMac();
    private readonly ulong[] _crcs = new ulong[pages];
    private readonly int[] _sizes = new int[pages];
    private readonly List<int> _toPack = new(pages);
    private readonly byte[] _plain = new byte[pageSize];
    private readonly byte[] _compressed = GC.AllocateUninitializedArray<byte>(
        pages * LZ4Codec.MaximumOutputSize(pageSize)
    );

    /// <summary>The most pages that a block of a state can have.</summary>
    public static int PagesOf(long stateLength, int pageSize) =>
        (int)(Math.Min(BlockPool.BlockSize, stateLength) / pageSize);

    /// <summary>Works on whole pages.</summary>
    /// <param name="block">The pages.</param>
    /// <param name="first">Number of the first.</param>
    /// <exception cref="BackupException">VerificationFailed.</exception>
    public void Work(ReadOnlySpan<byte> block, uint first)
    {
        _toPack.Clear();
        for (var i = 0; i < block.Length / pageSize; i++)
        {
            var number = first + (uint)i;
            var page = block.Slice(i * pageSize, pageSize);
            _crcs[i] = 0;
            _sizes[i] = 0;
            if (number == _lockPage)
            {
                continue;
            }
            _crcs[i] = _checksum.OfBytes(page);
            macs.Set(number, page, _mac);
            if (!IsInAll(number, earlier))
            {
                _toPack.Add(i);
            }
        }
        Pack(block, first);
    }

    /// <summary>The CRC of a page's bytes.</summary>
    public ulong BytesCrc(int index) => _crcs[index];

    /// <summary>The LZ4 block of a page of the block; none of a page that is not stored.</summary>
    public ReadOnlySpan<byte> Compressed(int index) => _compressed.AsSpan(index * _slot, _sizes[index]);

    public void Dispose() => _mac.Dispose();

    /// <summary>
    /// Makes LZ4 blocks of the pages to store. To look for what repeats takes most of the time of a full, so one page in eight
    /// is tried; where these save less than a sixteenth in all, the others of the block are literals only.
    /// </summary>
    private void Pack(ReadOnlySpan<byte> block, uint first)
    {
        var (tried, saved) = (0, 0);
        for (var n = 0; n < _toPack.Count; n++)
        {
            if (IsTried(n))
            {
                Pack(block, first, _toPack[n], isCompressed: true);
                tried++;
                saved += pageSize - _sizes[_toPack[n]];
            }
        }
        for (var n = 0; n < _toPack.Count; n++)
        {
            if (!IsTried(n))
            {
                Pack(block, first, _toPack[n], isCompressed: saved * 16 >= tried * pageSize);
            }
        }

        // Not each eighth one: pages may alternate in a database, rows and their overflow pages.
        static bool IsTried(int n) => unchecked((uint)n * 0x9E3779B1) >> 29 == 0;
    }

    /// <summary>Makes the LZ4 block of a page, and proves that the page comes back.</summary>
    private void Pack(ReadOnlySpan<byte> block, uint first, int index, bool isCompressed)
    {
        var page = block.Slice(index * pageSize, pageSize);
        var target = _compressed.AsSpan(index * _slot, _slot);
        var size = isCompressed ? LZ4Codec.Encode(page, target) : Lz4Literals.Encode(page, target);
        if (LZ4Codec.Decode(target[..size], _plain) != pageSize || !page.SequenceEqual(_plain))
        {
            throw new BackupException(
                ErrorCode.VerificationFailed,
                $"page {first + index} decompresses to something else",
                offset: (first + index - 1L) * pageSize,
                recommendation: "Try again; if it happens again, check the memory of this computer."
            );
        }
        _sizes[index] = size;
    }

    private bool IsInAll(uint number, IReadOnlyList<byte[]> tables)
    {
        foreach (var table in tables)
        {
            if (!macs.IsAsIn(table, number))
            {
                return false;
            }
        }
        return tables.Count > 0;
    }
}
