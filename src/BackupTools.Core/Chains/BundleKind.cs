namespace BackupTools.Chains;

/// <summary>What a bundle holds.</summary>
internal enum BundleKind
{
    /// <summary>An image of the whole database; restores alone.</summary>
    Full,

    /// <summary>What changed from one position to the next; restores only on top of what precedes it.</summary>
    Incremental,
}
