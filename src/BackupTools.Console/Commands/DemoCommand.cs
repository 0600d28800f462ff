using System.CommandLine;

namespace BackupTools.Console.Commands;

/// <summary><c>backuptools demo</c></summary>
internal static class DemoCommand
{
    public static Command Create(StopSignals signals)
    {
        var command = new Command(
            "demo",
            "Back up, damage, test and restore a sample database in a temporary folder, and compare every byte."
        );
        command.SetAction(_ =>
            Run.Of(
                signals,
                json: false,
                verbose: false,
                throttleLimit: null,
                run =>
                {
                    using var demo = new Demo(run, System.Console.Out);
                    demo.Play();
                }
            )
        );
        return command;
    }
}
