using System.Globalization;
using Microsoft.Data.Sqlite;

namespace BackupTools.Tests.Engines.Sqlite;

/// <summary>What SQLite finds in the databases of <see cref="SqliteWriter"/>.</summary>
internal static class SqliteRows
{
    /// <summary>Requires a sound database whose rows are 1 to n without a gap; n.</summary>
    public static long Check(string database)
    {
        using var connection = new SqliteConnection($"Data Source={database};Mode=ReadOnly;Pooling=False");
        connection.Open();
        Assert.Equal("ok", (string)One(connection, "pragma integrity_check"));
        var count = Number(connection, "select count(*) from t");
        Assert.Equal(count, Number(connection, "select ifnull(max(n), 0) from t"));
        Assert.Equal(0, Number(connection, "select count(*) from t where h <> n * 7 % 1000003"));
        return count;
    }

    /// <summary>
    /// Every row of every table, or of one alone, as text, and what the integrity check says. Leaves nothing beside the file.
    /// </summary>
    public static string Dump(string database, string table = "%")
    {
        var source = File.Exists(database + "-wal") ? database : $"file:{database}?immutable=1";
        using var connection = new SqliteConnection($"Data Source={source};Mode=ReadOnly;Pooling=False");
        connection.Open();
        var lines = new List<string> { (string)One(connection, "pragma integrity_check") };
        var tables = $"select name from sqlite_schema where type = 'table' and name like '{table}' order by name";
        foreach (var name in Rows(connection, tables))
        {
            lines.Add(name);
            lines.AddRange(Rows(connection, $"select * from \"{name}\""));
        }
        return string.Join('\n', lines);
    }

    private static List<string> Rows(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        using var reader = command.ExecuteReader();
        var rows = new List<string>();
        while (reader.Read())
        {
            rows.Add(
                string.Join(
                    '|',
                    Enumerable
                        .Range(0, reader.FieldCount)
                        .Select(i =>
                            reader.GetValue(i) is byte[] blob
                                ? Convert.ToHexString(blob)
                                : Convert.ToString(reader.GetValue(i), CultureInfo.InvariantCulture)
                        )
                )
            );
        }
        return rows;
    }

    private static long Number(SqliteConnection connection, string sql) =>
        Convert.ToInt64(One(connection, sql), CultureInfo.InvariantCulture);

    private static object One(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar()!;
    }
}
