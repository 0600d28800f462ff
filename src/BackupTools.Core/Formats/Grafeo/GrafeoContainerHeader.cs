using System.Buffers.Binary;
using BackupTools.Errors;
using BackupTools.Formats.Primitives;

namespace BackupTools.Formats.Grafeo;

/// <summary>The shapes of an image.</summary>
internal enum GrafeoContainer
{
    /// <summary>0.5.x, never checkpointed: headers only.</summary>
    Empty,

    /// <summary>Up to 0.5.34: one snapshot.</summary>
    Snapshot,

    /// <summary>0.5.35 to 0.5.44: sections, listed in one directory page.</summary>
    Sections,

    /// <summary>0.6.0: copy-on-write pages, listed in directory blocks.</summary>
    Pages,
}

/// <summary>
/// What the first three pages of a <c>.grafeo</c> file say (Grafeo format, §4 and §7.1).
/// </summary>
internal sealed record GrafeoContainerHeader
{
    /// <summary>Bytes of a page, in every version.</summary>
    public const int PageSize = 4096;

    /// <summary>Bytes of the three header pages, which every image has; data begins here.</summary>
    public const int Size = 3 * PageSize;

    /// <summary>Bytes that tell an image and its generation.</summary>
    public const int MagicSize = 8;

    public required GrafeoContainer Container { get; init; }

    /// <summary>The version that created the file, not necessarily the one that wrote last.</summary>
    public required string CreatorVersion { get; init; }

    /// <summary>When the file was created, in milliseconds since 1970.</summary>
    public required ulong CreatedMs { get; init; }

    /// <summary>32 lower-case hex digits; null before 0.6.0.</summary>
    public string? DatabaseId { get; init; }

    /// <summary>The database header that counts.</summary>
    public required GrafeoSlot Active { get; init; }

    /// <summary>Its page, 1 or 2.</summary>
    public required int ActivePage { get; init; }

    /// <summary>The page of a database header that is damaged while the other is not; 0 for none.</summary>
    public int DamagedPage { get; init; }

    /// <summary>True for the format of 0.6.0.</summary>
    public bool IsPaged => Container == GrafeoContainer.Pages;

    /// <summary>The name and version shown to people.</summary>
    public string Format =>
        IsPaged ? "Grafeo image v3"
        : Container == GrafeoContainer.Snapshot ? "Grafeo image v1"
        : "Grafeo image v2";

    /// <summary>True when the bytes begin like an image of any version, and not like a log.</summary>
    public static bool HasMagic(ReadOnlySpan<byte> bytes) =>
        bytes.StartsWith("GRAF"u8) && !bytes.StartsWith(GrafeoWalHeader.Magic);

    /// <summary>True when the bytes begin like an image of 0.6.0.</summary>
    public static bool IsPagedImage(ReadOnlySpan<byte> bytes) =>
        HasMagic(bytes)
        && bytes.Length >= MagicSize
        && BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]) == GrafeoPages.FormatVersion;

    /// <summary>Reads the header pages: the first <see cref="Size"/> bytes of a file.</summary>
    /// <exception cref="BackupException">
    /// BadMagic, Truncated, Malformed, ChecksumMismatch, UnsupportedVersion or EncryptedNotSupported.
    /// </exception>
    public static GrafeoContainerHeader Read(ReadOnlySpan<byte> bytes)
    {
        if (!HasMagic(bytes))
        {
            throw Fault.BadMagic("not a Grafeo database file");
        }
        if (bytes.Length < Size)
        {
            throw new BackupException(
                ErrorCode.Truncated,
                "the file ends inside its header pages",
                offset: bytes.Length,
                expected: $"at least {Size} bytes",
                actual: $"{bytes.Length} bytes"
            );
        }
        // Versions 1 and 2 say 1 as a one-byte integer that a page size follows; version 3 says 3 in four bytes.
        return IsPagedImage(bytes) ? GrafeoPages.ReadHeader(bytes)
            : bytes[4] == GrafeoSections.FormatVersion && bytes[5] != 0 ? GrafeoSections.ReadHeader(bytes)
            : throw Fault.UnsupportedVersion($"Grafeo file format version {bytes[4]} is not known", 4);
    }

    /// <summary>Refuses what the length of the file says about its headers.</summary>
    /// <remarks>
    /// Headers of 0.5.x have no checksum: one changed digit makes the engine open a full file as an empty database.
    /// </remarks>
    public void CheckLength(long length)
    {
        if (Container == GrafeoContainer.Empty && length > Size)
        {
            throw Fault.Malformed(
                $"both database headers say that nothing was ever written, but {length - Size} bytes of data follow",
                PageSize
            );
        }
        if (Active.Root is { } root)
        {
            CheckInside(root, length);
        }
    }

    /// <summary>Refuses an extent that does not lie in the data area of a file of that length.</summary>
    public static void CheckInside(GrafeoExtent extent, long length)
    {
        if (extent.Offset < Size || extent.Offset % PageSize != 0)
        {
            throw Fault.Malformed(
                $"{extent.Name} is said to be at byte {extent.Offset}, which is not a data page",
                extent.Offset > long.MaxValue ? null : (long)extent.Offset
            );
        }
        if (extent.Offset > (ulong)length || extent.Length > (ulong)length - extent.Offset)
        {
            throw new BackupException(
                ErrorCode.Truncated,
                $"{extent.Name} does not end inside the file",
                offset: length,
                expected: $"{extent.Length} bytes at {extent.Offset}",
                actual: $"a file of {length} bytes"
            );
        }
    }
}
