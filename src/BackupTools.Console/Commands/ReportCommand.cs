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
            Description = "Folders that hold bundles; s3://BUCKET/PREFIX is one too.",
            Arity = ArgumentArity.OneOrMore,
        };
        var destination = Options.DestinationPath(
            "The file; a report of ours in the same format is replaced, nothing else.",
            "FILE"
        );
        var format = new Option<string?>("--format")
        {
            Description = "Html (a page; the default), Json (facts for programs) or Prometheus (metrics).",
            HelpName = "NAME",
        };
        var objective = Options.Span(
            "--recovery-point-objective",
            "How old the newest restorable state may be; older ones are marked as late."
        );
        var tests = new Option<string[]>("--test-report")
        {
            Description = "What 'test --json' printed, now or earlier; may be given several times.",
            HelpName = "FILE",
        };
        var title = new Option<string?>("--title") { Description = "The heading of the page.", HelpName = "TEXT" };
        var note = new Option<string[]>("--note")
        {
            Description = "A line for the top of the page; may be given several times.",
            HelpName = "TEXT",
        };
        var recurse = Options.Switch("--recurse", "Look into the folders below as well.");
        var common = new CommonOptions();
        command.Add(folders);
        foreach (var option in new Option[] { destination, format, objective, tests, title, note, recurse })
        {
            command.Add(option);
        }
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
                    var report = run.Execute(host => ExportReport.Execute(settings, host));
                    run.Emit(report, $"the report was written: {settings.DestinationPath}");
                }
            )
        );
        return command;
    }
}
