using BackupTools.Chains;
using BackupTools.Errors;

namespace BackupTools.Engines;

/// <summary>The header of a bundle, or why something that claims to be a bundle has none, or why it is none.</summary>
internal sealed record BundleReadResult(string FullName, BundleHeader? Header, BackupException? Error)
{
    /// <summary>Set for what is no bundle though it looks like one; then there is neither header nor error.</summary>
    public ChainProblem? Stranger { get; private init; }

    /// <summary>The name of an unreadable bundle tells its place: a full that is taken later is newer, and needs none of it.</summary>
    public bool TellsPlace { get; init; }

    /// <summary>There is such a full: whatever this is, the newest state is known without it.</summary>
    public bool IsPast { get; init; }

    public static BundleReadResult Passed(string path, ChainProblem stranger) =>
        new(path, null, null) { Stranger = stranger };

    public static BundleReadResult Ok(BundleHeader header) => new(header.FullName, header, null);

    public static BundleReadResult Bad(string path, BackupException error) => new(path, null, error.At(path));
}
