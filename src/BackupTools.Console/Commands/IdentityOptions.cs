using System.CommandLine;
using BackupTools.Operations;

namespace BackupTools.Console.Commands;

/// <summary>What encrypted bundles are read with, and whose count: --identity, --passphrase-file, --trusted-key.</summary>
internal sealed class IdentityOptions(bool trusts = true)
{
    private readonly Option<string[]> _paths = new("--identity")
    {
        Description = "A file of age secret keys that decrypt bundles; may be repeated.",
        HelpName = "FILE",
    };

    public static Option<string?> PassphraseFile(string description) =>
        Options.Text("--passphrase-file", description, "FILE");

    private readonly Option<string?> _passphraseFile = PassphraseFile(
        "A file whose first line is the passphrase of an encrypted identity file, or of bundles."
    );

    private readonly Option<string[]> _trusted = new("--trusted-key")
    {
        Description = "Only bundles signed by the owner of this key (btsign1...) count; repeatable.",
        HelpName = "KEY",
    };

    public static Option<string?> SigningKeyPath() =>
        Options.Text("--signing-key-path", "Sign what is made with the key of this file.", "FILE");

    public void AddTo(Command command) =>
        command.AddAll([_paths, _passphraseFile, .. trusts ? [_trusted] : Array.Empty<Option>()]);

    public Identities Of(ParseResult parsed) =>
        new()
        {
            Paths = [.. (parsed.GetValue(_paths) ?? []).Select(LocalPath.Absolute)],
            TrustedKeys = trusts ? parsed.GetValue(_trusted) ?? [] : [],
            PassphraseFile = Options.AbsoluteOrNull(parsed.GetValue(_passphraseFile)),
        };
}
