using System.CommandLine;
using BackupTools.Operations;

namespace BackupTools.Console.Commands;

/// <summary><c>backuptools restore FOLDER --destination-path PATH</c></summary>
internal static class RestoreCommand
{
    public static Command Create(StopSignals signals)
    {
        var command = new Command("restore", "Rebuild a database from a chain, all or nothing.");
        var options = new TargetOptions(writes: true);
        var destination = Options.DestinationPath(
            "The database file or data folder to create; FOLDER/ means into that folder.",
            "PATH"
        );
        var walPath = Options.Text(
            "--wal-path",
            "SPG: where to write the write-ahead log; default: beside the database.",
            "FILE"
        );
        var force = Options.Switch("--force", "Replace an existing database of the same engine. Skips no check.");
        var deep = Options.Switch("--deep", "Check everything the format defines before publishing.");
        var dryRun = Options.DryRun("Only show what would be restored, replaced and kept.");
        options.AddTo(command);
        command.AddAll(destination, walPath, force, deep, dryRun);
        command.SetAction(parsed =>
            options.Run(
                signals,
                parsed,
                (run, target) =>
                {
                    var settings = new RestoreSettings
                    {
                        Path = target.Path,
                        ChainId = target.ChainId,
                        Engine = target.Engine,
                        ToPosition = target.ToPosition,
                        ExpectedPosition = target.ExpectedPosition,
                        PointInTime = target.PointInTime,
                        DestinationPath = LocalPath.AbsoluteOrInto(parsed.GetRequiredValue(destination)),
                        WalPath = Options.AbsoluteOrNull(parsed.GetValue(walPath)),
                        Force = parsed.GetValue(force),
                        Deep = parsed.GetValue(deep),
                    };
                    run.Carry(
                        parsed.GetValue(dryRun),
                        host => RestoreChain.Plan(settings, host),
                        RestoreChain.Execute,
                        report => run.Emit(report, $"the database was restored: {report.FullName}")
                    );
                }
            )
        );
        return command;
    }
}
