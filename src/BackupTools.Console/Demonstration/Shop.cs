using BackupTools.Errors;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace BackupTools.Console.Demonstration;

/// <summary>
/// The database of the demo: orders, and a stock from which each of them takes one piece. Order and stock change in one
/// transaction, so that whatever was never a state of the database does not add up.
/// </summary>
internal sealed class Shop : IDisposable
{
    private const int Items = 50;
    private const int Pieces = 1_000_000;

    /// <summary>What makes a file ours: no other is written to.</summary>
    private const int ApplicationId = 0x62_74_64_6D;

    /// <summary>Orders that a sample gets in each run.</summary>
    private const int Batch = 1000;

    /// <summary>What an order must be, by its number n alone.</summary>
    private static readonly string Item = $"n * 7919 % {Items}";
    private static readonly string Note = $"printf('order %d: one piece of item %d, to be sent by post', n, {Item})";

    private readonly SqliteConnection _connection;

    private Shop(string path, SqliteOpenMode mode)
    {
        raw.SetProvider(new SQLite3Provider_e_sqlite3());
        var text = new SqliteConnectionStringBuilder
        {
            DataSource = path,
            Mode = mode,
            Pooling = false,
        };
        _connection = new SqliteConnection(text.ConnectionString);
        _connection.Open();
        Run("PRAGMA busy_timeout = 5000");
    }

    /// <summary>Makes the database, in WAL mode and without an order.</summary>
    public static void Create(string path)
    {
        using var shop = new Shop(path, SqliteOpenMode.ReadWriteCreate);
        shop.Run(
            $"""
            PRAGMA journal_mode = wal;
            PRAGMA application_id = {ApplicationId};
            CREATE TABLE stock(item INTEGER PRIMARY KEY, pieces INTEGER NOT NULL);
            CREATE TABLE orders(n INTEGER PRIMARY KEY, item INTEGER NOT NULL REFERENCES stock, note TEXT NOT NULL);
            WITH RECURSIVE i(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM i LIMIT {Items})
                INSERT INTO stock SELECT n, {Pieces} FROM i;
            """
        );
    }

    /// <summary>Opens the database as a program does.</summary>
    public static Shop Open(string path) => new(path, SqliteOpenMode.ReadWrite);

    /// <summary>
    /// Makes a database to try things with, or, where it is there, places more orders in it; how many there are then.
    /// Throws where the file is another one.
    /// </summary>
    public static long Sample(string path)
    {
        if (Directory.Exists(path))
        {
            throw NotOurs(path, null);
        }
        if (!File.Exists(path))
        {
            Create(path);
        }
        try
        {
            using var shop = Open(path);
            if (shop.Number("PRAGMA application_id") != ApplicationId)
            {
                throw NotOurs(path, null);
            }
            return shop.PlaceMore();
        }
        catch (SqliteException error) when (error.SqliteErrorCode == raw.SQLITE_NOTADB)
        {
            throw NotOurs(path, error);
        }
    }

    /// <summary>Takes an order; returns when SQLite has committed it.</summary>
    public void Order(long number)
    {
        using var transaction = _connection.BeginTransaction();
        Place(number);
        transaction.Commit();
    }

    /// <summary>What somebody does by mistake; how many orders are gone.</summary>
    public long DeleteOrders()
    {
        using var command = _connection.CreateCommand();
        command.CommandText = "DELETE FROM orders";
        return command.ExecuteNonQuery();
    }

    /// <summary>
    /// Reads the whole database: its first and last order (0 for none), and what is wrong with it; null when nothing is.
    /// </summary>
    public (long First, long Last, string? Wrong) Look()
    {
        var first = Number("SELECT ifnull(min(n), 0) FROM orders");
        var last = Number("SELECT ifnull(max(n), 0) FROM orders");
        var count = Number("SELECT count(*) FROM orders");
        var sold = Number($"SELECT {Items} * {Pieces} - sum(pieces) FROM stock");
        string? wrong = null;
        if (Text("PRAGMA integrity_check") is not "ok" and var found)
        {
            wrong = $"SQLite finds it damaged: {found}";
        }
        else if (Number($"SELECT count(*) FROM orders WHERE item <> {Item} OR note <> {Note}") is > 0 and var changed)
        {
            wrong = $"{changed} orders are not as they were placed";
        }
        else if (count > 0 && count != last - first + 1)
        {
            wrong = $"there are {count} orders from {first} to {last}";
        }
        else if (count > 0 && sold != last)
        {
            wrong = $"{sold} pieces have left the stock, for {last} orders";
        }
        return (first, last, wrong);
    }

    private long PlaceMore()
    {
        using var transaction = _connection.BeginTransaction();
        var last = Number("SELECT ifnull(max(n), 0) FROM orders");
        for (var number = last + 1; number <= last + Batch; number++)
        {
            Place(number);
        }
        var count = Number("SELECT count(*) FROM orders");
        transaction.Commit();
        return count;
    }

    private void Place(long number)
    {
        Run($"INSERT INTO orders SELECT n, {Item}, {Note} FROM (SELECT {number} AS n)");
        Run($"UPDATE stock SET pieces = pieces - 1 WHERE item = (SELECT item FROM orders WHERE n = {number})");
    }

    private static BackupException NotOurs(string path, Exception? inner) =>
        new(
            ErrorCode.DestinationNotRecognised,
            "this is not a sample database, and is left unchanged",
            path,
            recommendation: "Give a file that does not exist.",
            inner: inner
        );

    public void Dispose() => _connection.Dispose();

    private void Run(string sql)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private long Number(string sql) => (long)One(sql);

    private string Text(string sql) => (string)One(sql);

    private object One(string sql)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar()!;
    }
}
