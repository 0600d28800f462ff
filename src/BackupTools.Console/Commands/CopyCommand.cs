using System.CommandLine;
using BackupTools.Operations;

namespace BackupTools.Console.Commands;

/// <summary><c>backuptools copy FOLDER --destination-path FOLDER</c></summary>
internal static class CopyCommand
{
    public static Command Create(StopSignals signals)
    {
        var command = new Command("copy", "Copy the bundles that a second folder lacks, verified while copying.");
        var folder = Options.Folder();
        var destination = Options.DestinationPath(
            "The second folder, created if missing; or s3://BUCKET/PREFIX or az://CONTAINER/PREFIX.",
            "FOLDER"
        );
        var chainId = Options.ChainId("Only this chain.");
        var verify = Options.Switch("--verify", "Read the whole copy again and compare every checksum.");
        var recipients = new RecipientOptions("the copy");
        var signing = IdentityOptions.SigningKeyPath();
        var dryRun = Options.DryRun();
        var common = new CommonOptions(writes: true, writesStores: true);
        command.Add(folder);
        command.AddAll([destination, chainId, verify, .. recipients.All, signing, dryRun]);
        common.AddTo(command);
        command.SetAction(parsed =>
            common.Run(
                signals,
                parsed,
                run =>
                {
                    var settings = new CopySettings
                    {
                        Path = LocalPath.AbsoluteOrStore(parsed.GetRequiredValue(folder)),
                        DestinationPath = LocalPath.AbsoluteOrStore(parsed.GetRequiredValue(destination)),
                        ChainId = parsed.GetValue(chainId),
                        Engine = common.Engine(parsed),
                        Verify = parsed.GetValue(verify),
                        SigningKeyPath = Options.AbsoluteOrNull(parsed.GetValue(signing)),
                        Recipients = recipients.Keys(parsed),
                        RecipientsFiles = recipients.Files(parsed),
                    };
                    run.Carry(
                        parsed.GetValue(dryRun),
                        host => CopyChain.Plan(settings, host),
                        CopyChain.Execute,
                        report =>
                        {
                            run.Emit(report, $"{report.Copied.Count} bundle(s) were copied to {report.FullName}");
                            run.FailFor(report.Problems);
                        }
                    );
                }
            )
        );
        return command;
    }
}
