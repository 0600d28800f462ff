using System.CommandLine;
using BackupTools.Operations;

namespace BackupTools.Console.Commands;

/// <summary><c>backuptools prune FOLDER --keep-last N …</c></summary>
internal static class PruneCommand
{
    public static Command Create(StopSignals signals)
    {
        var command = new Command("prune", "Remove the bundles that no keep rule keeps. Rules add up.");
        var folder = new Argument<string>("FOLDER")
        {
            Description = "The folder that holds the bundles, or s3://BUCKET/PREFIX.",
        };
        var last = Keep("--keep-last", "Keep the newest N restore points.");
        var within = Options.Span("--keep-within", "Keep restore points up to this much older than the newest one.");
        var daily = Keep("--keep-daily", "Keep the newest restore point of each of the last N days.");
        var weekly = Keep("--keep-weekly", "Keep the newest restore point of each of the last N ISO weeks.");
        var monthly = Keep("--keep-monthly", "Keep the newest restore point of each of the last N months.");
        var yearly = Keep("--keep-yearly", "Keep the newest restore point of each of the last N years.");
        var chainId = Options.ChainId("Remove bundles of this chain only.");
        var force = Options.Switch("--force", "Allow removing the newest restore point of a database.");
        var dryRun = Options.DryRun("Only show what would be removed or kept, and why.");
        var common = new CommonOptions(writes: true, writesStores: true);
        command.Add(folder);
        command.AddAll(last, within, daily, weekly, monthly, yearly, chainId, force, dryRun);
        common.AddTo(command);
        command.SetAction(parsed =>
            common.Run(
                signals,
                parsed,
                run =>
                {
                    var settings = new ExpirySettings
                    {
                        Path = LocalPath.AbsoluteOrStore(parsed.GetRequiredValue(folder)),
                        Engine = common.Engine(parsed),
                        ChainIds = parsed.GetValue(chainId) is { } id ? [id] : null,
                        KeepLast = parsed.GetValue(last),
                        KeepWithin = Options.ParseSpan(parsed.GetValue(within)),
                        KeepDaily = parsed.GetValue(daily),
                        KeepWeekly = parsed.GetValue(weekly),
                        KeepMonthly = parsed.GetValue(monthly),
                        KeepYearly = parsed.GetValue(yearly),
                        Force = parsed.GetValue(force),
                    };
                    var isPlan = parsed.GetValue(dryRun);
                    var report = run.Execute(host =>
                    {
                        var plan = ExpireBackups.Plan(settings, host);
                        return isPlan ? plan.Report : ExpireBackups.Execute(plan, host);
                    });
                    run.Emit(report, isPlan ? null : $"{report.RemovedCount} bundle(s) were removed");
                    run.FailFor(report.Problems);
                }
            )
        );
        return command;
    }

    private static Option<int?> Keep(string name, string description) =>
        new(name) { Description = description, HelpName = "N" };
}
