using System.Buffers.Binary;
using BackupTools.Errors;
using BackupTools.Formats.Primitives;

namespace BackupTools.Formats.Sqlite;

/// <summary>The first 100 bytes of an LTX file (SQLite format, §4).</summary>
internal sealed record LtxHeader
{
    public const int Length = 100;

    /// <summary>The WAL offset that lets Litestream's replicate continue in a folder written by someone else.</summary>
    public const long ForeignWalOffset = 32;

    private const uint NoChecksumsFlag = 2;
    private const long LatestTime = 253402300799999; // the last millisecond of the year 9999

    private static ReadOnlySpan<byte> Magic => "LTX1"u8;

    /// <summary>
    /// True of what we write: the offset that lets Litestream continue, and no source log. Litestream's own files of
    /// level 0 name their log by its salts, and those that it made of others have no offset.
    /// </summary>
    public bool IsOurs =>
        HasNoStateChecksums && WalOffset == ForeignWalOffset && (WalSize, WalSalt1, WalSalt2, NodeId) is (0, 0, 0, 0);

    /// <summary>The file carries no checksums of the database's states; Litestream 0.5 reads no other.</summary>
    public required bool HasNoStateChecksums { get; init; }

    /// <summary>Bytes of a page.</summary>
    public required int PageSize { get; init; }

    /// <summary>Pages of the database afterwards.</summary>
    public required uint Commit { get; init; }

    /// <summary>The first transaction, at least 1; 1 means a snapshot.</summary>
    public required ulong MinTxid { get; init; }

    /// <summary>The last transaction, at least <see cref="MinTxid"/>.</summary>
    public required ulong MaxTxid { get; init; }

    /// <summary>Milliseconds since 1970.</summary>
    public required long TimeMs { get; init; }

    /// <summary>Checksum of the state that it is applied to; 0 in snapshots and without state checksums.</summary>
    public ulong PreApply { get; init; }

    public long WalOffset { get; init; }

    public long WalSize { get; init; }

    public uint WalSalt1 { get; init; }

    public uint WalSalt2 { get; init; }

    public ulong NodeId { get; init; }

    /// <summary>True when it holds every page.</summary>
    public bool IsSnapshot => MinTxid == 1;

    public DateTimeOffset Time => DateTimeOffset.FromUnixTimeMilliseconds(TimeMs);

    /// <summary>True for what begins like an LTX file of any version.</summary>
    public static bool ClaimsToBeLtx(ReadOnlySpan<byte> start) => start.StartsWith("LTX"u8);

    /// <summary>Reads the header.</summary>
    /// <exception cref="BackupException">Truncated, BadMagic, UnsupportedVersion, Malformed.</exception>
    public static LtxHeader Parse(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < Length)
        {
            throw Fault.Truncated("the file ends inside the LTX header", bytes.Length);
        }
        if (!bytes.StartsWith(Magic))
        {
            throw ClaimsToBeLtx(bytes)
                ? Fault.UnsupportedVersion($"'LTX{(char)bytes[3]}' is not a known version of LTX files", 3)
                : Fault.BadMagic("this is not an LTX file");
        }
        var flags = U32(bytes, 4);
        Require((flags & ~NoChecksumsFlag) == 0, $"unknown flags {flags:x}", 4);
        var header = new LtxHeader
        {
            HasNoStateChecksums = flags == NoChecksumsFlag,
            PageSize = SqlitePages.CheckedPageSize(U32(bytes, 8), 8),
            Commit = U32(bytes, 12),
            MinTxid = U64(bytes, 16),
            MaxTxid = U64(bytes, 24),
            TimeMs = (long)U64(bytes, 32),
            PreApply = U64(bytes, 40),
            WalOffset = (long)U64(bytes, 48),
            WalSize = (long)U64(bytes, 56),
            WalSalt1 = U32(bytes, 64),
            WalSalt2 = U32(bytes, 68),
            NodeId = U64(bytes, 72),
        };
        header.Check();
        return header;
    }

    /// <summary>The header's bytes.</summary>
    public void Write(Span<byte> target)
    {
        Check();
        target[..Length].Clear();
        Magic.CopyTo(target);
        BinaryPrimitives.WriteUInt32BigEndian(target[4..], HasNoStateChecksums ? NoChecksumsFlag : 0);
        BinaryPrimitives.WriteUInt32BigEndian(target[8..], (uint)PageSize);
        BinaryPrimitives.WriteUInt32BigEndian(target[12..], Commit);
        BinaryPrimitives.WriteUInt64BigEndian(target[16..], MinTxid);
        BinaryPrimitives.WriteUInt64BigEndian(target[24..], MaxTxid);
        BinaryPrimitives.WriteInt64BigEndian(target[32..], TimeMs);
        BinaryPrimitives.WriteUInt64BigEndian(target[40..], PreApply);
        BinaryPrimitives.WriteInt64BigEndian(target[48..], WalOffset);
        BinaryPrimitives.WriteInt64BigEndian(target[56..], WalSize);
        BinaryPrimitives.WriteUInt32BigEndian(target[64..], WalSalt1);
        BinaryPrimitives.WriteUInt32BigEndian(target[68..], WalSalt2);
        BinaryPrimitives.WriteUInt64BigEndian(target[72..], NodeId);
    }

    private void Check()
    {
        Require(MinTxid >= 1, "transactions are counted from 1", 16);
        Require(MinTxid <= MaxTxid, $"the last transaction {MaxTxid} lies before the first, {MinTxid}", 24);
        Require(TimeMs is >= 0 and <= LatestTime, $"{TimeMs} ms since 1970 is not a time", 32);
        var mayHaveSum = !HasNoStateChecksums && !IsSnapshot;
        Require(
            mayHaveSum ? (PreApply & SqliteChecksum.Flag) != 0 : PreApply == 0,
            mayHaveSum
                ? "the checksum of the state before is missing"
                : "a checksum of the state before is not allowed",
            40
        );
        Require(WalOffset >= 0, "the WAL offset is negative", 48);
        Require(WalSize >= 0, "the WAL size is negative", 56);
        Require(WalOffset > 0 || WalSize == 0, "a WAL size without an offset", 56);
        Require(WalOffset > 0 || (WalSalt1 | WalSalt2) == 0, "WAL salts without an offset", 64);
    }

    private static void Require(bool condition, string message, long offset)
    {
        if (!condition)
        {
            throw Fault.Malformed(message, offset);
        }
    }

    private static uint U32(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32BigEndian(bytes[at..]);

    private static ulong U64(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt64BigEndian(bytes[at..]);
}
