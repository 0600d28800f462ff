using System.CommandLine;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;

namespace BackupTools.Benchmarks.Micro;

/// <summary>"micro": BenchmarkDotNet over single pieces; what follows is given to it, such as --filter '*Crc32*'.</summary>
internal static class MicroCommand
{
    public static Command Create()
    {
        var rest = new Argument<string[]>("ARGUMENTS") { DefaultValueFactory = _ => ["--filter", "*"] };
        var command = new Command("micro", "Runs the micro-benchmarks.") { rest };
        command.TreatUnmatchedTokensAsErrors = false;
        command.SetAction(result =>
        {
            // In this process: BenchmarkDotNet's own projects would be built under this repository's build rules.
            var config = DefaultConfig
                .Instance.AddJob(Job.Default.WithToolchain(InProcessEmitToolchain.Instance))
                .AddDiagnoser(MemoryDiagnoser.Default)
                .WithArtifactsPath(Path.Combine(Path.GetTempPath(), "backuptools-benchmarks"));
            var arguments = result.GetValue(rest)!.Concat(result.UnmatchedTokens).ToArray();
            _ = BenchmarkSwitcher.FromAssembly(typeof(MicroCommand).Assembly).Run(arguments, config);
        });
        return command;
    }
}
