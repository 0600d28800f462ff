using BackupTools.Engines;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace BackupTools.Benchmarks.Data;

/// <summary>A SQLite database, made by SQLite: one table with four rows to a page, and an index.</summary>
internal sealed class SqliteShape : IDatabaseShape
{
    private const int PageSize = 4096;
    private const int RowsPerPage = 4;
    private const int TextLength = 960;

    public string Engine => EngineNames.Sqlite;

    public bool ChangesInPlace => true;

    public string Create(string folder, long bytes, long seed)
    {
        var source = Path.Combine(Directory.CreateDirectory(folder).FullName, "orders.db");
        using var connection = Open(source);
        Run(connection, $"PRAGMA page_size = {PageSize}");
        Run(connection, "CREATE TABLE orders(id INTEGER PRIMARY KEY, text TEXT NOT NULL)");
        var text = new TextSource(seed);
        Write(
            connection,
            "INSERT INTO orders VALUES ($id, $text)",
            Enumerable.Range(0, (int)(bytes / PageSize * RowsPerPage)).Select(i => (long)i),
            text
        );
        return source;
    }

    /// <summary>Rewrites one row on each of so many pages, spread evenly.</summary>
    public void Change(string source, long bytes, long seed)
    {
        using var connection = Open(source);
        var pages = new FileInfo(source).Length / PageSize;
        var changes = bytes / PageSize;
        var text = new TextSource(seed);
        Write(
            connection,
            "UPDATE orders SET text = $text WHERE id = $id",
            // One page in each of equal stretches: no page twice, no order to guess.
            Enumerable
                .Range(0, (int)changes)
                .Select(i =>
                {
                    var from = i * pages / changes;
                    return (from + text.Below(((i + 1) * pages / changes) - from)) * RowsPerPage;
                }),
            text
        );
    }

    private static void Write(SqliteConnection connection, string sql, IEnumerable<long> ids, TextSource text)
    {
        using var transaction = connection.BeginTransaction();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        var id = command.Parameters.Add("$id", SqliteType.Integer);
        var value = command.Parameters.Add("$text", SqliteType.Text);
        var letters = new byte[TextLength];
        foreach (var number in ids)
        {
            text.Fill(letters);
            id.Value = number;
            value.Value = System.Text.Encoding.ASCII.GetString(letters);
            command.ExecuteNonQuery();
        }
        transaction.Commit();
    }

    private static SqliteConnection Open(string path)
    {
        raw.SetProvider(new SQLite3Provider_e_sqlite3());
        var connection = new SqliteConnection($"Data Source={path};Pooling=False");
        connection.Open();
        // Nobody needs a journal of a database that can be made again; the commit flushes the file.
        Run(connection, "PRAGMA journal_mode = OFF");
        return connection;
    }

    private static void Run(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
