using BackupTools.Chains;
using BackupTools.Errors;
using BackupTools.Files;

namespace BackupTools.Engines.Sqlite;

/// <summary>Holds a state that bundles lead to against the fingerprints that its own side file tells the digest of.</summary>
internal static class StateDigest
{
    /// <summary>Takes the fingerprints of the last bundle's state; null where nobody kept any.</summary>
    /// <exception cref="BackupException">Malformed: of more pages than the bundles can hold, which hold each.</exception>
    public static PageMacs? Begin(IReadOnlyList<BundleHeader> path, IDisk disk)
    {
        if (SqliteBundle.Of(path[^1]) is not LtxBundle { Side: { } side, Header.Commit: var pages })
        {
            return null;
        }
        return pages <= path.Sum(b => disk.Stat(b.FullName)?.Length ?? 0)
            ? new PageMacs(side.PageKey, pages)
            : throw new BackupException(
                ErrorCode.Malformed,
                $"it is said to make a database of {pages} pages, more than its chain holds",
                path[^1].FullName
            );
    }

    /// <summary>Requires the state to be the one that was backed up.</summary>
    /// <exception cref="BackupException">VerificationFailed.</exception>
    public static void Require(PageMacs? macs, BundleHeader last)
    {
        if (
            macs?.Digest() is { } actual
            && ((LtxBundle)SqliteBundle.Of(last)).Side!.PageMacsDigest is var wanted
            && actual != wanted
        )
        {
            throw new BackupException(
                ErrorCode.VerificationFailed,
                "the state that the bundles lead to is not the one that was backed up",
                last.FullName,
                expected: wanted,
                actual: actual
            );
        }
    }
}
