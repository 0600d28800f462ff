using System.CommandLine;
using BackupTools.Console.Output;
using BackupTools.Operations;

namespace BackupTools.Console.Commands;

/// <summary><c>backuptools report FOLDER... --destination-path FILE</c></summary>
internal static class ReportCommand
{
    public static Command Create(StopSignals signals)
    {
        var command = new Command("report", "Write one report on the state of all databases in the folders.");
        var folders = new Argument<string[]>("FOLDER")
        {
            Description = "Folders of bundles; s3://BUCKET/PREFIX and az://CONTAINER/PREFIX too.",
            Arity = ArgumentArity.OneOrMore,
        };
        var destination = Options.DestinationPath(
            "The file to write; only a BackupTools report in the same format is overwritten.",
            "FILE"
        );
        var format = Options.Text(
            "--format",
            "Html (a page; the default), Json (for programs) or Prometheus (metrics).",
            "NAME"
        );
        var objective = Options.Span(
            "--recovery-point-objective",
            "How old the newest restorable state may be; older is marked as late."
        );
        var tests = Repeated("--test-report", "Output of 'test --json', current or earlier; may be repeated.", "FILE");
        var title = Options.Text("--title", "The title of the page.", "TEXT");
        var note = Repeated("--note", "A line for the top of the page; may be repeated.", "TEXT");
        var recurse = Options.Switch("--recurse", "Include subfolders.");
        var dryRun = Options.DryRun("Only show the state of the databases.");
        var common = new CommonOptions(writes: true);
        command.Add(folders);
        command.AddAll(destination, format, objective, tests, title, note, recurse, dryRun);
        common.AddTo(command);
        command.SetAction(parsed =>
            common.Run(
                signals,
                parsed,
                run =>
                {
                    var settings = new ReportSettings
                    {
                        Folders = parsed.GetRequiredValue(folders).Select(LocalPath.AbsoluteOrStore).ToArray(),
                        DestinationPath = LocalPath.Absolute(parsed.GetRequiredValue(destination)),
                        Format = Options.ParseFormat(parsed.GetValue(format)),
                        Recurse = parsed.GetValue(recurse),
                        Engine = common.Engine(parsed),
                        RecoveryPointObjective = Options.ParseSpan(parsed.GetValue(objective)),
                        Tests = (parsed.GetValue(tests) ?? []).SelectMany(Json.ReadTests).ToArray(),
                        Title = parsed.GetValue(title),
                        Notes = parsed.GetValue(note) ?? [],
                    };
                    run.Carry(
                        parsed.GetValue(dryRun),
                        host => ExportReport.Plan(settings, host),
                        ExportReport.Execute,
                        report => run.Emit(report, $"the report was written: {settings.DestinationPath}")
                    );
                }
            )
        );
        return command;
    }

    private static Option<string[]> Repeated(string name, string help, string value) =>
        new(name) { Description = help, HelpName = value };
}
