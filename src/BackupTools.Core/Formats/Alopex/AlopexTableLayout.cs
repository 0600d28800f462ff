using System.Buffers.Binary;
using BackupTools.Errors;
using BackupTools.Formats.Primitives;

namespace BackupTools.Formats.Alopex;

/// <summary>How the payloads of a table's blocks are stored.</summary>
internal enum AlopexCodec
{
    /// <summary>As they are.</summary>
    None = 0,

    /// <summary>u32 length, then an LZ4 block.</summary>
    Lz4 = 1,

    /// <summary>A Zstandard frame.</summary>
    Zstd = 2,

    /// <summary>No engine writes it.</summary>
    Unknown = 3,
}

/// <summary>Header and footer of a table (Alopex format, §4): header 32, blocks, index, bloom filter, footer 48.</summary>
internal sealed record AlopexTableLayout
{
    public const int HeaderSize = 32;
    public const int FooterSize = 48;

    private const ushort SupportedVersion = 1;

    /// <summary>Bytes of the file.</summary>
    public required long Length { get; init; }

    public required AlopexCodec Codec { get; init; }

    /// <summary>Blocks, as the header says.</summary>
    public required uint BlockCount { get; init; }

    /// <summary>Entries of all blocks, as the header says.</summary>
    public required ulong EntryCount { get; init; }

    /// <summary>Bytes of the shortest key; 0 when there is no entry.</summary>
    public required uint MinKeyLength { get; init; }

    /// <summary>Bytes of the longest key.</summary>
    public required uint MaxKeyLength { get; init; }

    public required long IndexOffset { get; init; }

    public required uint IndexSize { get; init; }

    public required long BloomOffset { get; init; }

    /// <summary>Bytes of the bloom filter with its own header; 0 for none.</summary>
    public required uint BloomSize { get; init; }

    /// <summary>The lowest commit timestamp of any entry.</summary>
    public required ulong MinTimestamp { get; init; }

    /// <summary>The highest commit timestamp of any entry.</summary>
    public required ulong MaxTimestamp { get; init; }

    /// <summary>CRC-32 of everything before the footer.</summary>
    public required uint FileCrc { get; init; }

    /// <summary>Reads both ends of a table with checks 1 to 5 of §4, in the engine's order and words.</summary>
    /// <param name="header">The first <see cref="HeaderSize"/> bytes.</param>
    /// <param name="footer">The last <see cref="FooterSize"/> bytes.</param>
    /// <param name="length">Bytes of the file.</param>
    /// <exception cref="BackupException">Truncated, BadMagic, UnsupportedVersion, Malformed.</exception>
    public static AlopexTableLayout Read(ReadOnlySpan<byte> header, ReadOnlySpan<byte> footer, long length)
    {
        if (length < HeaderSize + FooterSize)
        {
            throw Fault.Truncated("invalid format: SSTable file too small");
        }
        var footerOffset = length - FooterSize;
        if (!header.StartsWith("ASST"u8))
        {
            throw Fault.BadMagic("invalid format: SSTable header magic mismatch");
        }
        var version = BinaryPrimitives.ReadUInt16LittleEndian(header[4..]);
        if (version != SupportedVersion)
        {
            throw Fault.UnsupportedVersion($"invalid format: unsupported SSTable version: {version}", 4);
        }
        if (!footer[44..].StartsWith("TSSA"u8))
        {
            throw Fault.BadMagic("invalid format: SSTable footer magic mismatch", footerOffset + 44);
        }
        var flags = BinaryPrimitives.ReadUInt16LittleEndian(header[6..]);
        var indexOffset = BinaryPrimitives.ReadUInt64LittleEndian(footer);
        var indexSize = BinaryPrimitives.ReadUInt32LittleEndian(footer[8..]);
        var bloomOffset = BinaryPrimitives.ReadUInt64LittleEndian(footer[12..]);
        var bloomSize = BinaryPrimitives.ReadUInt32LittleEndian(footer[20..]);
        if ((flags & 1) != 0 != (bloomSize > 0))
        {
            throw Bad("SSTable bloom presence mismatch between header flag and footer size", footerOffset + 20);
        }
        if (!Within(indexOffset, indexSize, footerOffset))
        {
            throw Bad("SSTable index range is out of bounds", footerOffset);
        }
        if (bloomSize > 0 && !Within(bloomOffset, bloomSize, footerOffset))
        {
            throw Bad("SSTable bloom range is out of bounds", footerOffset + 12);
        }
        if (bloomSize > 0 && indexOffset < bloomOffset + bloomSize && bloomOffset < indexOffset + indexSize)
        {
            throw Bad("SSTable index and bloom ranges overlap", footerOffset + 12);
        }
        return new AlopexTableLayout
        {
            Length = length,
            Codec = (AlopexCodec)((flags >> 1) & 3),
            BlockCount = BinaryPrimitives.ReadUInt32LittleEndian(header[8..]),
            EntryCount = BinaryPrimitives.ReadUInt64LittleEndian(header[12..]),
            MinKeyLength = BinaryPrimitives.ReadUInt32LittleEndian(header[20..]),
            MaxKeyLength = BinaryPrimitives.ReadUInt32LittleEndian(header[24..]),
            IndexOffset = (long)indexOffset,
            IndexSize = indexSize,
            BloomOffset = (long)bloomOffset,
            BloomSize = bloomSize,
            MinTimestamp = BinaryPrimitives.ReadUInt64LittleEndian(footer[24..]),
            MaxTimestamp = BinaryPrimitives.ReadUInt64LittleEndian(footer[32..]),
            FileCrc = BinaryPrimitives.ReadUInt32LittleEndian(footer[40..]),
        };
    }

    private static bool Within(ulong offset, uint size, long end) =>
        offset >= HeaderSize && offset <= (ulong)end && size <= (ulong)end - offset;

    private static BackupException Bad(string message, long offset) =>
        Fault.Malformed($"invalid format: {message}", offset);
}
