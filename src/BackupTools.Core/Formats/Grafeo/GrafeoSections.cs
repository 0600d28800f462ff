using System.Buffers.Binary;
using System.Text;
using BackupTools.Errors;
using BackupTools.Formats.Primitives;

namespace BackupTools.Formats.Grafeo;

/// <summary>The container of 0.5.x, versions 1 and 2 (Grafeo format, §4): bincode headers without checksums.</summary>
internal static class GrafeoSections
{
    /// <summary>The format version in the file header; the same for snapshots and sections.</summary>
    public const byte FormatVersion = 1;

    /// <summary>The most sections that fit in the directory page.</summary>
    public const int MaxSections = 127;

    private const int EntrySize = 32;

    /// <summary>Reads the three header pages; the caller has looked at the magic and the length.</summary>
    public static GrafeoContainerHeader ReadHeader(ReadOnlySpan<byte> bytes)
    {
        var reader = new BincodeReader(bytes[..GrafeoContainerHeader.PageSize]);
        reader.Bytes(4);
        reader.U32();
        var at = reader.Offset;
        var pageSize = reader.U32();
        if (pageSize != GrafeoContainerHeader.PageSize)
        {
            throw new BackupException(
                ErrorCode.Malformed,
                $"the page size is {pageSize}",
                offset: at,
                expected: $"{GrafeoContainerHeader.PageSize}",
                actual: $"{pageSize}"
            );
        }
        var created = reader.U64();
        var creator = Encoding.UTF8.GetString(reader.Bytes(32).TrimEnd((byte)0));
        var first = ReadSlot(bytes, 1);
        var second = ReadSlot(bytes, 2);
        var active = second.Iteration > first.Iteration ? second : first;
        return new GrafeoContainerHeader
        {
            Container =
                active.Iteration == 0 ? GrafeoContainer.Empty
                : active.SnapshotLength > 0 ? GrafeoContainer.Snapshot
                : GrafeoContainer.Sections,
            CreatorVersion = creator,
            CreatedMs = created,
            Active = active,
            ActivePage = ReferenceEquals(active, second) ? 2 : 1,
        };
    }

    /// <summary>The header pages with another epoch, which like all of them has no checksum.</summary>
    /// <param name="pages">Of an image that was written at least once.</param>
    /// <param name="header">What they say.</param>
    /// <param name="epoch">The epoch of the image.</param>
    public static byte[] WithEpoch(ReadOnlySpan<byte> pages, GrafeoContainerHeader header, ulong epoch)
    {
        var slot = header.Active;
        var bytes = new BincodeWriter()
            .U64(slot.Iteration)
            .U64(slot.Root!.Value.Checksum)
            .U64(slot.SnapshotLength)
            .U64(epoch)
            .U64(slot.TransactionId)
            .U64(slot.Nodes)
            .U64(slot.Edges)
            .U64(slot.TimestampMs)
            .ToArray();
        var changed = pages.ToArray();
        var page = changed.AsSpan(header.ActivePage * GrafeoContainerHeader.PageSize, GrafeoContainerHeader.PageSize);
        page.Clear();
        bytes.CopyTo(page);
        return changed;
    }

    /// <summary>An image of nothing, as the engine creates it before the first checkpoint.</summary>
    /// <param name="createdMs">When it was created, in milliseconds since 1970.</param>
    public static byte[] EmptyImage(ulong createdMs)
    {
        var image = new byte[GrafeoContainerHeader.Size];
        var head = new BincodeWriter().U64(FormatVersion).U64(GrafeoContainerHeader.PageSize).U64(createdMs).ToArray();
        "GRAF"u8.CopyTo(image);
        head.CopyTo(image, 4);
        "0.5.42"u8.CopyTo(image.AsSpan(4 + head.Length));
        return image;
    }

    /// <summary>The sections that the directory page lists; the caller has checked the page's checksum.</summary>
    public static List<GrafeoExtent> ReadDirectory(ReadOnlySpan<byte> page)
    {
        if (page.Length != GrafeoContainerHeader.PageSize)
        {
            throw Fault.Truncated($"a section directory of {page.Length} bytes", GrafeoContainerHeader.Size);
        }
        var count = BinaryPrimitives.ReadUInt32LittleEndian(page);
        if (count > MaxSections)
        {
            throw Fault.Malformed(
                $"the section directory announces {count} sections, at most {MaxSections} fit",
                GrafeoContainerHeader.Size
            );
        }
        var sections = new List<GrafeoExtent>((int)count);
        for (var i = 0; i < (int)count; i++)
        {
            var entry = page.Slice(8 + (i * EntrySize), EntrySize);
            sections.Add(
                new GrafeoExtent(
                    $"section {Name(BinaryPrimitives.ReadUInt32LittleEndian(entry))}",
                    BinaryPrimitives.ReadUInt64LittleEndian(entry[8..]),
                    BinaryPrimitives.ReadUInt64LittleEndian(entry[16..]),
                    BinaryPrimitives.ReadUInt32LittleEndian(entry[24..])
                )
            );
        }
        return sections;
    }

    /// <summary>The engine's name of a section type.</summary>
    public static string Name(uint type) =>
        type switch
        {
            1 => "Catalog",
            2 => "LpgStore",
            3 => "RdfStore",
            4 => "CompactStore",
            5 => "OverlayDeletions",
            10 => "VectorStore",
            11 => "TextIndex",
            12 => "RdfRing",
            20 => "PropertyIndex",
            _ => $"of type {type}",
        };

    private static GrafeoSlot ReadSlot(ReadOnlySpan<byte> bytes, int page)
    {
        var offset = page * GrafeoContainerHeader.PageSize;
        var reader = new BincodeReader(bytes.Slice(offset, GrafeoContainerHeader.PageSize), offset);
        var iteration = reader.U64();
        var checksum = reader.U32();
        var length = reader.U64();
        return new GrafeoSlot
        {
            Iteration = iteration,
            SnapshotLength = length,
            Root =
                iteration == 0 ? null
                : length > 0 ? new GrafeoExtent("the snapshot", GrafeoContainerHeader.Size, length, checksum)
                : new GrafeoExtent(
                    "the section directory",
                    GrafeoContainerHeader.Size,
                    GrafeoContainerHeader.PageSize,
                    checksum
                ),
            Epoch = reader.U64(),
            TransactionId = reader.U64(),
            Nodes = reader.U64(),
            Edges = reader.U64(),
            TimestampMs = reader.U64(),
        };
    }
}
