using System.Buffers.Binary;
using System.IO.Hashing;
using BackupTools.Errors;
using BackupTools.Formats.Primitives;

namespace BackupTools.Formats.Grafeo;

/// <summary>
/// The first 128 bytes of a log segment of 0.6.0 (Grafeo format, §7.2). A position (LSN) counts the bytes of frames
/// since the database was made; segment headers are not counted.
/// </summary>
/// <param name="DatabaseId">32 lower-case hex digits.</param>
/// <param name="FirstLsn">Position of the first frame; also the number in the file name.</param>
/// <param name="CreatedMs">When the segment was begun, in milliseconds since 1970.</param>
internal sealed record GrafeoWalHeader(string DatabaseId, ulong FirstLsn, ulong CreatedMs)
{
    /// <summary>Bytes of the header.</summary>
    public const int Size = 128;

    private const ushort Version = 2;
    private const uint Encrypted = 1;
    private const int Covered = Size - 4;

    /// <summary>The first bytes of a segment.</summary>
    public static ReadOnlySpan<byte> Magic => "GRAFWAL\0"u8;

    /// <summary>Reads a header; <paramref name="offset"/> is where it lies in its file.</summary>
    /// <exception cref="BackupException">
    /// Truncated, BadMagic, ChecksumMismatch, UnsupportedVersion or EncryptedNotSupported.
    /// </exception>
    public static GrafeoWalHeader Read(ReadOnlySpan<byte> bytes, long offset = 0)
    {
        if (bytes.Length < Size)
        {
            throw Fault.Truncated("WAL segment header: the file is too short", offset + bytes.Length);
        }
        if (!bytes.StartsWith(Magic))
        {
            throw Fault.BadMagic("WAL segment header: wrong magic", offset);
        }
        var stored = BinaryPrimitives.ReadUInt32LittleEndian(bytes[Covered..]);
        var computed = Crc32.HashToUInt32(bytes[..Covered]);
        if (stored != computed)
        {
            throw Fault.Mismatch("WAL segment header: checksum mismatch", stored, computed, offset, prefix: "0x");
        }
        var version = BinaryPrimitives.ReadUInt16LittleEndian(bytes[8..]);
        var length = BinaryPrimitives.ReadUInt16LittleEndian(bytes[10..]);
        if (version != Version || length != Size)
        {
            throw Fault.UnsupportedVersion(
                $"WAL version {version} with a header of {length} bytes is not known",
                offset + 8
            );
        }
        var flags = BinaryPrimitives.ReadUInt32LittleEndian(bytes[12..]);
        if (flags != 0)
        {
            throw (flags & Encrypted) != 0
                ? new BackupException(ErrorCode.EncryptedNotSupported, "the WAL is encrypted", offset: offset + 12)
                : Fault.UnsupportedVersion(
                    $"the WAL uses features that this version does not know (flags 0x{flags:x})",
                    offset + 12
                );
        }
        return new GrafeoWalHeader(
            Convert.ToHexStringLower(bytes.Slice(16, 16)),
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[32..]),
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[40..])
        );
    }

    /// <summary>The name of a segment's file.</summary>
    public static string NameOf(ulong firstLsn) => $"wal_{firstLsn:D20}.log";
}
