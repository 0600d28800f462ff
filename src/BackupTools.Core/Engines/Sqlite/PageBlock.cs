using BackupTools.Files;
using BackupTools.Formats.Primitives;
using BackupTools.Formats.Sqlite;

namespace BackupTools.Engines.Sqlite;

/// <summary>
/// What is worked out of the pages of one block, on several processors: the checksum, the fingerprint, and for a page that
/// is stored its compressed bytes. One instance serves one block after the other.
/// </summary>
/// <param name="pageSize">Bytes of a page.</param>
/// <param name="macs">Takes the fingerprints.</param>
/// <param name="earlier">Fingerprints of states: a page that is alike in all of them is not stored. None: all are.</param>
/// <param name="throttleLimit">Processors to use.</param>
internal sealed class PageBlock(int pageSize, PageMacs macs, IReadOnlyList<byte[]> earlier, int throttleLimit)
{
    /// <summary>Bytes that one processor takes at a time: enough to be worth the hand-over.</summary>
    private const int Portion = 1 << 16;

    private static readonly int PerBlock = BlockPool.BlockSize;

    private readonly int _slot = LtxWriter.LargestCompressed(pageSize);
    private readonly uint _lockPage = SqlitePages.LockPage(pageSize);
    private readonly ulong[] _sums = new ulong[PerBlock / pageSize];
    private readonly int[] _sizes = new int[PerBlock / pageSize];
    private readonly byte[] _compressed = new byte[PerBlock / pageSize * LtxWriter.LargestCompressed(pageSize)];
    private readonly ParallelOptions _options = new() { MaxDegreeOfParallelism = Math.Max(1, throttleLimit) };

    /// <summary>Works on whole pages.</summary>
    /// <param name="pages">At most <see cref="BlockPool.BlockSize"/> bytes.</param>
    /// <param name="first">Number of the first.</param>
    public unsafe void Work(ReadOnlySpan<byte> pages, uint first)
    {
        var count = pages.Length / pageSize;
        var perPortion = Math.Max(1, Portion / pageSize);
        fixed (byte* start = pages)
        {
            var address = (nint)start; // what is fixed cannot be given to other threads by its name
            Parallel.For(
                0,
                (count + perPortion - 1) / perPortion,
                _options,
                () => (Crc: SqliteChecksum.Start(), Mac: macs.NewMac()),
                (portion, _, tools) =>
                {
                    var end = Math.Min(count, (portion + 1) * perPortion);
                    for (var i = portion * perPortion; i < end; i++)
                    {
                        var page = new ReadOnlySpan<byte>((byte*)address + ((long)i * pageSize), pageSize);
                        Work(i, first + (uint)i, page, tools.Crc, tools.Mac);
                    }
                    return tools;
                },
                static tools => tools.Mac.Dispose()
            );
        }
    }

    /// <summary>The checksum of a page of the block; 0 of the lock page.</summary>
    public ulong Sum(int index) => _sums[index];

    /// <summary>The compressed bytes of a page of the block; none of a page that is not stored.</summary>
    public ReadOnlySpan<byte> Compressed(int index) => _compressed.AsSpan(index * _slot, _sizes[index]);

    private void Work(int index, uint number, ReadOnlySpan<byte> page, System.IO.Hashing.Crc64 crc, PageMac mac)
    {
        _sums[index] = 0;
        _sizes[index] = 0;
        if (number == _lockPage)
        {
            return;
        }
        _sums[index] = SqliteChecksum.OfPage(crc, number, page);
        macs.Set(number, page, mac);
        if (!IsInAll(number))
        {
            _sizes[index] = LtxWriter.Compress(page, _compressed.AsSpan(index * _slot, _slot));
        }
    }

    private bool IsInAll(uint number)
    {
        foreach (var table in earlier)
        {
            if (!macs.IsAsIn(table, number))
            {
                return false;
            }
        }
        return earlier.Count > 0;
    }
}
