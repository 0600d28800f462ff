using System.Buffers.Binary;

namespace BackupTools.Formats.Sqlite;

/// <summary>The header of a rollback journal (SQLite format, §2).</summary>
/// <param name="Records">Pages that follow; −1 when it was not said yet: till the end of the file.</param>
/// <param name="PagesBefore">Pages of the database before the transaction.</param>
/// <param name="SectorSize">Bytes that the header takes with its padding.</param>
/// <param name="PageSize">Bytes of a page.</param>
internal sealed record SqliteJournal(int Records, uint PagesBefore, uint SectorSize, uint PageSize)
{
    public const int Length = 28;

    private static ReadOnlySpan<byte> Magic => [0xD9, 0xD5, 0x05, 0xF9, 0x20, 0xA1, 0x63, 0xD7];

    /// <summary>
    /// The header, or null when the journal is not hot: it is empty, cut inside the header, or its header was zeroed when
    /// the transaction ended. A hot one beside a database that no writer holds means that the writer was killed: the
    /// database is whole only after SQLite has rolled it back.
    /// </summary>
    public static SqliteJournal? ReadHot(ReadOnlySpan<byte> start) =>
        start.Length >= Length && start.StartsWith(Magic)
            ? new SqliteJournal(
                BinaryPrimitives.ReadInt32BigEndian(start[8..]),
                BinaryPrimitives.ReadUInt32BigEndian(start[16..]),
                BinaryPrimitives.ReadUInt32BigEndian(start[20..]),
                BinaryPrimitives.ReadUInt32BigEndian(start[24..])
            )
            : null;
}
