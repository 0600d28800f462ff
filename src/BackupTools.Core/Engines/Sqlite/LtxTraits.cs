using System.Globalization;
using BackupTools.Chains;
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
        var length = Math.Min(file.Length - LtxHeader.Length, LtxFirstPage.LongestOf(header.PageSize));
        var bytes = new byte[length];
        HashingCopy.ReadExactly(file, bytes, LtxHeader.Length);
        var first = LtxFirstPage.Find(bytes, header.PageSize);
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

    /// <summary>As PRAGMA shows it.</summary>
    private static int? Signed(uint? value) => value is { } known ? unchecked((int)known) : null;

    /// <summary>3053004 is 3.53.4.</summary>
    private static string VersionText(uint number) =>
        string.Create(CultureInfo.InvariantCulture, $"{number / 1_000_000}.{number / 1000 % 1000}.{number % 1000}");
}
