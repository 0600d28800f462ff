namespace BackupTools.Tests.Engines.Sqlite;

/// <summary>Random changes of a database with an ordinary table, one without rowid and a full-text index.</summary>
internal static class SqliteHistory
{
    private static readonly string[] Changes =
    [
        "insert into t select null, randomblob(abs(random()) % 900) from t limit 40",
        "delete from t where id % 3 = 0",
        "update t set body = zeroblob(2000) where id % 7 = 1",
        "create index if not exists i on t(body)",
        "drop index if exists i",
        "insert or replace into w select hex(randomblob(4)), randomblob(50) from t",
        "insert into f select hex(randomblob(9)) || ' word' from t",
        "insert into t values(null, randomblob(30000))",
        "delete from t where id > 10",
        "vacuum",
        "pragma incremental_vacuum",
    ];

    /// <summary>Makes the database; the SQL.</summary>
    public static string Begin(int pageSize, int autoVacuum, string journalMode) =>
        $"pragma page_size={pageSize}; pragma auto_vacuum={autoVacuum}; pragma journal_mode={journalMode}; "
        + "create table t(id integer primary key, body); create table w(k primary key, v) without rowid; "
        + "create virtual table f using fts5(x); insert into t select value, randomblob(200) from "
        + "(with recursive n(value) as (select 1 union all select value + 1 from n where value < 50) select value from n)";

    /// <summary>One change; the SQL.</summary>
    public static string Change(Random random) => Changes[random.Next(Changes.Length)];
}
