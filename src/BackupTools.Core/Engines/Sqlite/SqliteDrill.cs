using System.Globalization;
using BackupTools.Errors;

namespace BackupTools.Engines.Sqlite;

/// <summary>Opens a restored database with SQLite itself and lets it check what is in it.</summary>
internal static class SqliteDrill
{
    private const int MostShown = 5;

    /// <summary>Requires a sound database, warns of broken references, and counts the rows of each table.</summary>
    /// <param name="staged">The database, before it has its name.</param>
    /// <param name="bundle">The bundle to name in errors.</param>
    /// <param name="context">Who is told.</param>
    /// <exception cref="BackupException">VerificationFailed.</exception>
    public static IReadOnlyList<KeyValuePair<string, long>> Run(string staged, string bundle, EngineContext context)
    {
        context.Progress.Activity = "checking with SQLite";
        try
        {
            return Check(staged, bundle, context);
        }
        catch (BackupException e) when (e.Code is ErrorCode.SourceDamaged or ErrorCode.EncryptedNotSupported)
        {
            // What SQLite says of a file that it cannot read at all, as if that were the source.
            throw Damaged(e.Message, bundle, e);
        }
    }

    private static List<KeyValuePair<string, long>> Check(string staged, string bundle, EngineContext context)
    {
        using var session = SqliteSession.OpenResting(staged, context.Cancellation);
        var found = session.Column("PRAGMA integrity_check", MostShown);
        if (found is not ["ok"])
        {
            throw Damaged(string.Join("; ", found), bundle, null);
        }
        foreach (var table in session.Column("SELECT DISTINCT \"table\" FROM pragma_foreign_key_check", MostShown))
        {
            context.Warn(
                $"in the restored database, rows of table {Printable.Of(table)} refer to rows that do not exist"
            );
        }
        return [.. RowsOf(session)];
    }

    private static BackupException Damaged(string how, string bundle, Exception? inner) =>
        new(
            ErrorCode.VerificationFailed,
            $"SQLite finds the restored database damaged: {how}",
            bundle,
            recommendation: "It was already so when backed up: check the database itself with PRAGMA integrity_check, and restore to an "
                + "earlier position.",
            inner: inner
        );

    /// <summary>The tables, by name, and their rows.</summary>
    public static IEnumerable<KeyValuePair<string, long>> RowsOf(SqliteSession session)
    {
        var tables = session.Column(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0 ORDER BY name",
            int.MaxValue
        );
        foreach (var table in tables)
        {
            var name = table.Replace("\"", "\"\"", StringComparison.Ordinal);
            var rows = session.Column($"SELECT count(*) FROM \"{name}\"", 1)[0];
            yield return KeyValuePair.Create(table, long.Parse(rows, CultureInfo.InvariantCulture));
        }
    }
}
