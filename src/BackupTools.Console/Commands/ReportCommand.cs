using System.CommandLine;
using BackupTools.Console.Output;
using BackupTools.Operations;

namespace BackupTools.Console.Commands;

/// <summary><c>backuptools report FOLDER... --destination-path FILE</c></summary>
internal static class ReportCommand
{
    public static Command Create(StopSignals signals)
    {
        var command = new Command("report", "Write one file about how the databases of folders stand.");
        var folders = new Argument<string[]>("FOLDER")
        {
            Description = "Folders that hold bundles; s3://BUCKET/PREFIX and az://CONTAINER/PREFIX are some, too.",
            Arity = ArgumentArity.OneOrMore,
        };
        var destination = Options.DestinationPath(
            "The file; a report of ours in the same format is replaced, nothing else.",
            "FILE"
        );
        var format = Options.Text(
            "--format",
            "Html (a page; the default), Json (facts for programs) or Prometheus (metrics).",
            "NAME"
        );
        var objective = Options.Span(
            "--recovery-point-objective",
            "How old the newest restorable state may be; older ones are marked as late."
        );
        var tests = new Option<string[]>("--test-report")
        {
            Description = "What 'test --json' printed, now or earlier; may be given several times.",
            HelpName = "FILE",
        };
        var title = Options.Text("--title", "The heading of the page.", "TEXT");
        var note = new Option<string[]>("--note")
        {
            Description = "A line for the top of the page; may be given several times.",
            HelpName = "TEXT",
        };
        var recurse = Options.Switch("--recurse", "Look into the folders below as well.");
        var dryRun = Options.DryRun("Only say how the databases stand.");
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
}
