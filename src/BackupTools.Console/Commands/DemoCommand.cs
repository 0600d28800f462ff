using System.CommandLine;
using BackupTools.Console.Demonstration;

namespace BackupTools.Console.Commands;

/// <summary><c>backuptools demo</c></summary>
internal static class DemoCommand
{
    public static Command Create(StopSignals signals)
    {
        var command = new Command(
            "demo",
            "Back up a SQLite database that is written to, in a temporary folder; test, damage, restore, compare every row."
        );
        var clerk = new Option<string?>(Clerk.Option) { Hidden = true };
        command.Add(clerk);
        command.SetAction(parsed =>
            Run.Of(
                signals,
                json: false,
                verbose: false,
                throttleLimit: null,
                run =>
                {
                    if (parsed.GetValue(clerk) is { } database)
                    {
                        Clerk.Work(database, signals.Token);
                        return;
                    }
                    using var demo = new Demo(run, System.Console.Out);
                    demo.Play();
                }
            )
        );
        return command;
    }
}
