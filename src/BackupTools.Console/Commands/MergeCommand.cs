using System.CommandLine;
using BackupTools.Operations;

namespace BackupTools.Console.Commands;

/// <summary><c>backuptools merge FOLDER --destination-path FOLDER</c></summary>
internal static class MergeCommand
{
    public static Command Create(StopSignals signals)
    {
        var command = new Command("merge", "Merge a chain into a new full, without the database or its engine.");
        var options = new TargetOptions(writes: true, writesStores: true);
        var destination = Options.DestinationPath(
            "The folder for the merged full; may be the chain's own, or s3://BUCKET/PREFIX.",
            "FOLDER"
        );
        var recipients = new RecipientOptions("the merged full");
        var signing = IdentityOptions.SigningKeyPath();
        var dryRun = Options.DryRun();
        options.AddTo(command);
        command.AddAll([destination, .. recipients.All, signing, dryRun]);
        command.SetAction(parsed =>
            options.Run(
                signals,
                parsed,
                (run, target) =>
                {
                    var settings = new MergeSettings
                    {
                        Path = target.Path,
                        ChainId = target.ChainId,
                        Engine = target.Engine,
                        ToPosition = target.ToPosition,
                        ExpectedPosition = target.ExpectedPosition,
                        PointInTime = target.PointInTime,
                        DestinationPath = LocalPath.AbsoluteOrStore(parsed.GetRequiredValue(destination)),
                        SigningKeyPath = Options.AbsoluteOrNull(parsed.GetValue(signing)),
                        Recipients = recipients.Keys(parsed),
                        RecipientsFiles = recipients.Files(parsed),
                    };
                    run.Carry(
                        parsed.GetValue(dryRun),
                        host => MergeChain.Plan(settings, host),
                        MergeChain.Execute,
                        run.EmitPublished
                    );
                }
            )
        );
        return command;
    }
}
