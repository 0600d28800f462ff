using BackupTools.Tests.Engines.Sqlite;

namespace BackupTools.Tests.Operations;

/// <summary>An SQLite database that goes through stored states, or is changed by SQLite.</summary>
internal sealed class SqliteSandbox : EngineSandbox
{
    public SqliteSandbox() => Become("S0");

    public override string Source => At("app.db");

    public override string Restored => At("r", "rec.db");

    /// <summary>The stored states are those of transactions 1, 2 and 4: few rows, other rows, many more.</summary>
    public static byte[] StateOf(string state) =>
        SqliteFixtures.State(
            state switch
            {
                "S0" => 1,
                "S1" => 2,
                _ => 4,
            }
        );

    public override void Become(string state) => File.WriteAllBytes(Source, StateOf(state));

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

    public override string Content(string database) => SqliteRows.Dump(database);
}
