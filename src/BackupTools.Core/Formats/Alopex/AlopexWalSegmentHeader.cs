using System.Buffers.Binary;
using System.IO.Hashing;
using BackupTools.Errors;
using BackupTools.Formats.Primitives;

namespace BackupTools.Formats.Alopex;

/// <summary>
/// The header in front of every segment of the WAL (Alopex format, §3.3). <paramref name="FirstLsn"/> is never used
/// for reading; it is kept because it is copied.
/// </summary>
internal readonly record struct AlopexWalSegmentHeader(ushort Version, ulong SegmentId, ulong FirstLsn)
{
    public const int Size = 28;

    private const ushort SupportedVersion = 2;
    private const int CrcOffset = 22;

    /// <summary>True when the bytes begin with "AWAL".</summary>
    public static bool HasMagic(ReadOnlySpan<byte> bytes) => bytes.StartsWith("AWAL"u8);

    /// <summary>
    /// Reads a header of any version whose checksum holds; used to find the geometry, which must not depend on
    /// everything being in order.
    /// </summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out AlopexWalSegmentHeader header)
    {
        header = default;
        if (
            bytes.Length < Size
            || !HasMagic(bytes)
            || BinaryPrimitives.ReadUInt32LittleEndian(bytes[CrcOffset..]) != Crc32.HashToUInt32(bytes[..CrcOffset])
        )
        {
            return false;
        }
        header = Fields(bytes);
        return true;
    }

    /// <summary>Reads a header with the engine's checks in its order (§3.5).</summary>
    /// <param name="bytes">At least <see cref="Size"/> bytes.</param>
    /// <param name="index">Which segment, from 0; for the text.</param>
    /// <param name="offset">Where it is in the file; for the error.</param>
    /// <exception cref="BackupException">BadMagic, UnsupportedVersion, ChecksumMismatch.</exception>
    public static AlopexWalSegmentHeader Read(ReadOnlySpan<byte> bytes, int index, long offset)
    {
        BackupException Bad(ErrorCode code, string why, string? recommendation = null) =>
            new(
                code,
                $"corrupted segment {index}: WAL segment header invalid: {why}",
                offset: offset,
                recommendation: recommendation
            );
        if (!HasMagic(bytes))
        {
            throw Bad(ErrorCode.BadMagic, "invalid format: WAL magic mismatch");
        }
        var header = Fields(bytes);
        if (header.Version != SupportedVersion)
        {
            throw Bad(
                ErrorCode.UnsupportedVersion,
                $"invalid format: unsupported WAL version: {header.Version}",
                header.Version < SupportedVersion
                    ? "Open the database once with Alopex 0.5 to 0.7, which migrates its log to version 2."
                    : null
            );
        }
        if (!TryRead(bytes, out _))
        {
            throw Bad(ErrorCode.ChecksumMismatch, "checksum mismatch");
        }
        return header;
    }

    /// <summary>Compares the id with the one that the segment's place asks for (§3.3).</summary>
    /// <exception cref="BackupException">Malformed.</exception>
    public void CheckSequence(ulong baseId, int index, long offset)
    {
        var expected = unchecked(baseId + (ulong)index);
        if (SegmentId != expected)
        {
            throw Fault.Malformed(
                $"corrupted segment {SegmentId}: WAL segment_id sequence mismatch: expected {expected}, got {SegmentId}",
                offset
            );
        }
    }

    /// <summary>The header's bytes.</summary>
    public byte[] ToBytes()
    {
        var bytes = new byte[Size];
        "AWAL"u8.CopyTo(bytes);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(4), Version);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(6), SegmentId);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(14), FirstLsn);
        BinaryPrimitives.WriteUInt32LittleEndian(
            bytes.AsSpan(CrcOffset),
            Crc32.HashToUInt32(bytes.AsSpan(0, CrcOffset))
        );
        return bytes;
    }

    private static AlopexWalSegmentHeader Fields(ReadOnlySpan<byte> bytes) =>
        new(
            BinaryPrimitives.ReadUInt16LittleEndian(bytes[4..]),
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[6..]),
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[14..])
        );
}
