using BackupTools.Chains;

namespace BackupTools.Reports;

/// <summary>What people call the database that a bundle is of.</summary>
internal static class DatabaseName
{
    /// <summary>
    /// The name in the bundle; where it has none, or only a number that the engine gave, the name of the folder that the
    /// bundle lies in.
    /// </summary>
    public static string Of(BundleHeader bundle)
    {
        if (bundle is { Series: { Length: > 0 } name, SeriesIsNumber: false })
        {
            return name;
        }
        var folder = Path.GetDirectoryName(bundle.FullName) ?? bundle.FullName;
        return Path.GetFileName(folder) is { Length: > 0 } last ? last : folder;
    }
}
