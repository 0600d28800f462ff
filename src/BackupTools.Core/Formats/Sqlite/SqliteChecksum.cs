using System.Buffers.Binary;
using System.IO.Hashing;

namespace BackupTools.Formats.Sqlite;

/// <summary>
/// The checksum of LTX files: CRC-64/GO-ISO, stored with bit 63 set so that no sum is ever 0 (SQLite format, §4).
/// </summary>
internal static class SqliteChecksum
{
    /// <summary>Bit 63, set in every stored sum.</summary>
    public const ulong Flag = 1UL << 63;

    private static readonly Crc64ParameterSet GoIso = Crc64ParameterSet.Create(
        0x1B,
        ulong.MaxValue,
        ulong.MaxValue,
        reflectValues: true
    );

    /// <summary>A running sum; finish it with <see cref="Stored"/>.</summary>
    public static Crc64 Start() => new(GoIso);

    /// <summary>The sum so far as it is stored.</summary>
    public static ulong Stored(Crc64 running) => Flag | running.GetCurrentHashAsUInt64();

    /// <summary>The sum of one page with its number.</summary>
    /// <param name="running">Is reset: one instance serves all pages.</param>
    /// <param name="number">The page's number, from 1.</param>
    /// <param name="page">The whole page.</param>
    public static ulong OfPage(Crc64 running, uint number, ReadOnlySpan<byte> page)
    {
        Span<byte> head = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(head, number);
        running.Reset();
        running.Append(head);
        running.Append(page);
        return Stored(running);
    }

    /// <summary>The database's sum with one page's sum taken in, or taken out again: the operation is its own inverse.</summary>
    public static ulong Toggle(ulong database, ulong page) => Flag | (database ^ page);
}
