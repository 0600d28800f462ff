using BackupTools.Chains;

namespace BackupTools.Engines;

/// <summary>
/// What an engine can and cannot do, so that operations refuse early, by one rule, and never ask which engine it is.
/// </summary>
internal sealed record EngineCapabilities
{
    public required PositionUnit Unit { get; init; }

    /// <summary>A log can be cut inside a bundle, so any position between Start and End is a target.</summary>
    public required bool CutsInsideBundle { get; init; }

    /// <summary>Units of the log carry commit times, so a time can be reached inside a bundle.</summary>
    public required bool CutsByTime { get; init; }

    /// <summary>Several increments may build on the same bundle without that being a fork (differentials).</summary>
    public required bool SiblingIncrements { get; init; }

    /// <summary>A file of the folder lists all bundles, and is rewritten when one comes or goes.</summary>
    public bool ListsBundles { get; init; }

    /// <summary>A restored database is a file, with what belongs to it beside it; otherwise it is a folder.</summary>
    public bool IsOneFile { get; init; }

    /// <summary>An empty file is a database, where the engine is named: nothing in it could tell.</summary>
    public bool EmptyFileIsDatabase { get; init; }

    /// <summary>
    /// A folder inside the database in which the engine itself keeps bundles, and which a restore keeps: the only place
    /// inside a database that its backups may lie in. Null for none.
    /// </summary>
    public string? OwnBundleFolder { get; init; }

    /// <summary>
    /// What may lie beside a database file of a name and belongs to it, such as its log: absolute paths, which need not
    /// exist, the same number for every name. Nothing for a database that is a folder.
    /// </summary>
    public Func<string, IReadOnlyList<string>> Beside { get; init; } = static _ => [];

    /// <summary>Names of the <see cref="Options.EngineOptions"/> properties that mean something to this engine.</summary>
    public required IReadOnlyList<string> Options { get; init; }
}
