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

    /// <summary>A running CRC; with <see cref="Flag"/> it is a sum as it is stored.</summary>
    public static Crc64 Start() => new(GoIso);

    /// <summary>The CRC of some bytes alone, as <see cref="PageChecksum"/> and <see cref="LtxFileSum"/> combine it.</summary>
    /// <param name="running">Is reset: one instance serves all.</param>
    /// <param name="bytes">The bytes.</param>
    public static ulong Of(Crc64 running, ReadOnlySpan<byte> bytes)
    {
        running.Reset();
        running.Append(bytes);
        return running.GetCurrentHashAsUInt64();
    }

    /// <summary>The database's sum with one page's sum taken in, or taken out again: the operation is its own inverse.</summary>
    public static ulong Toggle(ulong database, ulong page) => Flag | (database ^ page);
}
