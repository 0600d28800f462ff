using System.CommandLine;
using System.Globalization;
using BackupTools.Console.Demonstration;
using BackupTools.Operations;

namespace BackupTools.Console.Commands;

/// <summary><c>backuptools demo [FILE]</c></summary>
internal static class DemoCommand
{
    public static Command Create(StopSignals signals)
    {
        var command = new Command(
            "demo",
            "Back up a SQLite database while it is written to, in a temporary folder; test, damage, restore, compare every row. "
                + "With a FILE, only create a sample database there, or add orders to it."
        );
        var sample = new Argument<string?>("FILE")
        {
            Description = "A sample database for your own first steps.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        command.Add(sample);
        var clerk = new Option<string?>(Clerk.Option) { Hidden = true };
        command.Add(clerk);
        command.SetAction(parsed =>
            Run.Of(
                signals,
                run =>
                {
                    if (parsed.GetValue(clerk) is { } database)
                    {
                        Clerk.Work(database, signals.Token);
                        return;
                    }
                    if (parsed.GetValue(sample) is { } file)
                    {
                        var path = LocalPath.Absolute(file);
                        var count = Shop.Sample(path).ToString("N0", CultureInfo.InvariantCulture);
                        System.Console.Out.WriteLine($"{file}: a SQLite database with {count} orders");
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
