using System.CommandLine;
using BackupTools.Operations;

namespace BackupTools.Console.Commands;

/// <summary>What encrypted bundles are read with: --identity and --passphrase-file.</summary>
internal sealed class IdentityOptions
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

    public void AddTo(Command command) => command.AddAll(_paths, _passphraseFile);

    public Identities Of(ParseResult parsed) =>
        new()
        {
            Paths = [.. (parsed.GetValue(_paths) ?? []).Select(LocalPath.Absolute)],
            PassphraseFile = Options.AbsoluteOrNull(parsed.GetValue(_passphraseFile)),
        };
}
