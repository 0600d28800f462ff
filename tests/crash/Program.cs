using System.CommandLine;
using BackupTools.Tests.Operations;
using Xunit.Runner.InProc.SystemConsole;

namespace BackupTools.Crash;

/// <summary>Every fault at every call of every operation of every engine.</summary>
public static class Program
{
    public static int Main(string[] args)
    {
        if (args.FirstOrDefault() is ['@', ..] or ['-', not '-', ..])
        {
            // "dotnet test": xunit's own options.
            return ConsoleRunner.Run(args).GetAwaiter().GetResult();
        }
        var engine = new Option<string?>("--engine") { Description = "Only this one." };
        var operation = new Option<string?>("--operation") { Description = "Only this one." };
        var stride = new Option<int>("--stride")
        {
            DefaultValueFactory = _ => 1,
            Description = "Every so-manieth fault.",
        };
        var root = new RootCommand("Runs the console under strace and makes its system calls fail.")
        {
            engine,
            operation,
            stride,
        };
        root.SetAction(r => Run(r.GetValue(engine), r.GetValue(operation), r.GetValue(stride)));
        return root.Parse(args).Invoke();
    }

    private static int Run(string? engine, string? operation, int stride)
    {
        if (Strace.Missing is { } missing)
        {
            Console.WriteLine($"Skipped: {missing}");
            return 0;
        }
        var findings = 0;
        foreach (var sample in EngineSample.All.Where(s => engine is null || s.Name == engine))
        {
            foreach (var name in CrashBox.Operations.Where(o => operation is null || o == operation))
            {
                var tally = CrashRun.Run(
                    sample,
                    name,
                    stride,
                    text =>
                    {
                        findings++;
                        Console.Error.WriteLine(text);
                    }
                );
                Console.WriteLine($"{sample.Name}, {name}: {tally}");
            }
        }
        Console.WriteLine($"{findings} findings");
        return findings == 0 ? 0 : 1;
    }
}
