using System.Buffers.Binary;
using BackupTools.Formats.Sqlite;
using BackupTools.Tests.Engines.Sqlite;
using BackupTools.Tests.Files;

namespace BackupTools.Tests.Operations;

/// <summary>
/// An SQLite database as a killed process leaves it: what was committed last is in the log. Changes are SQLite's own,
/// which closes it.
/// </summary>
internal sealed class SqliteSandbox : EngineSandbox
{
    private static readonly string[] s_parts = ["", "-wal", "-shm"];

    private static readonly Lazy<Dictionary<string, byte[][]>> s_states = new(MakeStates);

    public SqliteSandbox() => Become("S0");

    public override string Source => At("app.db");

    public override string NameInFolder => "app.db";

    public override string Restored => At("r", "rec.db");

    public override void Become(string state)
    {
        foreach (var (part, bytes) in s_parts.Zip(s_states.Value[state]))
        {
            File.WriteAllBytes(Source + part, bytes);
        }
    }

    public override void Change(Random random)
    {
        for (var commits = random.Next(4); commits > 0; commits--)
        {
            SqliteTestDatabase.Run(
                Source,
                "create table if not exists c(id integer primary key, v); "
                    + (
                        random.Next(4) == 0
                            ? "delete from c where id % 3 = 0"
                            : $"insert into c select null, randomblob({random.Next(3000)})"
                    )
            );
        }
    }

    /// <summary>The -shm is an index of the log, which whoever reads the database may make anew.</summary>
    public override string SourceBytes() => Hex(Source) + "/" + Hex(Source + "-wal") + "/" + Hex(Source + "-journal");

    public override string Content(string database) => SqliteRows.Dump(database);

    /// <summary>Litestream takes the time of a bundle from its file, and whatever has the name of one for one.</summary>
    public override IEnumerable<string> Lies() =>
        new[] { Bundles, At("m"), At("c") }
            .Where(Directory.Exists)
            .SelectMany(f => Directory.EnumerateFiles(f, "*", SearchOption.AllDirectories))
            .Where(f => LitestreamNames.TryLtx(Path.GetFileName(f), out _, out _))
            .Where(f => !IsDatedLikeItsHeader(f));

    private static bool IsDatedLikeItsHeader(string file)
    {
        const int TimeOffset = 32;
        var ms = BinaryPrimitives.ReadInt64BigEndian(File.ReadAllBytes(file).AsSpan(TimeOffset));
        return new DateTimeOffset(File.GetLastWriteTimeUtc(file)).ToUnixTimeMilliseconds() == ms;
    }

    private static Dictionary<string, byte[][]> MakeStates()
    {
        using var folder = new TempFolder();
        var database = folder["app.db"];
        using var connection = SqliteTestDatabase.Open(database);
        var random = new Random(1); // The same bytes each time, of which nothing can be packed.
        connection.CreateFunction(
            "noise",
            (int length) =>
            {
                var bytes = new byte[length];
                random.NextBytes(bytes);
                return bytes;
            }
        );
        SqliteTestDatabase.Run(
            connection,
            "pragma journal_mode=wal; create table t(id integer primary key, v); insert into t values(0, noise(9000)); "
                + "pragma wal_checkpoint(truncate)"
        );
        var states = new Dictionary<string, byte[][]>(StringComparer.Ordinal);
        foreach (var (state, rows) in new[] { ("S0", 3), ("S1", 2), ("S2", 40) })
        {
            SqliteTestDatabase.Run(
                connection,
                $"update t set v = noise(500) where id = 1; with recursive n(i) as (select 1 union all select i + 1 from n limit {rows}) insert into t select null, noise(300) from n"
            );
            states.Add(state, [.. s_parts.Select(p => TempFolder.ReadShared(database + p))]);
        }
        return states;
    }
}
