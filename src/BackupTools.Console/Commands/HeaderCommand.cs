using System.CommandLine;
using BackupTools.Operations;

namespace BackupTools.Console.Commands;

/// <summary><c>backuptools header PATH...</c></summary>
internal static class HeaderCommand
{
    public static Command Create(StopSignals signals)
    {
        var command = new Command("header", "Show the headers of bundles.");
        var paths = new Argument<string[]>("PATH")
        {
            Description = "Bundles, or folders of bundles; s3://BUCKET/PREFIX and az://CONTAINER/PREFIX too.",
            Arity = ArgumentArity.OneOrMore,
        };
        var verify = Options.Switch("--verify", "Read the contents too and compare every checksum.");
        var common = new CommonOptions(writes: false);
        command.Add(paths);
        command.Add(verify);
        common.AddTo(command);
        command.SetAction(parsed =>
            common.Run(
                signals,
                parsed,
                run =>
                {
                    foreach (var path in parsed.GetRequiredValue(paths).Select(LocalPath.AbsoluteOrStore))
                    {
                        run.PerItem(() => Show(run, path, parsed.GetValue(verify), common.Engine(parsed)));
                    }
                }
            )
        );
        return command;
    }

    private static void Show(Run run, string path, bool verify, string? engine) =>
        run.Execute(host =>
        {
            foreach (var reading in ReadHeaders.Read(path, verify, engine, host))
            {
                if (reading.Bundle is not { } bundle)
                {
                    run.Fail(reading.Error!);
                    continue;
                }
                run.Emit(bundle);
                run.FailFor(bundle.Problems);
            }
            return true;
        });
}
