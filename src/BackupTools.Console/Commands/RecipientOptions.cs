using System.CommandLine;
using BackupTools.Operations;

namespace BackupTools.Console.Commands;

/// <summary>For whom bundles are encrypted: --recipient, --recipients-file.</summary>
internal sealed class RecipientOptions(string whatIsEncrypted)
{
    private readonly Option<string[]> _keys = new("--recipient")
    {
        Description = $"Encrypt {whatIsEncrypted} for this age public key (age1...); may be repeated.",
        HelpName = "KEY",
    };

    private readonly Option<string[]> _files = new("--recipients-file")
    {
        Description = "A file of such keys, one per line; may be repeated.",
        HelpName = "FILE",
    };

    public Option[] All => [_keys, _files];

    public string[] Keys(ParseResult parsed) => parsed.GetValue(_keys) ?? [];

    public string[] Files(ParseResult parsed) => [.. (parsed.GetValue(_files) ?? []).Select(LocalPath.Absolute)];
}
