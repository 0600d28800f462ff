using System.CommandLine;

namespace BackupTools.Console.Commands;

/// <summary><c>backuptools full SOURCE --destination-path FOLDER</c></summary>
internal static class FullCommand
{
    public static Command Create(StopSignals signals)
    {
        var command = new Command("full", "Take a full backup of a database.");
        var options = new BackupOptions(command);
        command.SetAction(parsed => options.Run(signals, parsed, settings => settings));
        return command;
    }
}
