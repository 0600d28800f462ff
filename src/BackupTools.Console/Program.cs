using System.CommandLine;
using System.Runtime.CompilerServices;
using BackupTools.Console.Commands;
using BackupTools.Console.Output;
using BackupTools.Options;

namespace BackupTools.Console;

internal static class Program
{
    private static int Main(string[] args) => Handles.Missing() ?? Run(args);

    // By itself, so that what it needs is not loaded before the handles were counted.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int Run(string[] args)
    {
        StandardStreams.Open();
        using var signals = new StopSignals();
        var root = new RootCommand($"Backs up, inspects, verifies and restores {EngineNames.Listed("and")} databases.")
        {
            FullCommand.Create(signals),
            IncrementalCommand.Create(signals),
            HeaderCommand.Create(signals),
            ChainCommand.Create(signals),
            TestCommand.Create(signals),
            RestoreCommand.Create(signals),
            MergeCommand.Create(signals),
            CopyCommand.Create(signals),
            PruneCommand.Create(signals),
            ReportCommand.Create(signals),
            KeyCommand.Create(signals),
            DemoCommand.Create(signals),
        };
        var parsed = root.Parse(args);
        if (parsed.Errors.Count > 0)
        {
            return Text.UsageError(System.Console.Error, parsed);
        }
        // Signals and failures are ours to answer: Run does both.
        return parsed.Invoke(
            new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null }
        );
    }
}
