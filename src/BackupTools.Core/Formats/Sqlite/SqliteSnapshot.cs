using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace BackupTools.Formats.Sqlite;

/// <summary>
/// What sqlite3_snapshot_get hands out about a read transaction: the header of the wal-index, in native byte order
/// (SQLite format, §3).
/// </summary>
/// <param name="Frames">Frames of the write-ahead log that belong to the transaction's state; may be 0.</param>
/// <param name="Salts">The log's salts, as in <see cref="SqliteWalHeader.Salts"/>.</param>
internal sealed record SqliteSnapshot(uint Frames, ulong Salts)
{
    public const int Length = 48;

    /// <summary>Reads it.</summary>
    public static SqliteSnapshot Parse(ReadOnlySpan<byte> bytes) =>
        new(MemoryMarshal.Read<uint>(bytes[16..]), BinaryPrimitives.ReadUInt64BigEndian(bytes[32..]));
}
