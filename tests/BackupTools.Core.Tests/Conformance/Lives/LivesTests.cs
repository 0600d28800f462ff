using System.Diagnostics;
using System.Globalization;
using BackupTools.Tests.Engines.Grafeo;
using BackupTools.Tests.Engines.Sqlite;
using BackupTools.Tests.Formats;

namespace BackupTools.Tests.Conformance.Lives;

/// <summary>
/// Random lives of every engine's databases. BACKUPTOOLS_LIVES says how many for each engine, BACKUPTOOLS_SEED where
/// to begin, and BACKUPTOOLS_LIFE is one life to live again, as a failure prints it.
/// </summary>
public sealed class LivesTests(ITestOutputHelper output) : IDisposable
{
    /// <summary>A long run goes on after a finding, and tells the first of each kind.</summary>
    private const int MostFindings = 10;

    private readonly RealGrafeo _grafeo = new();
    private readonly RealSqlite _sqlite = new();

    private const ulong FirstEveryday = 1;
    private static readonly TimeSpan s_everyday = TimeSpan.FromSeconds(5);

    /// <summary>Lives that lost something, or were refused something, before it was put right; the engine first.</summary>
    public static TheoryData<string, string> Known =>
        new()
        {
            // The clock was ahead and is corrected: what is taken then is the newest all the same.
            { "SPG", "commit full full back commit increment" },
            { "SPG", "full commit back full" },
            { "SPG", "full back commit differential increment increment" },
            { "SPG", "full increment increment commit back increment" },
            { "PowDB", "commit full full back commit increment" },
            { "PowDB", "full increment back increment increment" },
            { "Alopex", "full back full commit increment" },
            { "Alopex", "commit full copy:1 replace back engine" },
            // What the engine made while the clock was behind may be taken for older: it is told, and no prune removes it.
            { "SPG", "full commit back full commit engine" },
            { "PowDB", "commit full back replace increment commit engine" },
            { "Alopex", "commit full back replace increment commit engine" },
            { "Alopex", "commit full back copy:9 commit:8 engine" },
            { "Alopex", "full back increment differential full engine forward" },
            // Restored to before its first table: it looks like another database since, and "latest" is one for both.
            { "Alopex", "commit full back commit engine full restore:2 engine" },
            // The folder was copied, with the dates of its files and without.
            { "Alopex", "commit full back commit engine copy:1" },
            { "Alopex", "commit engine back replace engine copy:5" },
            { "Alopex", "commit full back commit engine copy:2" },
            { "Alopex", "commit engine back replace engine copy:6" },
            { "Alopex", "commit full back full commit engine copy:2" },
            { "Alopex", "commit full back full commit engine copy:2 forward" },
            { "Alopex", "commit full back full commit engine forward copy:2" },
            // The database file is untouched as far as dates tell, and another.
            { "SPG", "full back commit checkpoint increment" },
            // A position belongs to a state, also where LSNs fall or the database is another.
            { "PowDB", "commit checkpoint full replace increment" },
            { "PowDB", "commit commit checkpoint full commit:10 increment" },
            { "PowDB", "commit full commit:6 engine increment differential restore increment" },
        };

    [PythonFact]
    public void No_life_of_SQLite_loses_a_commit() => Live("SQLite");

    [Fact]
    public void No_life_of_SPG_loses_a_commit() => Live("SPG");

    [Fact]
    public void No_life_of_PowDB_loses_a_commit() => Live("PowDB");

    [Fact]
    public void No_life_of_Alopex_loses_a_commit() => Live("Alopex");

    [RealGrafeo05Fact]
    public void No_life_of_Grafeo_05_loses_a_commit() => Live("Grafeo 0.5");

    [RealGrafeoFact]
    public void No_life_of_Grafeo_06_loses_a_commit() => Live("Grafeo 0.6");

    [Theory]
    [MemberData(nameof(Known))]
    public void A_life_that_once_showed_something_shows_nothing(string engine, string life) =>
        Life.Run(Subject(engine), LifeStep.Read(life));

    [RealGrafeo05Theory]
    [InlineData("commit close full commit increment")]
    [InlineData("commit full kill commit full")]
    [InlineData("commit full replace full")]
    [InlineData("full commit:7 full:9 restore commit full:9")]
    [InlineData("commit full commit increment prune rename commit increment")]
    // A transaction that was begun before a full or increment is whole in the increment after its commit.
    [InlineData("commit full move begin:7 increment:5 commit increment")]
    [InlineData("commit full begin commit:10 commit:9 increment")]
    public void A_life_of_Grafeo_05_that_once_showed_something_shows_nothing(string life) =>
        Life.Run(Subject("Grafeo 0.5"), LifeStep.Read(life));

    [RealGrafeoTheory]
    [InlineData("commit full commit back increment")]
    [InlineData("engine differential commit rename increment")]
    [InlineData("commit full commit forward increment engine")]
    [InlineData("full commit increment restore:1 full")]
    [InlineData("commit full engine:2 full restore:3 commit increment")]
    public void A_life_of_Grafeo_06_that_once_showed_something_shows_nothing(string life) =>
        Life.Run(Subject("Grafeo 0.6"), LifeStep.Read(life));

    public void Dispose()
    {
        _grafeo.Dispose();
        _sqlite.Dispose();
    }

    private ILifeSubject Subject(string engine) =>
        engine switch
        {
            "SQLite" => new SqliteLife(_sqlite),
            "SPG" => new SpgLife(),
            "PowDB" => new PowDbLife(),
            "Alopex" => new AlopexLife(),
            "Grafeo 0.5" => new Grafeo05Life(),
            "Grafeo 0.6" => new Grafeo06Life(_grafeo),
            _ => throw new ArgumentOutOfRangeException(nameof(engine), engine, "no such engine"),
        };

    private void Live(string engine)
    {
        if (Environment.GetEnvironmentVariable("BACKUPTOOLS_LIFE") is { Length: > 0 } one)
        {
            Life.Run(Subject(engine), LifeStep.Read(one));
            return;
        }
        // Every day the same lives, so that a change is what breaks them; long runs look for new ones.
        var seed = Number("BACKUPTOOLS_SEED") ?? (SoakBudget.IsLong ? (ulong)Environment.TickCount64 : FirstEveryday);
        var lives = Number("BACKUPTOOLS_LIVES");
        var watch = Stopwatch.StartNew();
        var lived = 0UL;
        var findings = new Dictionary<string, LifeFinding>(StringComparer.Ordinal);
        for (; lives is { } all ? lived < all : SoakBudget.GoesOn(watch.Elapsed, s_everyday); lived++)
        {
            var life = LifeGenerator.Of(seed + lived);
            if (Try(engine, life) is { } found && findings.TryAdd(found.Kind, found))
            {
                var simplest = Simplest(engine, life, found);
                findings[found.Kind] = simplest;
                findings.TryAdd(simplest.Kind, simplest);
                output.WriteLine($"seed {seed + lived}: {simplest.Message}\n");
                if (lives is null || findings.Count >= MostFindings)
                {
                    break;
                }
            }
        }
        output.WriteLine($"{lived} lives from seed {seed} in {watch.Elapsed.TotalSeconds:F1} s");
        Assert.True(findings.Count == 0, string.Join("\n", findings.Values.Distinct().Select(f => f.Message)));
    }

    /// <summary>What the simplest life shows that still shows something.</summary>
    private LifeFinding Simplest(string engine, IReadOnlyList<LifeStep> life, LifeFinding found)
    {
        for (var goesOn = true; goesOn; )
        {
            goesOn = false;
            foreach (var candidate in LifeGenerator.Lives.Shrinker(life))
            {
                if (Try(engine, candidate) is { } still && still.Kind == found.Kind)
                {
                    (found, life, goesOn) = (still, candidate, true);
                    break;
                }
            }
        }
        return found;
    }

    private LifeFinding? Try(string engine, IReadOnlyList<LifeStep> life) =>
        Record.Exception(() => Life.Run(Subject(engine), life)) switch
        {
            null => null,
            LifeFinding finding => finding,
            // Such as a subject that fails when it is put away, which would hide what the life has shown.
            var other => throw new InvalidOperationException($"life: {LifeStep.Write(life)}", other),
        };

    private static ulong? Number(string variable) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text
            ? ulong.Parse(text, CultureInfo.InvariantCulture)
            : null;
}
