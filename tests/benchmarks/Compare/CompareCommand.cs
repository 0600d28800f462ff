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
            var folder = Path.GetFullPath(result.GetValue(work)!);
            using var workshop = new Workshop(folder, result.GetValue(console) ?? FindConsole(), result.GetValue(runs));
            var rows = new List<MatchRow> { StartRow(workshop) };
            foreach (var shape in shapes)
            {
                rows.AddRange(new EngineContest(workshop, shape, settings).Run());
            }
            if (result.GetValue(json))
            {
                Report.WriteJson(rows, Console.Out);
            }
            else
            {
                Report.WriteTable(rows, Console.Out);
            }
        });
        return command;
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
