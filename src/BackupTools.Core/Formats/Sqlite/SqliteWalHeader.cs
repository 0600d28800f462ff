using System.Buffers.Binary;
using System.Runtime.InteropServices;
using BackupTools.Errors;
using BackupTools.Formats.Primitives;

namespace BackupTools.Formats.Sqlite;

/// <summary>The running checksum of a write-ahead log: two words that depend on every byte before (SQLite format, §3).</summary>
internal record struct SqliteWalSum(uint First, uint Second)
{
    /// <summary>Goes on over bytes whose number is a multiple of 8.</summary>
    public void Append(ReadOnlySpan<byte> bytes, bool bigEndian)
    {
        var (s0, s1) = (First, Second);
        var words = MemoryMarshal.Cast<byte, uint>(bytes);
        var swap = bigEndian == BitConverter.IsLittleEndian;
        for (var i = 0; i + 1 < words.Length; i += 2)
        {
            s0 += (swap ? BinaryPrimitives.ReverseEndianness(words[i]) : words[i]) + s1;
            s1 += (swap ? BinaryPrimitives.ReverseEndianness(words[i + 1]) : words[i + 1]) + s0;
        }
        this = new SqliteWalSum(s0, s1);
    }
}

/// <summary>The first 32 bytes of a write-ahead log (SQLite format, §3).</summary>
internal sealed record SqliteWalHeader
{
    public const int Length = 32;

    private const uint Magic = 0x377F0682;
    private const uint Version = 3007000;

    /// <summary>The checksums read the log's words in big-endian order.</summary>
    public required bool IsBigEndian { get; init; }

    /// <summary>Bytes of a page.</summary>
    public required int PageSize { get; init; }

    /// <summary>How often the log was restarted.</summary>
    public required uint Sequence { get; init; }

    /// <summary>Both salts, as in the file; every frame of this log repeats them.</summary>
    public required ulong Salts { get; init; }

    /// <summary>The checksum over the header, with which that of the first frame begins.</summary>
    public required SqliteWalSum Sum { get; init; }

    /// <summary>Reads and proves the header.</summary>
    /// <exception cref="BackupException">Truncated, BadMagic, UnsupportedVersion, Malformed, ChecksumMismatch.</exception>
    public static SqliteWalHeader Parse(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < Length)
        {
            throw Fault.Truncated("the log ends inside its header", bytes.Length);
        }
        var magic = U32(bytes, 0);
        if ((magic & ~1u) != Magic)
        {
            throw Fault.BadMagic("this is not an SQLite write-ahead log");
        }
        if (U32(bytes, 4) != Version)
        {
            throw Fault.UnsupportedVersion($"unsupported version {U32(bytes, 4)} of the write-ahead log", 4);
        }
        var isBigEndian = (magic & 1) != 0;
        var sum = default(SqliteWalSum);
        sum.Append(bytes[..24], isBigEndian);
        if (sum != new SqliteWalSum(U32(bytes, 24), U32(bytes, 28)))
        {
            throw new BackupException(
                ErrorCode.ChecksumMismatch,
                "the header of the write-ahead log does not match its checksum",
                offset: 24
            );
        }
        return new SqliteWalHeader
        {
            IsBigEndian = isBigEndian,
            PageSize = SqlitePages.CheckedPageSize(U32(bytes, 8), 8),
            Sequence = U32(bytes, 12),
            Salts = BinaryPrimitives.ReadUInt64BigEndian(bytes[16..]),
            Sum = sum,
        };
    }

    private static uint U32(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32BigEndian(bytes[at..]);
}
