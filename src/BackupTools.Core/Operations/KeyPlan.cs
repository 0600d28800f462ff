namespace BackupTools.Operations;

/// <summary>A key that is to be made.</summary>
public sealed class KeyPlan : IPlan
{
    internal KeyPlan(KeySettings settings) => Settings = settings;

    internal KeySettings Settings { get; }

    internal bool IsEncrypted => Settings.Passphrase is not null || Settings.PassphraseFile is not null;

    /// <inheritdoc/>
    public IReadOnlyList<string> Describe() =>
        [
            $"a new {(Settings.Signing ? "signing" : "secret")} key in {Settings.Path}{(IsEncrypted ? ", encrypted with the passphrase" : "")}",
        ];
}
