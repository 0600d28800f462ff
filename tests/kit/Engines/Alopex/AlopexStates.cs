using BackupTools.Chains;
using BackupTools.Engines.Alopex;
using BackupTools.Tests.Files;
using BackupTools.Tests.Formats;
using BackupTools.Tests.Formats.Alopex;

namespace BackupTools.Tests.Engines.Alopex;

/// <summary>A harness with the Alopex engine, and the states that its fixtures are of.</summary>
internal static class AlopexStates
{
    /// <summary>Every state of every geometry and dialect whose keys are known.</summary>
    public static TheoryData<string> All =>
        new(
            from family in new[] { "small", "dialectB-small", "default" }
            from state in new[] { "S0", "S1", "S2" }
            select $"{family}/{state}"
        );

    public static EngineHarness Harness() => new(new AlopexEngine());

    /// <summary>A writable copy of a fixture's data directory, not touched for a minute as far as its times tell.</summary>
    public static string Data(this EngineHarness harness, string fixture, string name = "db") =>
        Settle(AlopexFixtures.Copy(AlopexFixtures.At(fixture, "data"), harness.At(name)));

    /// <summary>A writable copy of the reference's snapshot of a state.</summary>
    public static string Snapshot(this EngineHarness harness, string fixture)
    {
        var snapshot = AlopexFixtures.SnapshotOf(AlopexFixtures.At(fixture));
        return AlopexFixtures.Copy(snapshot, harness.At("backup", Path.GetFileName(snapshot)));
    }

    public static string Settle(string folder)
    {
        foreach (var file in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
        {
            File.SetLastWriteTimeUtc(file, DateTime.UtcNow.AddMinutes(-1));
        }
        return folder;
    }

    public static AlopexKeyReader Keys(string folder, string fixture) =>
        fixture.StartsWith("default", StringComparison.Ordinal)
            ? AlopexKeyReader.Read(folder, 64 << 20, 8)
            : AlopexKeyReader.Read(folder);

    /// <summary>Findings that people should hear of.</summary>
    public static IEnumerable<ChainProblem> Noted(this IEnumerable<ChainProblem> problems) =>
        problems.Where(p => p.Severity != ProblemSeverity.Info);

    public static IEnumerable<ChainProblem> Errors(this IEnumerable<ChainProblem> problems) =>
        problems.Where(p => p.Severity == ProblemSeverity.Error);

    /// <summary>Every file below a folder with its bytes; of a log only what stands before its first hole.</summary>
    public static Dictionary<string, byte[]> Files(string folder) =>
        Directory
            .EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .ToDictionary(
                f => TempFolder.Relative(folder, f),
                f =>
                {
                    using var file = File.OpenHandle(f);
                    var bytes = new byte[Math.Min(RandomAccess.GetLength(file), 1 << 20)];
                    RandomAccess.Read(file, bytes, 0);
                    return bytes;
                },
                StringComparer.Ordinal
            );

    /// <summary>What the independent checker prints of a data directory.</summary>
    public static SortedDictionary<string, string> CheckedByPython(string folder, bool small)
    {
        var run = Python.Run([
            Python.Checker("alopex_check.py"),
            folder,
            .. small ? ["8192", "3"] : Array.Empty<string>(),
        ]);
        Assert.Contains("skipped []", run.Error, StringComparison.Ordinal);
        return new SortedDictionary<string, string>(
            run.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .ToDictionary(l => l.Split('\t')[0], l => l.Split('\t')[1]),
            StringComparer.Ordinal
        );
    }
}
