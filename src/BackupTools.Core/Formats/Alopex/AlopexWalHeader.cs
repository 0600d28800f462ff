using System.Buffers.Binary;
using System.IO.Hashing;
using BackupTools.Errors;
using BackupTools.Formats.Primitives;

namespace BackupTools.Formats.Alopex;

/// <summary>The two shapes of the WAL's section header; the version number does not tell them apart.</summary>
internal enum AlopexWalDialect
{
    /// <summary>16 bytes without a checksum: the reference era.</summary>
    A,

    /// <summary>20 bytes with a valid marker and a checksum: later engines.</summary>
    B,
}

/// <summary>
/// The section header at the start of lsm.wal (Alopex format, §3.2). <paramref name="Start"/> (inclusive) and
/// <paramref name="End"/> (exclusive) are logical offsets in the ring; start = end means empty unless
/// <paramref name="IsFull"/>.
/// </summary>
internal sealed record AlopexWalHeader(AlopexWalDialect Dialect, ulong Start, ulong End, bool IsFull)
{
    /// <summary>Bytes from offset 0 that <see cref="Read"/> needs.</summary>
    public const int ProbeSize = 24;

    private const int SizeA = 16;
    private const int SizeB = 20;
    private const ulong HighBit = 1UL << 63;

    // Dialect B only: what the checks of §3.5 will say when their turn comes.
    private bool HasMarker { get; init; } = true;
    private bool HasGoodCrc { get; init; } = true;

    /// <summary>Bytes of the section header; segment 0 follows at once.</summary>
    public int Size => Dialect == AlopexWalDialect.A ? SizeA : SizeB;

    /// <summary>
    /// Finds out the dialect by content and reads the fields; <see cref="Check"/> judges them.
    /// </summary>
    /// <exception cref="BackupException">Truncated; BadMagic: no segment follows in either dialect.</exception>
    public static AlopexWalHeader Read(ReadOnlySpan<byte> probe)
    {
        if (probe.Length < ProbeSize)
        {
            throw TooSmall();
        }
        var start = BinaryPrimitives.ReadUInt64LittleEndian(probe);
        var end = BinaryPrimitives.ReadUInt64LittleEndian(probe[8..]);
        if (AlopexWalSegmentHeader.HasMagic(probe[SizeA..]))
        {
            return new AlopexWalHeader(AlopexWalDialect.A, start, end & ~HighBit, (end & HighBit) != 0);
        }
        var marker = (start & HighBit) != 0;
        var crc = BinaryPrimitives.ReadUInt32LittleEndian(probe[16..]) == Crc32.HashToUInt32(probe[..16]);
        if (AlopexWalSegmentHeader.HasMagic(probe[SizeB..]) || (marker && crc))
        {
            return new AlopexWalHeader(AlopexWalDialect.B, start & ~HighBit, end & ~HighBit, (end & HighBit) != 0)
            {
                HasMarker = marker,
                HasGoodCrc = crc,
            };
        }
        throw Fault.BadMagic(
            "corrupted segment 0: WAL segment header invalid: invalid format: WAL magic mismatch",
            SizeA
        );
    }

    /// <summary>The error for a file that ends before its geometry says.</summary>
    public static BackupException TooSmall() =>
        Fault.Truncated("invalid format: WAL file is smaller than configured section size");

    /// <summary>The checks of §3.5 on this header, in the engine's order.</summary>
    /// <exception cref="BackupException">Malformed or ChecksumMismatch, with the engine's words.</exception>
    public void Check(ulong ring)
    {
        if (!HasMarker)
        {
            throw Bad("WAL section header valid marker missing", 0);
        }
        if (!HasGoodCrc)
        {
            throw new BackupException(
                ErrorCode.ChecksumMismatch,
                "checksum mismatch in the WAL section header",
                offset: 16
            );
        }
        if (Start >= ring)
        {
            throw Bad("WAL start offset exceeds ring length", 0);
        }
        if (End >= ring)
        {
            throw Bad("WAL end offset exceeds ring length", 8);
        }
        if (IsFull && Start != End)
        {
            throw Bad("WAL section header inconsistent: is_full=true but start_offset != end_offset", 8);
        }
    }

    /// <summary>Bytes between start and end.</summary>
    public ulong Used(ulong ring) =>
        IsFull ? ring
        : Start <= End ? End - Start
        : ring - (Start - End);

    /// <summary>This header with another end: so many bytes after its start, full if they fill the ring.</summary>
    public AlopexWalHeader WithUsed(ulong used, ulong ring) => new(Dialect, Start, (Start + used) % ring, used == ring);

    /// <summary>The header's bytes, <see cref="Size"/> of them.</summary>
    public byte[] ToBytes()
    {
        var bytes = new byte[Size];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, Dialect == AlopexWalDialect.A ? Start : Start | HighBit);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(8), IsFull ? End | HighBit : End);
        if (Dialect == AlopexWalDialect.B)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(16), Crc32.HashToUInt32(bytes.AsSpan(0, 16)));
        }
        return bytes;
    }

    private static BackupException Bad(string message, long offset) =>
        Fault.Malformed($"invalid format: {message}", offset);
}
