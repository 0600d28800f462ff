using System.CommandLine;
using BackupTools.Operations;

namespace BackupTools.Console.Commands;

/// <summary><c>backuptools incremental SOURCE --destination-path FOLDER</c></summary>
internal static class IncrementalCommand
{
    public static Command Create(StopSignals signals)
    {
        var command = new Command("incremental", "Back up what changed since the newest bundle at the destination.");
        var options = new BackupOptions(command, ofIncrements: true);
        var since = Options.Text(
            "--since",
            "The position to continue from; default: the end of the newest bundle.",
            "POSITION"
        );
        var sinceBundle = Options.Text("--since-bundle", "The bundle to build on; default: the newest.", "PATH");
        var chainId = Options.ChainId();
        var fullIfNeeded = Options.Switch(
            "--full-if-needed",
            "Take a full where an increment is impossible, and warn why."
        );
        var allowEmpty = Options.Switch("--allow-empty", "Write the bundle even if nothing has changed.");
        command.AddAll(since, sinceBundle, chainId, fullIfNeeded, allowEmpty);
        command.SetAction(parsed =>
            options.Run(
                signals,
                parsed,
                settings =>
                    settings with
                    {
                        Incremental = true,
                        Since = Options.Position(parsed.GetValue(since)),
                        SinceBundle = parsed.GetValue(sinceBundle) is { } path ? LocalPath.AbsoluteOrStore(path) : null,
                        ChainId = parsed.GetValue(chainId),
                        FullIfNeeded = parsed.GetValue(fullIfNeeded),
                        AllowEmpty = parsed.GetValue(allowEmpty),
                    }
            )
        );
        return command;
    }
}
