using System.CommandLine;
using BackupTools.Operations;

namespace BackupTools.Console.Commands;

/// <summary><c>backuptools chain FOLDER</c></summary>
internal static class ChainCommand
{
    public static Command Create(StopSignals signals)
    {
        var command = new Command("chain", "Show the chains that the bundles of a folder form.");
        var folder = Options.Folder();
        var recurse = Options.Switch("--recurse", "Include subfolders.");
        var common = new CommonOptions(writes: false);
        command.Add(folder);
        command.Add(recurse);
        common.AddTo(command);
        command.SetAction(parsed =>
            common.Run(
                signals,
                parsed,
                run =>
                    run.Execute(host =>
                    {
                        var path = LocalPath.AbsoluteOrStore(parsed.GetRequiredValue(folder));
                        foreach (
                            var reading in ReadChains.Read(path, parsed.GetValue(recurse), common.Engine(parsed), host)
                        )
                        {
                            if (reading.Chain is { } chain)
                            {
                                run.Emit(chain);
                            }
                            else
                            {
                                run.Fail(reading.Error!);
                            }
                        }
                        return true;
                    })
            )
        );
        return command;
    }
}
