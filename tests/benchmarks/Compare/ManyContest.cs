using System.Globalization;
using BackupTools.Benchmarks.Data;

namespace BackupTools.Benchmarks.Compare;

/// <summary>What our program takes in a folder of thousands of bundles, and in one of ten of the same database.</summary>
internal sealed class ManyContest(Workshop workshop, IDatabaseShape shape, int count)
{
    private readonly Match _match = new(workshop);
    private readonly string _home = workshop.PathOf("many");
    private readonly string _number = count.ToString("N0", CultureInfo.InvariantCulture);

    public IEnumerable<MatchRow> Run()
    {
        Workshop.Delete(_home);
        var bundles = new ManyBundles(shape, _home);
        workshop.Say($"{shape.Name}: making {_number} bundles");
        var source = bundles.Make(count);
        // What was changed just before is read twice, as its dates may not show a change.
        Thread.Sleep(TimeSpan.FromSeconds(3));
        foreach (var row in Increment(source, bundles.Few, bundles.Many))
        {
            yield return row;
        }
        var many = bundles.Many;
        var copy = workshop.PathOf("many.copy");
        var report = workshop.PathOf("many.html");
        (string Operation, ProgramCall Call)[] calls =
        [
            ("chain", workshop.Ours("chain", many, "--json")),
            ("report", workshop.Ours("report", many, "--destination-path", report)),
            ("prune plan", workshop.Ours("prune", many, "--keep-last", "100", "--dry-run")),
            ("copy plan", workshop.Ours("copy", many, "--destination-path", copy, "--dry-run")),
        ];
        foreach (var (operation, call) in calls)
        {
            var contestant = Contestant.Program(Workshop.OurName, call, () => Workshop.Delete(report));
            foreach (var row in _match.Play(shape.Name, $"{operation} of {_number} bundles", [contestant]))
            {
                yield return row;
            }
        }
        Workshop.Delete(_home);
    }

    private IEnumerable<MatchRow> Increment(string source, string few, string many)
    {
        var sideFile = shape.SideFile(source);
        var cursor = sideFile is not null && File.Exists(sideFile) ? File.ReadAllBytes(sideFile) : null;
        return _match.Play(
            shape.Name,
            $"increment among {_number} bundles",
            [Taking("backuptools, among 10", few), Taking(Workshop.OurName, many)]
        );

        Contestant Taking(string name, string folder)
        {
            var state = new FolderState(folder);
            var call = workshop.Ours("incremental", source, "--destination-path", folder, "--allow-empty", "--json");
            return Contestant.Program(name, call, PutBack);

            void PutBack()
            {
                state.PutBack();
                if (cursor is not null)
                {
                    File.WriteAllBytes(sideFile!, cursor);
                }
            }
        }
    }
}
