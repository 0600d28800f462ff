using BackupTools.Chains;
using BackupTools.Errors;

namespace BackupTools.Engines;

/// <summary>Either the header of a bundle, or why something that claims to be a bundle has none.</summary>
internal sealed record BundleReadResult(string FullName, BundleHeader? Header, BackupException? Error)
{
    public static BundleReadResult Ok(BundleHeader header) => new(header.FullName, header, null);

    public static BundleReadResult Bad(string path, BackupException error) => new(path, null, error.At(path));
}
