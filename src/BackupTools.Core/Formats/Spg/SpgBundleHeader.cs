using System.Buffers.Binary;
using BackupTools.Errors;
using BackupTools.Formats.Primitives;

namespace BackupTools.Formats.Spg;

/// <summary>
/// Everything that an SPGBKUP file says about itself (SPG format, §1). It stands in two places: 33 bytes at the start
/// and 16 bytes after the snapshot, so that reading it costs two small reads whatever the size of the file.
/// </summary>
/// <remarks>
/// The checks are those of the reference, in its order and with its texts, but for lengths near 2^64, where the
/// reference wraps and we compare by subtraction (§1.3).
/// </remarks>
internal readonly record struct SpgBundleHeader
{
    /// <summary>Length of the part before the snapshot.</summary>
    public const int FixedLength = 33;

    /// <summary>Length of wal_pos and wal_len, after the snapshot.</summary>
    public const int WalFieldsLength = 16;

    /// <summary>Length of the CRC at the end of a v2 bundle.</summary>
    public const int TrailerLength = 4;

    private const int SmallestLength = FixedLength + WalFieldsLength;

    /// <summary>The value of <see cref="Kind"/> for a full.</summary>
    public const byte Full = 0;

    /// <summary>The value of <see cref="Kind"/> for an increment.</summary>
    public const byte Incremental = 1;

    /// <summary>1 or 2; the last byte of the magic.</summary>
    public required byte Version { get; init; }

    /// <summary>0 full, 1 incremental; other values pass the reference's inspection too.</summary>
    public required byte Kind { get; init; }

    /// <summary>The position the increment starts at; 0 in a full.</summary>
    public required ulong Since { get; init; }

    /// <summary>Wall clock in µs since 1970 UTC.</summary>
    public required ulong TsMicros { get; init; }

    /// <summary>Length of the snapshot in bytes.</summary>
    public required ulong SnapLen { get; init; }

    /// <summary>Length of the primary's WAL file at capture.</summary>
    public ulong WalPos { get; init; }

    /// <summary>Length of the WAL slice in bytes.</summary>
    public ulong WalLen { get; init; }

    /// <summary>Where wal_pos and wal_len stand. Valid once <see cref="ParseFixed"/> has passed.</summary>
    public long WalFieldsOffset => FixedLength + (long)SnapLen;

    /// <summary>Where the WAL slice starts.</summary>
    public long WalOffset => SmallestLength + (long)SnapLen;

    /// <summary>Everything but the trailer; overflows only for a v1 bundle that fails <see cref="CheckBody"/>.</summary>
    public long BodyLength => WalOffset + (long)WalLen;

    /// <summary>A header of what we write; the lengths come later.</summary>
    public static SpgBundleHeader New(byte kind, DateTimeOffset time, ulong since = 0) =>
        new()
        {
            Version = 2,
            Kind = kind,
            Since = since,
            TsMicros = (ulong)Math.Max(0, (time - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond),
            SnapLen = 0,
        };

    /// <summary>The six bytes and the version that every bundle starts with, but for the version.</summary>
    private static ReadOnlySpan<byte> Magic => "SPGBKUP"u8;

    /// <summary>True when a file that begins with these bytes claims to be a bundle, of whatever version.</summary>
    public static bool ClaimsToBeBundle(ReadOnlySpan<byte> start) => start.StartsWith(Magic);

    /// <summary>
    /// Reads the fixed part: steps 2 to 4 of §1.2. <paramref name="start"/> holds the first 33 bytes, or all there are.
    /// </summary>
    public static SpgBundleHeader ParseFixed(ReadOnlySpan<byte> start, ulong fileLength)
    {
        if (fileLength < SmallestLength)
        {
            throw Fault.Truncated("bundle too short", 0);
        }
        if (!ClaimsToBeBundle(start) || start[Magic.Length] is not (1 or 2))
        {
            throw Fault.BadMagic("bad bundle magic");
        }
        var header = new SpgBundleHeader
        {
            Version = start[7],
            Kind = start[8],
            Since = BinaryPrimitives.ReadUInt64LittleEndian(start[9..]),
            TsMicros = BinaryPrimitives.ReadUInt64LittleEndian(start[17..]),
            SnapLen = BinaryPrimitives.ReadUInt64LittleEndian(start[25..]),
        };
        return header.SnapLen <= fileLength - SmallestLength
            ? header
            : throw Fault.Truncated("bundle truncated in body", 25);
    }

    /// <summary>
    /// Adds the 16 bytes found at <see cref="WalFieldsOffset"/>: step 5 of §1.2. What is known of the WAL slice of a v1
    /// bundle is not checked here, as in the reference: see <see cref="CheckBody"/>.
    /// </summary>
    public SpgBundleHeader WithWalFields(ReadOnlySpan<byte> walFields, ulong fileLength)
    {
        var header = this with
        {
            WalPos = BinaryPrimitives.ReadUInt64LittleEndian(walFields),
            WalLen = BinaryPrimitives.ReadUInt64LittleEndian(walFields[8..]),
        };
        // fileLength - SmallestLength - SnapLen cannot wrap: ParseFixed has compared them.
        var rest = fileLength - SmallestLength - SnapLen;
        if (Version == 2 && (rest < TrailerLength || header.WalLen != rest - TrailerLength))
        {
            var shorter = rest < TrailerLength || header.WalLen > rest - TrailerLength;
            throw new BackupException(
                shorter ? ErrorCode.Truncated : ErrorCode.Malformed,
                "v2 bundle: trailing CRC missing or extra bytes after CRC",
                offset: WalFieldsOffset + 8
            );
        }
        return header;
    }

    /// <summary>Step 6 of §1.2: the CRC-32 of everything before the trailer against the trailer.</summary>
    public static void CheckCrc(uint stored, uint computed)
    {
        if (stored != computed)
        {
            throw Fault.Mismatch(
                $"backup bundle CRC32 mismatch (expected=0x{stored:x8}, computed=0x{computed:x8})",
                stored,
                computed,
                prefix: "0x"
            );
        }
    }

    /// <summary>
    /// What a reader of the slice must check for v1, as nothing before did: the slice lies within the file. Returns
    /// the number of bytes after it that belong to nothing (0 for v2, whose length is exact).
    /// </summary>
    public ulong CheckBody(ulong fileLength)
    {
        var rest = fileLength - SmallestLength - SnapLen;
        if (WalLen > rest)
        {
            throw Fault.Truncated(
                $"v1 bundle truncated in wal (wal_len={WalLen}, {rest} bytes left)",
                WalFieldsOffset + 8
            );
        }
        return Version == 1 ? rest - WalLen : 0;
    }

    /// <summary>Writes the fixed part, <see cref="FixedLength"/> bytes.</summary>
    public void WriteFixed(Span<byte> target)
    {
        Magic.CopyTo(target);
        target[7] = Version;
        target[8] = Kind;
        BinaryPrimitives.WriteUInt64LittleEndian(target[9..], Since);
        BinaryPrimitives.WriteUInt64LittleEndian(target[17..], TsMicros);
        BinaryPrimitives.WriteUInt64LittleEndian(target[25..], SnapLen);
    }

    /// <summary>Writes wal_pos and wal_len, <see cref="WalFieldsLength"/> bytes.</summary>
    public void WriteWalFields(Span<byte> target)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(target, WalPos);
        BinaryPrimitives.WriteUInt64LittleEndian(target[8..], WalLen);
    }
}
