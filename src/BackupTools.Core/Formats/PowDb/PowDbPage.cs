using System.Buffers.Binary;
using System.IO.Hashing;
using BackupTools.Errors;
using BackupTools.Formats.Primitives;

namespace BackupTools.Formats.PowDb;

/// <summary>The 20 bytes before a page's rows (PowDB format, §2).</summary>
internal readonly record struct PowDbPageHeader(
    uint PageId,
    byte Type,
    byte Flags,
    ushort FreeStart,
    ulong Lsn,
    uint Checksum
)
{
    public bool HasChecksum => (Flags & 1) != 0;

    /// <summary>0 before engine 0.5, 1 since.</summary>
    public int FormatVersion => Flags >> 4;

    /// <summary>Reads the header; the span holds at least <see cref="PowDbPage.HeaderSize"/> bytes.</summary>
    public static PowDbPageHeader Read(ReadOnlySpan<byte> page) =>
        new(
            BinaryPrimitives.ReadUInt32LittleEndian(page),
            page[4],
            page[5],
            BinaryPrimitives.ReadUInt16LittleEndian(page[6..]),
            BinaryPrimitives.ReadUInt64LittleEndian(page[8..]),
            BinaryPrimitives.ReadUInt32LittleEndian(page[16..])
        );
}

/// <summary>One page of a heap and the checks that need nothing but its bytes (PowDB format, §2).</summary>
internal static class PowDbPage
{
    public const int Size = 4096;
    public const int HeaderSize = 20;

    public const byte Data = 1;
    public const byte Overflow = 3;
    public const byte Meta = 5;

    private const int ChecksumOffset = 16;
    private const int NewestFormatVersion = 1;
    private const int NewestHeapVersion = 3;

    /// <summary>True when no byte is set: the engine makes an empty data page of it when it opens the heap.</summary>
    public static bool IsZero(ReadOnlySpan<byte> page) => page.IndexOfAnyExcept((byte)0) < 0;

    /// <summary>The checksum that belongs into the page, whatever is there now.</summary>
    public static uint ChecksumOf(ReadOnlySpan<byte> page, Crc32 crc)
    {
        crc.Reset();
        crc.Append(page[..ChecksumOffset]);
        crc.Append([0, 0, 0, 0]);
        crc.Append(page[HeaderSize..Size]);
        return crc.GetCurrentHashAsUInt32();
    }

    /// <summary>
    /// Checks checksum (where the page has one), number, type and versions. Returns the page's LSN, 0 for a page of
    /// zeros. <paramref name="index"/> is the page's place in its file; offsets in errors count from the file's start.
    /// </summary>
    /// <exception cref="BackupException">ChecksumMismatch, Malformed or UnsupportedVersion, with the offset.</exception>
    public static ulong Check(ReadOnlySpan<byte> page, long index, Crc32 crc)
    {
        var header = PowDbPageHeader.Read(page);
        if (header.HasChecksum)
        {
            var actual = ChecksumOf(page, crc);
            if (actual != header.Checksum)
            {
                throw Fault.Mismatch(
                    $"page {index} is corrupt: its CRC32 does not match",
                    header.Checksum,
                    actual,
                    index * Size
                );
            }
        }
        if (header.FormatVersion > NewestFormatVersion)
        {
            throw Fault.UnsupportedVersion(
                $"page {index} has unsupported page format version {header.FormatVersion} "
                    + $"(this version understands up to {NewestFormatVersion})",
                index * Size
            );
        }
        if (header.Type == 0 && IsZero(page))
        {
            return 0;
        }
        if (header.Type is < Data or > Meta)
        {
            throw Corrupt(index, $"unknown page type {header.Type}");
        }
        if (header.PageId != index)
        {
            throw Corrupt(index, $"it says it is page {header.PageId}");
        }
        if (index == 0 && header.Type == Meta)
        {
            CheckSuperblock(page);
        }
        return header.Lsn;
    }

    /// <summary>"PHEAP" | u16 version | u16 flags | u16 page size | u32 first data page, at 20 of page 0 since 0.5.</summary>
    private static void CheckSuperblock(ReadOnlySpan<byte> page)
    {
        var reader = new SpanReader(page[HeaderSize..Size], HeaderSize);
        if (!reader.Bytes(5).SequenceEqual("PHEAP"u8))
        {
            throw Corrupt(0, "a meta page without the heap's superblock");
        }
        var version = reader.U16();
        if (version > NewestHeapVersion)
        {
            throw Fault.UnsupportedVersion(
                $"unsupported heap format version {version} (this version understands up to {NewestHeapVersion})",
                HeaderSize
            );
        }
        reader.Skip(2);
        var pageSize = reader.U16();
        if (pageSize != Size)
        {
            throw Corrupt(0, $"the superblock says pages of {pageSize} bytes");
        }
    }

    private static BackupException Corrupt(long index, string why) =>
        Fault.Malformed($"page {index} is corrupt: {why}", index * Size);
}
