using System.Globalization;

namespace BackupTools.Reports;

/// <summary>
/// What a bundle says about the SQLite database inside. Values from the first page are null if the bundle does not hold
/// that page: they are then unchanged from its parent.
/// </summary>
public sealed class SqliteInfo
{
    /// <summary>Bytes of a page.</summary>
    public required int PageSize { get; init; }

    /// <summary>Pages of the database after the bundle.</summary>
    public required long PageCount { get; init; }

    /// <summary>First transaction (TXID) in the bundle; 1 in a full.</summary>
    public required ulong FirstTransaction { get; init; }

    /// <summary>Last transaction (TXID) in the bundle.</summary>
    public required ulong LastTransaction { get; init; }

    /// <summary>Litestream's level: 0 to 8 for increments, 9 for fulls; null for a file outside of such folders.</summary>
    public int? Level { get; init; }

    /// <summary>
    /// "BackupTools 1.0.0" for a bundle of BackupTools; null for one that Litestream or another program wrote.
    /// </summary>
    public string? Writer { get; init; }

    /// <summary>PRAGMA user_version: the version that the program gives its schema.</summary>
    public int? UserVersion { get; init; }

    /// <summary>PRAGMA application_id: the program whose file it is; 0 for none.</summary>
    public int? ApplicationId { get; init; }

    /// <summary>The version of the SQLite that wrote last, such as 3.53.4.</summary>
    public string? SqliteVersion { get; init; }

    /// <summary>"wal", or "rollback" for every other journal mode.</summary>
    public string? JournalMode { get; init; }

    /// <summary>All of it in one line.</summary>
    public override string ToString()
    {
        string?[] parts =
        [
            string.Create(CultureInfo.InvariantCulture, $"{PageCount} pages of {PageSize} bytes"),
            string.Create(CultureInfo.InvariantCulture, $"TXID {FirstTransaction}..{LastTransaction}"),
            Said("level", Level),
            Said("user_version", UserVersion),
            Said("application_id", ApplicationId),
            JournalMode is null ? null : $"{JournalMode} journal",
            SqliteVersion is null ? null : $"SQLite {SqliteVersion}",
            Writer is null ? null : $"by {Writer}",
        ];
        return string.Join(", ", parts.Where(p => p is not null));
    }

    private static string? Said(string name, int? value) =>
        value is { } known ? string.Create(CultureInfo.InvariantCulture, $"{name} {known}") : null;
}
