using System.CommandLine;
using BackupTools.Errors;
using BackupTools.Operations;
using BackupTools.Reports;

namespace BackupTools.Console.Commands;

/// <summary><c>backuptools test FOLDER</c></summary>
internal static class TestCommand
{
    public static Command Create(StopSignals signals)
    {
        var command = new Command("test", "Test whether the chains of a folder can be restored.");
        var options = new TargetOptions(writes: false);
        var deep = Options.Switch("--deep", "Check everything the format defines.");
        var drill = Options.Switch("--restore-drill", "Restore into a temporary folder, check, and remove it.");
        var source = Options.Text(
            "--source-path",
            "SQLite: the source database, whose rows a drill also counts.",
            "FILE"
        );
        options.AddTo(command);
        command.AddAll(deep, drill, source);
        command.SetAction(parsed =>
            options.Run(
                signals,
                parsed,
                (run, target) =>
                {
                    var settings = new VerifySettings
                    {
                        Path = target.Path,
                        ChainId = target.ChainId,
                        Engine = target.Engine,
                        ToPosition = target.ToPosition,
                        ExpectedPosition = target.ExpectedPosition,
                        PointInTime = target.PointInTime,
                        Deep = parsed.GetValue(deep),
                        RestoreDrill = parsed.GetValue(drill),
                        SourcePath = Options.AbsoluteOrNull(parsed.GetValue(source)),
                    };
                    run.Execute(host =>
                    {
                        ProblemInfo? unread = null;
                        foreach (var report in VerifyChain.Run(settings, host))
                        {
                            run.Emit(report);
                            run.FailFor(report.Problems);
                            unread ??= report.IsValid is null
                                ? report.Problems.First(p => p.Code == nameof(ErrorCode.IdentityRequired))
                                : null;
                        }
                        if (unread is not null)
                        {
                            // Who asks for a test must not take this for one. What is wrong with others counts first.
                            run.Fail(unread.ToException());
                        }
                        return true;
                    });
                }
            )
        );
        return command;
    }
}
