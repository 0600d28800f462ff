using System.Buffers.Binary;
using System.Globalization;
using Microsoft.Data.Sqlite;
using Microsoft.Win32.SafeHandles;

namespace BackupTools.Tests.Engines.Sqlite;

/// <summary>
/// What <see cref="SqliteWriter"/> starts: a program that has a database open, and answers each line that it reads with a
/// line. A line is SQL to run, or "write" to write at full speed until "stop", which answers with the commits and the
/// failures.
/// </summary>
internal sealed class SqliteWriterProgram : IDisposable
{
    public const string Verb = "sqlite-writer";

    private readonly string[] _args;
    private readonly SafeFileHandle _mark;
    private readonly SqliteConnection _control;
    private readonly List<string> _failures = [];
    private Thread? _thread;
    private long _commits;
    private volatile bool _stop;

    /// <summary>Database, journal mode, autocheckpoint, file for the last row that was committed, locking mode.</summary>
    private SqliteWriterProgram(string[] args)
    {
        _args = args;
        _mark = File.OpenHandle(args[3], FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite);
        _control = Connect();
        Run(_control, "create table if not exists t(n integer primary key, v text, h int)");
    }

    public static int Run(string[] args)
    {
        using var program = new SqliteWriterProgram(args);
        Answer("ready");
        while (Console.In.ReadLine() is { } command)
        {
            Answer(program.Obey(command));
        }
        return 0;
    }

    public void Dispose()
    {
        Stop();
        _control.Dispose();
        _mark.Dispose();
    }

    private static void Answer(string line)
    {
        Console.Out.WriteLine(line);
        Console.Out.Flush();
    }

    private string Obey(string command)
    {
        switch (command)
        {
            case "write":
                _failures.Clear();
                (_stop, _commits) = (false, 0);
                _thread = new Thread(Write);
                _thread.Start();
                return "ok";
            case "stop":
                Stop();
                return $"{_commits} {_failures.Count} {string.Join(", ", _failures.Take(3)).ReplaceLineEndings(" ")}";
            default:
                try
                {
                    return Run(_control, command);
                }
                catch (SqliteException e)
                {
                    return $"error: {e.Message.ReplaceLineEndings(" ")}";
                }
        }
    }

    private void Stop()
    {
        _stop = true;
        _thread?.Join();
    }

    private void Write()
    {
        using var connection = Connect();
        using var insert = Prepared(connection, "insert into t values($a, hex(randomblob($b)), $c)");
        using var update = Prepared(connection, "update t set v = hex(randomblob(100)) where n between $a and $b");
        var random = new Random(5);
        var n = Newest(connection);
        Span<byte> mark = stackalloc byte[sizeof(long)];
        while (!_stop)
        {
            try
            {
                Run(connection, "begin immediate");
                for (var row = 0; row < 3; row++)
                {
                    n++;
                    Run(insert, n, random.Next(20, 400), n * 7 % 1000003);
                }
                Run(update, Math.Max(1, n - random.Next(3000)), n - 30);
                Run(connection, "commit");
            }
            catch (SqliteException e)
            {
                _failures.Add(e.Message);
                if (SQLitePCL.raw.sqlite3_get_autocommit(connection.Handle) == 0)
                {
                    Run(connection, "rollback");
                }
                n = Newest(connection);
                continue;
            }
            BinaryPrimitives.WriteInt64LittleEndian(mark, n);
            RandomAccess.Write(_mark, mark, 0);
            _commits++;
        }
    }

    private SqliteConnection Connect()
    {
        // SQLite itself waits for 5 seconds; what it gives up then is not tried again here.
        var connection = new SqliteConnection($"Data Source={_args[0]};Pooling=False;Default Timeout=1");
        connection.Open();
        foreach (
            var pragma in new[]
            {
                "busy_timeout=5000",
                $"locking_mode={_args[4]}", // before the log is looked at, or there is a -shm
                $"journal_mode={_args[1]}",
                $"wal_autocheckpoint={_args[2]}",
                "synchronous=normal",
            }
        )
        {
            Run(connection, $"pragma {pragma}");
        }
        return connection;
    }

    private static long Newest(SqliteConnection connection) =>
        long.Parse(Run(connection, "select ifnull(max(n), 0) from t"), CultureInfo.InvariantCulture);

    /// <summary>Runs SQL; the rows, with a ; between two and a | between values.</summary>
    private static string Run(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        using var reader = command.ExecuteReader();
        var rows = new List<string>();
        while (reader.Read())
        {
            var values = new object[reader.FieldCount];
            reader.GetValues(values);
            rows.Add(string.Join('|', values.Select(v => Convert.ToString(v, CultureInfo.InvariantCulture))));
        }
        return string.Join(';', rows);
    }

    private static SqliteCommand Prepared(SqliteConnection connection, string sql)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var name in new[] { "$a", "$b", "$c" }.Where(n => sql.Contains(n, StringComparison.Ordinal)))
        {
            command.Parameters.Add(name, SqliteType.Integer);
        }
        return command;
    }

    private static void Run(SqliteCommand command, params long[] values)
    {
        for (var i = 0; i < values.Length; i++)
        {
            command.Parameters[i].Value = values[i];
        }
        command.ExecuteNonQuery();
    }
}
