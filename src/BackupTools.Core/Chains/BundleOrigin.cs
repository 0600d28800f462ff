namespace BackupTools.Chains;

/// <summary>What a bundle shows of the database that it was taken of, beyond the database's name.</summary>
/// <param name="Value">Equal for bundles of one database at one time of its life; for comparison only.</param>
/// <param name="IsLasting">
/// The value never changes in the life of a database. Else the engine changes it now and then, but never back.
/// </param>
internal sealed record BundleOrigin(string Value, bool IsLasting);
