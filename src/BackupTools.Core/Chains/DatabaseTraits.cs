namespace BackupTools.Chains;

/// <summary>
/// What a bundle says about the database inside, for engines that support it; null if it does not say.
/// </summary>
internal sealed record DatabaseTraits
{
    /// <summary>Bytes of a page.</summary>
    public required int PageSize { get; init; }

    /// <summary>Pages of the state that the bundle leads to.</summary>
    public required long PageCount { get; init; }

    /// <summary>First and last transaction of the bundle.</summary>
    public required (ulong First, ulong Last) Transactions { get; init; }

    /// <summary>The level of compaction that its folder stands for.</summary>
    public int? Level { get; init; }

    /// <summary>The program that wrote it, and its version.</summary>
    public string? Writer { get; init; }

    /// <summary>What programs keep of their own in the header: a version of the schema.</summary>
    public int? UserVersion { get; init; }

    /// <summary>What programs keep of their own in the header: a mark of the kind of file.</summary>
    public int? ApplicationId { get; init; }

    /// <summary>The version of the engine that wrote last.</summary>
    public string? EngineVersion { get; init; }

    /// <summary>Where commits go.</summary>
    public string? JournalMode { get; init; }
}
