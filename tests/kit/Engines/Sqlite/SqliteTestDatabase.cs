using Microsoft.Data.Sqlite;

namespace BackupTools.Tests.Engines.Sqlite;

/// <summary>Changes databases with the real SQLite, in this process: each call opens and closes the file.</summary>
internal static class SqliteTestDatabase
{
    /// <summary>Runs SQL; makes the database where it is missing.</summary>
    public static void Run(string database, string sql)
    {
        using var connection = Open(database);
        Run(connection, sql);
    }

    public static void Run(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    public static SqliteConnection Open(string database)
    {
        var connection = new SqliteConnection($"Data Source={database};Pooling=False");
        connection.Open();
        return connection;
    }

    /// <summary>The table of <see cref="SqliteWriter"/> with so many rows more.</summary>
    public static void AddRows(string database, int count) =>
        Run(
            database,
            "create table if not exists t(n integer primary key, v text, h int); "
                + "with recursive s(n) as (select (select ifnull(max(n), 0) from t) + 1 union all select n + 1 from s limit "
                + $"{count}) insert into t select n, hex(randomblob(300)), n * 7 % 1000003 from s"
        );
}
