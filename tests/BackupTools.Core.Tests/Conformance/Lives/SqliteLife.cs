using System.Globalization;
using BackupTools.Errors;
using BackupTools.Formats.Sqlite;
using BackupTools.Operations;
using BackupTools.Tests.Engines.Sqlite;
using Microsoft.Data.Sqlite;

namespace BackupTools.Tests.Conformance.Lives;

/// <summary>
/// The real SQLite in a process of its own: every journal mode, page sizes, VACUUM, kills in a transaction. What Litestream
/// restores from our folders is worked out by the independent reader. No life has Litestream's own backups: where it
/// writes nothing else is written, so that nothing could follow.
/// </summary>
internal sealed class SqliteLife(RealSqlite engine) : ILifeSubject
{
    /// <summary>What a database may be made with; the plainest first.</summary>
    private static readonly Make[] s_makes =
    [
        new(4096, "wal"),
        new(512, "wal"),
        new(512, "delete"),
        new(1024, "truncate"),
        new(512, "persist"),
        new(65536, "wal"),
        new(512, "wal", AutoVacuum: 1),
        new(512, "delete", AutoVacuum: 2),
        new(1024, "wal", IsSynchronous: false),
        // Without flushes the journal of a transaction is hot from its first page on.
        new(512, "delete", IsSynchronous: false),
        new(2048, "persist", IsSynchronous: false),
        new(4096, "delete", IsEmpty: true),
    ];

    private Make _make = s_makes[0];
    private string _path = "";
    private bool _isOpen;
    private bool _isInTransaction;
    private bool _isHot;
    private int _padding;

    public string Engine => EngineNames.Sqlite;

    public bool HasOwnClock => false;

    public TimeProvider Clock { get; set; } = TimeProvider.System;

    /// <summary>Transaction numbers are counted by backups, not by SQLite.</summary>
    public ulong? Position => null;

    public bool HasExactPosition => false;

    public bool OrdersBackups => true;

    public string FileOf(string name) => name + ".db";

    /// <summary>The side file keeps the path.</summary>
    public string KeyOf(string path) => path;

    public IEnumerable<string> FilesAt(string path) =>
        new[] { "", "-wal", "-shm", "-journal" }.Select(suffix => path + suffix);

    public void Create(string path, int pick)
    {
        _make = s_makes[pick % s_makes.Length];
        Open(
            path,
            [
                $"pragma page_size={_make.PageSize}",
                $"pragma auto_vacuum={_make.AutoVacuum}",
                // A database that nobody has written to has no page.
                _make.IsEmpty
                    ? "select count(*) from sqlite_schema"
                    : "create table t0(k primary key, v, p)",
            ]
        );
    }

    public void Open(string path) => Open(path, []);

    public void Close()
    {
        engine.Close();
        (_isOpen, _isInTransaction) = (false, false);
    }

    public void Kill(int pick)
    {
        _isHot = _isInTransaction && !IsWal;
        engine.Kill();
        (_isOpen, _isInTransaction) = (false, false);
        if (pick % 2 == 1 && File.Exists(_path + "-wal"))
        {
            // A frame that was being written.
            using var log = new FileStream(_path + "-wal", FileMode.Append);
            log.Write(new byte[100 * (pick + 1)]);
        }
    }

    public void Commit(IReadOnlyList<LifeChange> changes)
    {
        engine.Run([
            .. _isInTransaction ? Array.Empty<string>() : ["begin immediate"],
            .. Statements(changes),
            "commit",
        ]);
        _isInTransaction = false;
    }

    public bool Begin(IReadOnlyList<LifeChange> changes)
    {
        // In WAL mode a small cache lets what is not committed reach the log; with a journal it would lock readers out.
        engine.Run([$"pragma cache_spill={(IsWal ? "1" : "off")}", "begin immediate", .. Statements(changes)]);
        return _isInTransaction = true;
    }

    public bool Checkpoint(int pick)
    {
        if (_isInTransaction)
        {
            return false;
        }
        engine.Run(
            pick switch
            {
                1 => ["pragma wal_checkpoint(truncate)"],
                2 => ["pragma wal_checkpoint(restart)"],
                3 => ["vacuum"],
                4 => ["pragma journal_mode=delete"],
                5 => ["pragma journal_mode=wal"],
                6 => ["pragma journal_mode=truncate"],
                7 => ["pragma journal_mode=persist"],
                8 => ["pragma journal_mode=delete", "pragma page_size=1024", "vacuum"],
                9 => ["pragma incremental_vacuum(2)", "analyze"],
                10 => ["pragma journal_mode=delete", "pragma auto_vacuum=1", "vacuum", "pragma journal_mode=wal"],
                _ => ["pragma wal_checkpoint(passive)"],
            }
        );
        return true;
    }

    public IReadOnlyDictionary<string, string> Read(string path)
    {
        using var connection = new SqliteConnection($"Data Source={path};Mode=ReadOnly;Pooling=False");
        connection.Open();
        var rows = new Dictionary<string, string>(StringComparer.Ordinal);
        Assert.Equal("ok", Column(connection, "pragma integrity_check")[0]);
        foreach (
            var table in Column(connection, "select name from sqlite_schema where type='table' and name like 't%'")
        )
        {
            Assert.Empty(Column(connection, $"select k from {table} where p <> zeroblob(length(p))"));
            foreach (var row in Column(connection, $"select k || '=' || v from {table}"))
            {
                var parts = row.Split('=');
                rows.Add($"{table}/{parts[0]}", parts[1]);
            }
        }
        return rows;
    }

    public bool BackUp(string path, string folder, bool full) => false;

    public bool RestoreByEngine(string folder, string path, bool isOurs) =>
        engine.Restore(Directory.GetDirectories(folder).Single(f => !Path.GetFileName(f).StartsWith('.')), path);

    /// <summary>Nothing in an empty file tells whose it is.</summary>
    public BackupSettings Choose(BackupSettings settings, int pick) =>
        new FileInfo(settings.SourcePath).Length == 0 ? settings with { Engine = Engine } : settings;

    /// <summary>A new page size begins a new chain, and nothing can be read before a hot journal was rolled back.</summary>
    public IEnumerable<ErrorCode> MayRefuse(LifeSituation situation)
    {
        if (_isHot)
        {
            yield return ErrorCode.OpenTransaction;
        }
        if (situation.IsFull || situation.Settings.Engine is not null)
        {
            yield break;
        }
        var size = SqliteHeader.Parse(Start(situation.Settings.SourcePath)).PageSize;
        if (Bundles(situation.Settings.DestinationPath).Any(b => b.PageSize != size))
        {
            yield return ErrorCode.ForeignEpoch;
        }
    }

    /// <summary>
    /// What a killed process and journal_mode=persist leave looks like a transaction that goes on. Opening the database
    /// settles it, but for the journal that stays.
    /// </summary>
    public bool Release(string path)
    {
        Assert.Contains(new[] { "-shm", "-journal" }, s => new FileInfo(path + s) is { Exists: true, Length: > 0 });
        Open(path);
        Close();
        File.Delete(path + "-journal");
        return true;
    }

    public void Dispose()
    {
        if (_isOpen)
        {
            Close();
        }
    }

    private bool IsWal => engine.Run(["pragma journal_mode"])[0]![0]!.GetValue<string>() == "wal";

    private void Open(string path, IReadOnlyList<string> first)
    {
        engine.Run(
            [$"pragma synchronous={(_make.IsSynchronous ? "normal" : "off")}", .. first, "pragma cache_size=4"],
            path
        );
        (_path, _isOpen, _isHot) = (path, true, false);
        if (first.Count > 0 || !IsWal)
        {
            engine.Run([$"pragma journal_mode={_make.JournalMode}"]);
        }
    }

    private IEnumerable<string> Statements(IEnumerable<LifeChange> changes)
    {
        foreach (var change in changes)
        {
            if (change.IsTable)
            {
                yield return $"drop table if exists {change.Table}";
                continue;
            }
            var key = change.Key.Split('/')[1];
            yield return $"create table if not exists {change.Table}(k primary key, v, p)";
            yield return change.Value is { } value
                ? string.Create(
                    CultureInfo.InvariantCulture,
                    $"insert or replace into {change.Table} values('{key}', '{value}', zeroblob({_padding++ * 397 % 3000}))"
                )
                : $"delete from {change.Table} where k = '{key}'";
        }
    }

    private static IEnumerable<LtxHeader> Bundles(string folder) =>
        Directory.EnumerateFiles(folder, "0*.ltx", SearchOption.AllDirectories).Select(f => LtxHeader.Parse(Start(f)));

    private static byte[] Start(string file)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var start = new byte[LtxHeader.Length];
        stream.ReadExactly(start);
        return start;
    }

    private static List<string> Column(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        using var reader = command.ExecuteReader();
        var rows = new List<string>();
        while (reader.Read())
        {
            rows.Add(reader.GetString(0));
        }
        return rows;
    }

    /// <summary>How a database is made.</summary>
    private sealed record Make(
        int PageSize,
        string JournalMode,
        int AutoVacuum = 0,
        bool IsSynchronous = true,
        bool IsEmpty = false
    );
}
