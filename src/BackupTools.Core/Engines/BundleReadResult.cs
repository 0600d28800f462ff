using BackupTools.Chains;
using BackupTools.Errors;

namespace BackupTools.Engines;

/// <summary>The header of a bundle, or why something that claims to be a bundle has none, or why it is none.</summary>
internal sealed record BundleReadResult(string FullName, BundleHeader? Header, BackupException? Error)
{
    /// <summary>Absolute path, or address in a store, of what was read.</summary>
    public string FullName { get; } = StoreAddress.Of(FullName);

    /// <summary>Set for what only looks like a bundle; then there is neither header nor error.</summary>
    public ChainProblem? Stranger { get; private init; }

    /// <summary>
    /// Where an unreadable bundle stands in the order in which bundles were taken (<see cref="BundleHeader.OrderUtc"/>), as
    /// its name or what lists it tells: whatever has a later place was taken after it. Null where nothing tells.
    /// </summary>
    public DateTimeOffset? OrderUtc { get; init; }

    /// <summary>The database that an unreadable bundle is of; null where nothing tells.</summary>
    public string? Series { get; init; }

    /// <summary>False where both tell their database, and it is another one.</summary>
    public bool MayBeOf(string? series) =>
        Series is null || series is null || string.Equals(Series, series, StringComparison.Ordinal);

    /// <summary>A state that was taken later can be reached: whatever this is, the newest state is known without it.</summary>
    public bool IsPast { get; init; }

    public static BundleReadResult Passed(string path, ChainProblem stranger) =>
        new(path, null, null) { Stranger = stranger };

    public static BundleReadResult Ok(BundleHeader header) => new(header.FullName, header, null);

    /// <summary>What claims to be a bundle and cannot be read.</summary>
    /// <exception cref="BackupException">
    /// The error, where it is the store's, or that no key was given: it says nothing of this bundle.
    /// </exception>
    public static BundleReadResult Bad(string path, BackupException error) =>
        error.Code
            is ErrorCode.StoreUnavailable
                or ErrorCode.StoreAccessDenied
                or ErrorCode.StoreClockSkewed
                or ErrorCode.IdentityRequired
            ? throw error
            : new(path, null, error.At(path));
}
