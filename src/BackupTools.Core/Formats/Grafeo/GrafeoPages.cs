using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;
using BackupTools.Errors;
using BackupTools.Formats.Primitives;

namespace BackupTools.Formats.Grafeo;

/// <summary>The container of 0.6.0, version 3 (Grafeo format, §7.1): fixed headers with checksums, chunks in pages.</summary>
internal static class GrafeoPages
{
    /// <summary>The format version in the file header.</summary>
    public const uint FormatVersion = 3;

    /// <summary>The longest directory block.</summary>
    public const int MaxDirectoryBlock = 64 * 1024;

    private const int FileHeaderSize = 72;
    private const int SlotSize = 80;
    private const int DirectoryHeaderSize = 32;
    private const int EntrySize = 48;
    private const uint Encrypted = 1;
    private const uint MustKnow = 0xFFFF;
    private const uint SlotRevision = 1;

    /// <summary>Reads the three header pages; the caller has looked at magic, version and length.</summary>
    public static GrafeoContainerHeader ReadHeader(ReadOnlySpan<byte> bytes)
    {
        CheckSum(bytes, FileHeaderSize, "the file header", 0);
        var flags = BinaryPrimitives.ReadUInt32LittleEndian(bytes[12..]);
        if ((flags & Encrypted) != 0)
        {
            throw new BackupException(ErrorCode.EncryptedNotSupported, "the database is encrypted", offset: 12);
        }
        if ((flags & MustKnow) != 0)
        {
            throw Fault.UnsupportedVersion(
                $"the file uses features that this version does not know (flags 0x{flags:x})",
                12
            );
        }
        var pageSize = BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]);
        if (pageSize != GrafeoContainerHeader.PageSize)
        {
            throw Fault.Malformed($"the page size is {pageSize}", 8);
        }
        var first = ReadSlot(bytes, 1, out var firstDamage);
        var second = ReadSlot(bytes, 2, out var secondDamage);
        var active = first is null || (second is not null && second.Iteration > first.Iteration) ? second : first;
        if (active is null)
        {
            throw new BackupException(
                ErrorCode.ChecksumMismatch,
                "both database headers are damaged",
                offset: GrafeoContainerHeader.PageSize,
                inner: firstDamage ?? secondDamage
            );
        }
        return new GrafeoContainerHeader
        {
            Container = GrafeoContainer.Pages,
            DatabaseId = Convert.ToHexStringLower(bytes.Slice(16, 16)),
            CreatedMs = BinaryPrimitives.ReadUInt64LittleEndian(bytes[32..]),
            CreatorVersion = Encoding.UTF8.GetString(bytes.Slice(40, 32).TrimEnd((byte)0)),
            Active = active,
            ActivePage = ReferenceEquals(active, first) ? 1 : 2,
            DamagedPage =
                firstDamage is not null ? 1
                : secondDamage is not null ? 2
                : 0,
        };
    }

    /// <summary>Reads a directory block whose checksum was checked: its chunks, and the block that follows.</summary>
    public static List<GrafeoExtent> ReadDirectory(ReadOnlySpan<byte> block, long offset, out GrafeoExtent? next)
    {
        if (block.Length is < DirectoryHeaderSize or > MaxDirectoryBlock || !block.StartsWith("GDIR"u8))
        {
            throw Fault.Malformed("not a directory block", offset);
        }
        var count = BinaryPrimitives.ReadUInt32LittleEndian(block[4..]);
        if (count > (uint)((block.Length - DirectoryHeaderSize) / EntrySize))
        {
            throw Fault.Malformed(
                $"the directory block announces {count} chunks, which do not fit into its {block.Length} bytes",
                offset + 4
            );
        }
        next = DirectoryAt(block[8..]);
        var chunks = new List<GrafeoExtent>((int)count);
        for (var i = 0; i < (int)count; i++)
        {
            var entry = block.Slice(DirectoryHeaderSize + (i * EntrySize), EntrySize);
            chunks.Add(
                new GrafeoExtent(
                    $"a chunk of section {GrafeoSections.Name(entry[0])}",
                    BinaryPrimitives.ReadUInt64LittleEndian(entry[24..]),
                    BinaryPrimitives.ReadUInt64LittleEndian(entry[32..]),
                    BinaryPrimitives.ReadUInt32LittleEndian(entry[40..])
                )
            );
        }
        return chunks;
    }

    private static GrafeoSlot? ReadSlot(ReadOnlySpan<byte> bytes, int page, out BackupException? damage)
    {
        damage = null;
        var offset = page * GrafeoContainerHeader.PageSize;
        var slot = bytes.Slice(offset, GrafeoContainerHeader.PageSize);
        if (!slot.ContainsAnyExcept((byte)0))
        {
            return null;
        }
        try
        {
            if (!slot.StartsWith("GDBH"u8))
            {
                throw Fault.BadMagic("a database header has the wrong magic", offset);
            }
            CheckSum(slot, SlotSize, "a database header", offset);
        }
        catch (BackupException e)
        {
            damage = e;
            return null;
        }
        var revision = BinaryPrimitives.ReadUInt32LittleEndian(slot[4..]);
        if (revision != SlotRevision)
        {
            throw Fault.UnsupportedVersion($"database header revision {revision} is not known", offset + 4);
        }
        return new GrafeoSlot
        {
            Iteration = BinaryPrimitives.ReadUInt64LittleEndian(slot[8..]),
            CheckpointLsn = BinaryPrimitives.ReadUInt64LittleEndian(slot[16..]),
            Epoch = BinaryPrimitives.ReadUInt64LittleEndian(slot[24..]),
            TransactionId = BinaryPrimitives.ReadUInt64LittleEndian(slot[32..]),
            Root = DirectoryAt(slot[40..]),
            Nodes = BinaryPrimitives.ReadUInt64LittleEndian(slot[56..]),
            Edges = BinaryPrimitives.ReadUInt64LittleEndian(slot[64..]),
            TimestampMs = BinaryPrimitives.ReadUInt64LittleEndian(slot[72..]),
        };
    }

    /// <summary>Offset, length and checksum of a directory block; null where the length says that there is none.</summary>
    private static GrafeoExtent? DirectoryAt(ReadOnlySpan<byte> pointer)
    {
        var length = BinaryPrimitives.ReadUInt32LittleEndian(pointer[8..]);
        return length == 0
            ? null
            : new GrafeoExtent(
                "a directory block",
                BinaryPrimitives.ReadUInt64LittleEndian(pointer),
                length,
                BinaryPrimitives.ReadUInt32LittleEndian(pointer[12..])
            );
    }

    private static void CheckSum(ReadOnlySpan<byte> bytes, int covered, string what, long offset)
    {
        var stored = BinaryPrimitives.ReadUInt32LittleEndian(bytes[covered..]);
        var computed = Crc32.HashToUInt32(bytes[..covered]);
        if (stored != computed)
        {
            throw Fault.Mismatch($"{what} is damaged: checksum mismatch", stored, computed, offset, prefix: "0x");
        }
    }
}
