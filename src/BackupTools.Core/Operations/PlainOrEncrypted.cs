using BackupTools.Encryption;
using BackupTools.Engines;
using BackupTools.Errors;
using BackupTools.Files;

namespace BackupTools.Operations;

/// <summary>Plain and encrypted bundles lie in folders of their own: what else would mix them is refused.</summary>
internal static class PlainOrEncrypted
{
    /// <summary>Refuses a folder of encrypted bundles, where plain ones would be written beside them.</summary>
    /// <exception cref="BackupException">InvalidOption.</exception>
    public static void RefusePlain(string folder, IReadingDisk disk, string advice)
    {
        if (BundleRecords.Are(folder, disk))
        {
            throw new BackupException(
                ErrorCode.InvalidOption,
                "the bundles in this folder are encrypted",
                folder,
                recommendation: advice
            );
        }
    }

    /// <summary>The same where the records of encrypted bundles are gone.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="engines">Whose bundles are about to be written.</param>
    /// <param name="host">The front end.</param>
    /// <param name="wasListed">By this run; then it is looked at closer only where something may be encrypted.</param>
    /// <exception cref="BackupException">InvalidOption.</exception>
    public static void RefuseUnrecorded(
        string folder,
        IEnumerable<IBackupEngine> engines,
        OperationHost host,
        bool wasListed = true
    )
    {
        if (
            (!wasListed || host.Encrypted.HasMetIn(folder))
            && host.Disk.Stat(folder) is not null
            && !BundleRecords.Are(folder, host.Disk)
            && EncryptedIn(folder, engines, host) is { } found
        )
        {
            throw Unrecorded(found);
        }
    }

    /// <summary>A bundle in the folder that nobody can read without a key; null where there is none.</summary>
    private static string? EncryptedIn(string folder, IEnumerable<IBackupEngine> engines, OperationHost host)
    {
        var disk = new AgeDisk(host.Encrypted.Outer, () => new KeyRing([]));
        disk.Show(folder);
        var context = host.Context with { Disk = disk, Memo = null, Admit = null };
        try
        {
            _ = engines.Sum(e => e.ReadBundles(folder, context).Count());
            return null;
        }
        catch (BackupException e) when (e.Code == ErrorCode.IdentityRequired)
        {
            return e.FullName ?? folder;
        }
    }

    private static BackupException Unrecorded(string found) =>
        new(
            ErrorCode.InvalidOption,
            "there is an encrypted bundle in the folder, and no record of it (.backuptools-age)",
            found,
            recommendation: "Bring .backuptools-age back, which a copy by * leaves out; or move that file away, or write into another folder."
        );

    /// <summary>Refuses to put encrypted bundles beside others.</summary>
    /// <exception cref="BackupException">InvalidOption.</exception>
    public static void RequireNoBundles(string folder, OperationHost host)
    {
        if (EncryptedIn(folder, host.Engines.Candidates(null), host) is { } found)
        {
            throw Unrecorded(found);
        }
        if (BundleFolder.Read(folder, host.Engines.Candidates(null), host.Context).Chains.Count > 0)
        {
            throw new BackupException(
                ErrorCode.InvalidOption,
                "the folder holds bundles that are not encrypted",
                folder,
                recommendation: "Give what is encrypted a folder of its own."
            );
        }
    }
}
