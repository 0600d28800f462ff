using System.Globalization;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.Sqlite;
using SQLitePCL;

namespace BackupTools.Engines.Sqlite;

/// <summary>
/// A read transaction of SQLite itself: as long as it lasts, the state that it sees stays readable. Opened read-only;
/// writers are waited for, for 5 seconds.
/// </summary>
internal sealed class SqliteSession(string path, sqlite3 connection) : IDisposable
{
    private const string Main = "main";
    private const int BusyTimeout = 5000;
    private const int StepsBetweenLooks = 10_000;

    /// <summary>The library, once it was found and loaded.</summary>
    private static readonly Lazy<bool> Library = new(() =>
    {
        raw.SetProvider(new SQLite3Provider_e_sqlite3());
        return true;
    });

    private CancellationToken _cancellation;

    /// <summary>The write-ahead log: beside the file itself, whatever links lead there.</summary>
    public string WalPath => raw.sqlite3_db_filename(connection, Main).utf8_to_string() + "-wal";

    /// <summary>True when commits go to the write-ahead log.</summary>
    public bool IsWal => Text("PRAGMA journal_mode") == "wal";

    public int PageSize => int.Parse(Text("PRAGMA page_size"), CultureInfo.InvariantCulture);

    public uint Pages => uint.Parse(Text("PRAGMA page_count"), CultureInfo.InvariantCulture);

    /// <summary>Begins a read transaction.</summary>
    /// <exception cref="BackupException">
    /// SourceInUse: a writer does not let go. OpenTransaction: one was killed. AccessDenied, SourceDamaged,
    /// EncryptedNotSupported, ReadFailed.
    /// </exception>
    public static SqliteSession Begin(string path, CancellationToken cancellation = default)
    {
        return Open(path, raw.SQLITE_OPEN_READONLY)
            .Into(session =>
            {
                session.StopAt(cancellation);
                session.Execute("BEGIN");
                session.Text("SELECT count(*) FROM sqlite_schema"); // takes the lock, and fixes the state
                return session;
            });
    }

    /// <summary>
    /// Removes the empty log that reading has made beside a database in WAL mode that nobody has open: it is opened and
    /// closed as its program would. The last one to do so removes -wal and -shm, which only SQLite can do without a race.
    /// </summary>
    public static void RemoveOwnLog(string path, EngineContext context)
    {
        if (context.Disk.Stat(path + "-wal") is not { Length: 0 })
        {
            return;
        }
        try
        {
            using var session = Open(path, raw.SQLITE_OPEN_READWRITE);
            session.Text("SELECT count(*) FROM sqlite_schema");
        }
        catch (BackupException e)
        {
            context.Verbose($"the empty log created beside the database could not be removed: {e.Describe()}");
        }
    }

    /// <summary>
    /// Opens a database file of ours that nobody changes, without locks and without files beside it. What its schema
    /// would have run is not trusted.
    /// </summary>
    /// <exception cref="BackupException">As <see cref="Begin"/>.</exception>
    public static SqliteSession OpenResting(string path, CancellationToken cancellation)
    {
        // Not by Uri, which takes %41 in a name for an escape.
        var parts = path.Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries);
        var address = $"file:///{string.Join('/', parts.Select(Uri.EscapeDataString))}?immutable=1";
        var session = Open(path, raw.SQLITE_OPEN_READONLY | raw.SQLITE_OPEN_URI, address);
        session.StopAt(cancellation);
        session.Execute("PRAGMA trusted_schema = OFF");
        return session;
    }

    /// <summary>The first column of so many rows at most.</summary>
    public IReadOnlyList<string> Column(string sql, int most)
    {
        var rows = new List<string>();
        if (raw.sqlite3_prepare_v2(connection, sql, out var statement) != raw.SQLITE_OK)
        {
            throw Error();
        }
        using (statement)
        {
            while (rows.Count < most)
            {
                switch (raw.sqlite3_step(statement))
                {
                    case raw.SQLITE_ROW:
                        rows.Add(raw.sqlite3_column_text(statement, 0).utf8_to_string() ?? "");
                        break;
                    case raw.SQLITE_DONE:
                        return rows;
                    default:
                        _cancellation.ThrowIfCancellationRequested();
                        throw Error();
                }
            }
        }
        return rows;
    }

    /// <summary>
    /// What of the write-ahead log belongs to the transaction; null in rollback mode, and when nothing was committed to the
    /// log since it was opened.
    /// </summary>
    public unsafe SqliteSnapshot? Snapshot()
    {
        var result = raw.sqlite3_snapshot_get(connection, Main, out var snapshot);
        using (snapshot)
        {
            return result switch
            {
                raw.SQLITE_OK => SqliteSnapshot.Parse(
                    new ReadOnlySpan<byte>((void*)snapshot.DangerousGetHandle(), SqliteSnapshot.Length)
                ),
                raw.SQLITE_ERROR => null,
                _ => throw Error(),
            };
        }
    }

    public void Dispose()
    {
        // Rolls back what is open; a read transaction has nothing to lose.
        raw.sqlite3_close_v2(connection);
        connection.Dispose();
    }

    private static SqliteSession Open(string path, int flags, string? address = null)
    {
        _ = Library.Value;
        var result = raw.sqlite3_open_v2(address ?? path, out var connection, flags, null);
        var session = new SqliteSession(path, connection);
        if (result != raw.SQLITE_OK)
        {
            using (session)
            {
                throw session.Error();
            }
        }
        raw.sqlite3_busy_timeout(connection, BusyTimeout);
        return session;
    }

    private void StopAt(CancellationToken cancellation)
    {
        _cancellation = cancellation;
        raw.sqlite3_progress_handler(
            connection,
            StepsBetweenLooks,
            static token => ((CancellationToken)token).IsCancellationRequested ? 1 : 0,
            cancellation
        );
    }

    private void Execute(string sql)
    {
        if (raw.sqlite3_exec(connection, sql) != raw.SQLITE_OK)
        {
            throw Error();
        }
    }

    private string Text(string sql) => Column(sql, 1)[0];

    private BackupException Error()
    {
        var extended = raw.sqlite3_extended_errcode(connection);
        var said = raw.sqlite3_errmsg(connection).utf8_to_string();
        var (code, message, advice) = Meaning(extended);
        if (code == ErrorCode.SourceInUse)
        {
            message = FileUsers.Name(message, path);
        }
        return new BackupException(code, $"{message} (SQLite: {said}, {extended})", path, recommendation: advice);
    }

    private static (ErrorCode, string, string?) Meaning(int extended) =>
        extended == raw.SQLITE_READONLY_ROLLBACK
            ? (
                ErrorCode.OpenTransaction,
                "a program was killed in the middle of a transaction, which must be rolled back first",
                "Start the program once, or open the database with sqlite3 and read from it: that rolls it back."
            )
            : (extended & 0xFF) switch
            {
                raw.SQLITE_BUSY or raw.SQLITE_LOCKED => (
                    ErrorCode.SourceInUse,
                    "a program holds the database locked for more than 5 seconds",
                    "Try again when its transaction has ended; a program in exclusive locking mode must be stopped."
                ),
                raw.SQLITE_CANTOPEN or raw.SQLITE_PERM or raw.SQLITE_READONLY => (
                    ErrorCode.AccessDenied,
                    "SQLite cannot open the database, or not make the files -wal and -shm beside it",
                    "Run with the account of the program that uses the database, or with one that may write to its folder."
                ),
                raw.SQLITE_NOTADB => (
                    ErrorCode.EncryptedNotSupported,
                    "SQLite does not recognise the file as a database: it is encrypted, or damaged at its start",
                    null
                ),
                raw.SQLITE_CORRUPT => (ErrorCode.SourceDamaged, "SQLite finds the database damaged", null),
                _ => (ErrorCode.ReadFailed, "SQLite cannot read the database", null),
            };
}
