using System.CommandLine;
using BackupTools.Benchmarks.Data;

namespace BackupTools.Benchmarks.Compare;

/// <summary>"compare": our program beside plain copies, checksums and general backup programs.</summary>
internal static class CompareCommand
{
    public static Command Create()
    {
        var engines = new Option<string[]>("--engine") { Description = "Only these engines." };
        var size = ByteSize.Option("--size", "1G");
        var runs = new Option<int>("--runs")
        {
            Description = "Rounds that count; one more is run first.",
            DefaultValueFactory = _ => 5,
        };
        var chains = new Option<int[]>("--chains")
        {
            Description = "Numbers of increments to restore.",
            AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = _ => [1, 10, 100],
        };
        var quick = new Option<bool>("--no-archivers")
        {
            Description = "Leave out borg and restic, which take longest.",
        };
        var operations = new Option<string[]>("--operation")
        {
            Description = "Only full, increment, test or restore.",
            AllowMultipleArgumentsPerToken = true,
        };
        var json = new Option<bool>("--json") { Description = "Print the rows as JSON." };
        var work = new Option<string>("--work")
        {
            Description = "Where to work; needs about five times the size. Its file system is what is measured.",
            DefaultValueFactory = _ => Path.GetTempPath(),
        };
        var console = new Option<string?>("--console") { Description = "The backuptools.dll to measure." };
        var many = new Option<int>("--many")
        {
            Description = "Measure folders of so many bundles instead, such as 10000.",
        };
        var goals = new Option<bool>("--goals") { Description = "Print the goals with verdicts instead of the rows." };
        var from = new Option<string[]>("--from")
        {
            Description = "Files of --json to print instead of measuring.",
            AllowMultipleArgumentsPerToken = true,
        };
        var command = new Command("compare", "Measures the console program beside other tools.")
        {
            engines,
            size,
            runs,
            chains,
            operations,
            quick,
            json,
            work,
            console,
            many,
            goals,
            from,
        };
        command.SetAction(result =>
        {
            var shapes = result.GetValue(engines) is { Length: > 0 } names ? names.Select(Shapes.ByName) : Shapes.All;
            var settings = new CompareSettings
            {
                Size = ByteSize.Parse(result.GetValue(size)!),
                Operations = result.GetValue(operations) ?? [],
                WithArchivers = !result.GetValue(quick),
                ChainLengths = result.GetValue(chains)!,
            };
            var measured = result.GetValue(from) is { Length: > 0 } files
                ? Together(files)
                : Measure(
                    Path.GetFullPath(result.GetValue(work)!),
                    result.GetValue(console) ?? FindConsole(),
                    result.GetValue(runs),
                    workshop =>
                        shapes.SelectMany(shape =>
                            result.GetValue(many) is > 0 and var count
                                ? new ManyContest(workshop, shape, count).Run()
                                : new EngineContest(workshop, shape, settings).Run()
                        )
                );
            Action<Measured, TextWriter> write =
                result.GetValue(goals) ? Report.WriteGoals
                : result.GetValue(json) ? Report.WriteJson
                : Report.WriteTable;
            write(measured, Console.Out);
        });
        return command;
    }

    private static Measured Measure(
        string folder,
        string console,
        int runs,
        Func<Workshop, IEnumerable<MatchRow>> contests
    )
    {
        var machine = Machine.Here(folder);
        using var workshop = new Workshop(folder, console, runs);
        return new Measured(machine, [StartRow(workshop), .. contests(workshop)]);
    }

    /// <summary>Of one machine: the rows of several runs, engine by engine or operation by operation.</summary>
    private static Measured Together(string[] files)
    {
        var all = files.Select(Report.Read).ToList();
        if (all.Exists(m => (m.Machine.Processor, m.Machine.Disk) != (all[0].Machine.Processor, all[0].Machine.Disk)))
        {
            throw new ArgumentException("the files are of different machines", nameof(files));
        }
        return new Measured(all[0].Machine, [.. all.SelectMany(m => m.Rows)]);
    }

    /// <summary>What every call of our program pays before it does anything.</summary>
    private static MatchRow StartRow(Workshop workshop) =>
        new()
        {
            Engine = "–",
            Operation = "--version",
            Contestant = Workshop.OurName,
            Runs = workshop.Runs,
            MedianSeconds = workshop.Idle.Seconds,
            MinSeconds = workshop.Idle.Seconds,
            MaxSeconds = workshop.Idle.Seconds,
            AfterStartSeconds = 0,
            Baseline = Workshop.OurName,
            Ratio = 1,
            CpuSeconds = workshop.Idle.CpuSeconds,
            PeakMemory = workshop.Idle.PeakMemory,
            MemoryAboveIdle = 0,
        };

    /// <summary>The console program that was built together with this one.</summary>
    private static string FindConsole()
    {
        var parts = AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar).Split(Path.DirectorySeparatorChar);
        var (configuration, framework) = (parts[^2], parts[^1]);
        for (var folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            var candidate = Path.Combine(
                folder,
                "src",
                "BackupTools.Console",
                "bin",
                configuration,
                framework,
                "backuptools.dll"
            );
            if (File.Exists(candidate))
            {
                return candidate;
            }
        }
        throw new FileNotFoundException("The console program is not built; give --console.");
    }
}
