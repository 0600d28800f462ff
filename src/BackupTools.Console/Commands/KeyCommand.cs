using System.CommandLine;
using BackupTools.Operations;

namespace BackupTools.Console.Commands;

/// <summary><c>backuptools key FILE</c></summary>
internal static class KeyCommand
{
    public static Command Create(StopSignals signals)
    {
        var command = new Command("key", "Create a secret key for reading encrypted copies, and show its public key.");
        var file = new Argument<string>("FILE")
        {
            Description = "The file for the secret key; no file is overwritten.",
        };
        var passphraseFile = IdentityOptions.PassphraseFile(
            "Encrypt the key file with the first line of this file as passphrase."
        );
        var signing = Options.Switch("--signing", "Make a key to sign bundles with.");
        var dryRun = Options.DryRun("Only show which file would be created.");
        var (json, verbose) = (Options.Json(), Options.Verbose());
        command.Add(file);
        command.AddAll(passphraseFile, signing, dryRun, json, verbose);
        command.SetAction(parsed =>
            Run.Of(
                signals,
                run =>
                {
                    var settings = new KeySettings
                    {
                        Path = LocalPath.Absolute(parsed.GetRequiredValue(file)),
                        Signing = parsed.GetValue(signing),
                        PassphraseFile = Options.AbsoluteOrNull(parsed.GetValue(passphraseFile)),
                    };
                    run.Carry(
                        parsed.GetValue(dryRun),
                        host => CreateKey.Plan(settings, host),
                        CreateKey.Execute,
                        key => run.Emit(key, $"key created: {key.FullName}")
                    );
                },
                parsed.GetValue(json),
                parsed.GetValue(verbose)
            )
        );
        return command;
    }
}
