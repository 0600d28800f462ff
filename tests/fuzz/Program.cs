using System.CommandLine;
using Xunit.Runner.InProc.SystemConsole;

namespace BackupTools.Fuzz;

/// <summary>The long version: every parser in turn, a new seed each round, until the time is up.</summary>
public static class Program
{
    public static int Main(string[] args)
    {
        if (args.FirstOrDefault() is ['@', ..] or ['-', not '-', ..])
        {
            // "dotnet test": xunit's own options.
            return ConsoleRunner.Run(args).GetAwaiter().GetResult();
        }
        var minutes = new Option<double>("--minutes") { DefaultValueFactory = _ => 10, Description = "How long." };
        var parser = new Option<string?>("--parser") { Description = "Only this one." };
        var seed = new Option<ulong?>("--seed") { Description = "The first seed; otherwise by the clock." };
        var input = new Option<long?>("--input") { Description = "Only this input of the seed." };
        var root = new RootCommand("Feeds mutated files to every parser of BackupTools.")
        {
            minutes,
            parser,
            seed,
            input,
        };
        root.SetAction(r =>
        {
            var names = FuzzParsers.All.Keys.Where(n => r.GetValue(parser) is not { } only || n == only).ToList();
            var start = r.GetValue(seed) ?? (ulong)DateTime.UtcNow.Ticks;
            return r.GetValue(input) is { } one
                ? Replay(names, start, one)
                : Soak(names, start, TimeSpan.FromMinutes(r.GetValue(minutes)));
        });
        return root.Parse(args).Invoke();
    }

    private static int Replay(List<string> names, ulong seed, long input)
    {
        foreach (var name in names)
        {
            new FuzzRun(FuzzParsers.Make(name), seed).RunOne(input);
            Console.WriteLine($"{name}: input {input} of seed {seed} is as it should be");
        }
        return 0;
    }

    private static int Soak(List<string> names, ulong seed, TimeSpan time)
    {
        var findings = 0;
        var end = DateTime.UtcNow + time;
        for (var round = seed; DateTime.UtcNow < end && names.Count > 0; round++)
        {
            var share = Math.Clamp((end - DateTime.UtcNow).TotalSeconds / names.Count, 0.1, 30);
            foreach (var name in names)
            {
                try
                {
                    var result = new FuzzRun(FuzzParsers.Make(name), round).Run(
                        long.MaxValue,
                        TimeSpan.FromSeconds(share)
                    );
                    Console.WriteLine($"{name}, seed {round}: {result}");
                }
                catch (FuzzException e)
                {
                    findings++;
                    Console.Error.WriteLine(e.Message);
                }
            }
        }
        Console.WriteLine($"{findings} findings");
        return findings == 0 ? 0 : 1;
    }
}
