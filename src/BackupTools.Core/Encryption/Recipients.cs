using BackupTools.Formats.Age;

namespace BackupTools.Encryption;

/// <summary>The public keys that something is encrypted for.</summary>
internal sealed record Recipients(IReadOnlyList<IAgeRecipient> All)
{
    /// <summary>A key in each line, as in a file of recipients.</summary>
    public override string ToString() => string.Join('\n', All);
}
