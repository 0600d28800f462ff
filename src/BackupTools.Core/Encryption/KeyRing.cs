using System.Collections.Concurrent;
using BackupTools.Errors;
using BackupTools.Formats.Age;

namespace BackupTools.Encryption;

/// <summary>What a run can read: with the identities that it was given, and what it has itself written.</summary>
internal sealed class KeyRing(IReadOnlyList<IAgeIdentity> identities)
{
    private readonly ConcurrentDictionary<string, AgeFileKey> _known = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();

    /// <summary>An identity was given.</summary>
    public bool HasIdentities => identities.Count > 0;

    /// <summary>Something can be read: with an identity, or because this run has written it.</summary>
    public bool CanRead => HasIdentities || !_known.IsEmpty;

    /// <summary>The key of a file.</summary>
    /// <exception cref="BackupException">IdentityRequired, IdentityMismatch, or the header is damaged.</exception>
    public AgeFileKey Unlock(AgeHeader header)
    {
        if (_known.TryGetValue(header.Id, out var known) && header.IsMadeWith(known))
        {
            return known;
        }
        // One at a time: a passphrase takes 256 MiB to try.
        lock (_gate)
        {
            var key = identities.Select(i => i.Unwrap(header)).FirstOrDefault(k => k is not null) ?? throw None();
            if (!header.IsMadeWith(key))
            {
                throw new BackupException(
                    ErrorCode.ChecksumMismatch,
                    "the header of the encrypted file was changed after it was written"
                );
            }
            Remember(header, key);
            return key;
        }
    }

    /// <summary>Whoever wrote a file can read it until the run ends.</summary>
    public void Remember(AgeHeader header, AgeFileKey key) => _known[header.Id] = key;

    private BackupException None() =>
        HasIdentities
            ? new BackupException(
                ErrorCode.IdentityMismatch,
                "the file is not encrypted for any of the given identities"
            )
            : new BackupException(ErrorCode.IdentityRequired, "the file is encrypted, and no identity was given");
}
