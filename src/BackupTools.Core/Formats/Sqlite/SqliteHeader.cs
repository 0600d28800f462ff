using System.Buffers.Binary;
using BackupTools.Errors;
using BackupTools.Formats.Primitives;

namespace BackupTools.Formats.Sqlite;

/// <summary>The first 100 bytes of a database file (SQLite format, §1).</summary>
internal sealed record SqliteHeader
{
    public const int Length = 100;

    /// <summary>The highest read and write version that is known: 1 is a rollback journal, 2 a write-ahead log.</summary>
    public const int HighestVersion = 2;

    private static ReadOnlySpan<byte> Magic => "SQLite format 3\0"u8;

    /// <summary>Bytes of a page.</summary>
    public required int PageSize { get; init; }

    public required byte WriteVersion { get; init; }

    public required byte ReadVersion { get; init; }

    /// <summary>Bytes at the end of each page that belong to an extension (checksums, encryption); 0 normally.</summary>
    public required byte ReservedBytes { get; init; }

    public required uint ChangeCounter { get; init; }

    /// <summary>Pages of the database; null when the header does not say it reliably: then the file's length does.</summary>
    public required uint? PageCount { get; init; }

    public required uint UserVersion { get; init; }

    public required uint ApplicationId { get; init; }

    /// <summary>SQLITE_VERSION_NUMBER of the last writer, such as 3053004.</summary>
    public required uint SqliteVersion { get; init; }

    /// <summary>True when commits go to a write-ahead log.</summary>
    public bool IsWal => ReadVersion == 2;

    /// <summary>True for what begins like a database of any version. Encrypted ones do not: they begin like noise.</summary>
    public static bool ClaimsToBeDatabase(ReadOnlySpan<byte> start) =>
        start.Length >= Length && start.StartsWith(Magic) && HasPageFormat(start);

    /// <summary>
    /// True for what begins like a database that was encrypted by SEE, which leaves bytes 16 to 23 readable. SQLCipher
    /// leaves nothing.
    /// </summary>
    public static bool ClaimsToBeEncrypted(ReadOnlySpan<byte> start) =>
        start.Length >= Length
        && IsNoise(start[..Magic.Length])
        && HasPageFormat(start)
        && start[18] is (1 or 2)
        && start[19] is (1 or 2);

    /// <summary>Reads the header.</summary>
    /// <exception cref="BackupException">Truncated, BadMagic, Malformed; UnsupportedVersion for WAL2 and its like.</exception>
    public static SqliteHeader Parse(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < Length)
        {
            throw Fault.Truncated("the file ends inside the database header", bytes.Length);
        }
        if (!bytes.StartsWith(Magic))
        {
            if (ClaimsToBeEncrypted(bytes))
            {
                throw new BackupException(
                    ErrorCode.EncryptedNotSupported,
                    "the database is encrypted (SEE)",
                    offset: 0
                );
            }
            throw Fault.BadMagic("the file does not begin like an SQLite database (an encrypted one does not either)");
        }
        if (bytes[21] != 64 || bytes[22] != 32 || bytes[23] != 32)
        {
            throw Fault.Malformed("the payload fractions are not 64, 32, 32", 21);
        }
        var header = new SqliteHeader
        {
            PageSize = SqlitePages.CheckedPageSize(RawPageSize(bytes), 16),
            WriteVersion = bytes[18],
            ReadVersion = bytes[19],
            ReservedBytes = bytes[20],
            ChangeCounter = U32(bytes, 24),
            PageCount = U32(bytes, 24) == U32(bytes, 92) && U32(bytes, 28) is > 0 and var count ? count : null,
            UserVersion = U32(bytes, 60),
            ApplicationId = U32(bytes, 68),
            SqliteVersion = U32(bytes, 96),
        };
        if (header.WriteVersion > HighestVersion || header.ReadVersion > HighestVersion)
        {
            throw new BackupException(
                ErrorCode.UnsupportedVersion,
                $"the database has write version {header.WriteVersion} and read version {header.ReadVersion}; "
                    + "versions above 2 (WAL2, some forks of SQLite) are not known",
                offset: 18,
                recommendation: "Back up this database with the program that writes it."
            );
        }
        return header;
    }

    /// <summary>A damaged start still has most of its bytes.</summary>
    private static bool IsNoise(ReadOnlySpan<byte> start)
    {
        var alike = 0;
        for (var i = 0; i < start.Length; i++)
        {
            alike += start[i] == Magic[i] ? 1 : 0;
        }
        return alike < start.Length / 2;
    }

    private static bool HasPageFormat(ReadOnlySpan<byte> start) =>
        start[21] == 64 && start[22] == 32 && start[23] == 32 && SqlitePages.IsPageSize(RawPageSize(start));

    private static uint RawPageSize(ReadOnlySpan<byte> bytes)
    {
        var size = BinaryPrimitives.ReadUInt16BigEndian(bytes[16..]);
        return size == 1 ? SqlitePages.LargestPage : (uint)size;
    }

    private static uint U32(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32BigEndian(bytes[at..]);
}
