using System.Globalization;
using BackupTools.Chains;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.Sqlite;

namespace BackupTools.Engines.Sqlite;

/// <summary>What an LTX file tells of the database inside, beyond what chains need.</summary>
internal static class LtxTraits
{
    /// <summary>Reads the first page, where the file begins with it.</summary>
    public static DatabaseTraits Of(BundleHeader bundle, IDiskFile file)
    {
        var (header, _, side) = (LtxBundle)SqliteBundle.Of(bundle);
        var first = FirstPage(header, file);
        return new DatabaseTraits
        {
            PageSize = header.PageSize,
            PageCount = header.Commit,
            Transactions = (header.MinTxid, header.MaxTxid),
            Level = LitestreamNames.TryLevel(Path.GetFileName(Path.GetDirectoryName(bundle.FullName)!), out var level)
                ? level
                : null,
            Writer = side is null ? null : $"BackupTools {side.Tool}",
            UserVersion = Signed(first?.UserVersion),
            ApplicationId = Signed(first?.ApplicationId),
            EngineVersion = first is null ? null : VersionText(first.SqliteVersion),
            JournalMode =
                first is null ? null
                : first.IsWal ? "wal"
                : "rollback",
        };
    }

    /// <summary>Null where the file does not begin with it, or where only the ends of the file are known.</summary>
    private static SqliteHeader? FirstPage(LtxHeader header, IDiskFile file)
    {
        var length = Math.Min(file.Length - LtxHeader.Length, LtxFirstPage.LongestOf(header.PageSize));
        try
        {
            return LtxFirstPage.Find(file.Bytes(LtxHeader.Length, length), header.PageSize);
        }
        catch (BackupException e) when (e.Code == ErrorCode.IdentityRequired)
        {
            return null;
        }
    }

    /// <summary>As PRAGMA shows it.</summary>
    private static int? Signed(uint? value) => value is { } known ? unchecked((int)known) : null;

    /// <summary>3053004 is 3.53.4.</summary>
    private static string VersionText(uint number) =>
        string.Create(CultureInfo.InvariantCulture, $"{number / 1_000_000}.{number / 1000 % 1000}.{number % 1000}");
}
