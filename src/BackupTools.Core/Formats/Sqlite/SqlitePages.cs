using BackupTools.Errors;

namespace BackupTools.Formats.Sqlite;

/// <summary>What holds for the pages of every SQLite database (SQLite format, §1).</summary>
internal static class SqlitePages
{
    public const int SmallestPage = 512;
    public const int LargestPage = 65536;

    /// <summary>The first byte that SQLite locks; the page that it lies in is never used.</summary>
    private const uint LockByte = 0x40000000;

    /// <summary>The bytes that SQLite locks while it uses a database: where they begin and end.</summary>
    public const long FirstLocked = LockByte;
    public const long AfterLocked = FirstLocked + 512;

    /// <summary>True for the powers of two that a page may have.</summary>
    public static bool IsPageSize(uint size) => size is >= SmallestPage and <= LargestPage && uint.PopCount(size) == 1;

    /// <summary>The page size.</summary>
    /// <param name="size">What a header says.</param>
    /// <param name="offset">Where it says so, for the error.</param>
    /// <exception cref="BackupException">Malformed.</exception>
    public static int CheckedPageSize(uint size, long offset) =>
        IsPageSize(size)
            ? (int)size
            : throw new BackupException(
                ErrorCode.Malformed,
                $"{size} is not a page size",
                offset: offset,
                expected: "a power of two from 512 to 65536"
            );

    /// <summary>Number of the lock page: may hold anything, is in no LTX file and reads as zeros after a restore.</summary>
    public static uint LockPage(int pageSize) => (LockByte / (uint)pageSize) + 1;
}
