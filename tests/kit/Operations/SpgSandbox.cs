using BackupTools.Tests.Formats.Spg;

namespace BackupTools.Tests.Operations;

/// <summary>
/// The SPG database of state S0 as on disk after a checkpoint, whose log grows from empty through S1 to S2.
/// </summary>
internal sealed class SpgSandbox : EngineSandbox
{
    private static readonly string Fixtures = Path.Combine(AppContext.BaseDirectory, "fixtures", "spg");
    private int _rows;

    public SpgSandbox()
    {
        EngineSample.Of("SPG").SetState(Folder, 0);
    }

    public string Db => At("a.db");

    public string Wal => At("a.wal");

    public override string Source => Db;

    public override string NameInFolder => "a.db";

    public override string Restored => At("r", "rec.db");

    public static byte[] LogOf(string state) => EngineSample.SpgLogOf(state[1] - '0');

    public static byte[] Fixture(string name) => File.ReadAllBytes(Path.Combine(Fixtures, name));

    /// <summary>The log grows to what it is at that state.</summary>
    public void GrowTo(string state) => File.WriteAllBytes(Wal, LogOf(state));

    public override void Become(string state) => GrowTo(state);

    /// <summary>A few commits, alone or in a transaction.</summary>
    public override void Change(Random random)
    {
        using var log = new FileStream(Wal, FileMode.Append);
        for (var commits = random.Next(4); commits > 0; commits--)
        {
            var isTransaction = random.Next(3) == 0;
            if (isTransaction)
            {
                log.Write(SpgFrames.V2("BEGIN"));
            }
            for (var rows = isTransaction ? random.Next(1, 4) : 1; rows > 0; rows--)
            {
                log.Write(SpgFrames.V3($"INSERT INTO t VALUES ({_rows++}, '{new string('x', random.Next(60))}')"));
            }
            if (isTransaction)
            {
                log.Write(SpgFrames.V2("COMMIT"));
            }
        }
    }

    public override string Content(string database) =>
        Hex(database) + "/" + Hex(Path.ChangeExtension(database, ".wal"));

    public override string SourceBytes() => Hex(Db) + "/" + Hex(Wal);
}
