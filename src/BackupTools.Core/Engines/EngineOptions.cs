namespace BackupTools.Engines;

/// <summary>
/// What a user may say beyond source and destination. An engine that does not know an option that was given is
/// refused with InvalidOption before anything is read (see <see cref="EngineCapabilities.Options"/>).
/// </summary>
internal sealed record EngineOptions
{
    /// <summary>SPG: absolute path of the write-ahead log; null means the default beside the database.</summary>
    public string? WalPath { get; init; }

    /// <summary>PowDB: capture a non-empty write-ahead log together with the data.</summary>
    public bool IncludeWal { get; init; }

    /// <summary>PowDB: make the increment a sibling on the full instead of continuing the chain.</summary>
    public bool Differential { get; init; }

    /// <summary>Grafeo: do not write the engine's backup cursor beside the source.</summary>
    public bool NoCursor { get; init; }

    /// <summary>Grafeo: destinations whose positions no longer hold back the engine's cursor; absolute paths.</summary>
    public IReadOnlyList<string> ForgetDestination { get; init; } = [];

    /// <summary>Alopex: write into the engine's own .lifecycle/backup folder layout and move its latest marker.</summary>
    public bool EngineLayout { get; init; }

    /// <summary>
    /// The user's checkpoint, null for none. Operations run it before they capture; may throw; must return when it is done.
    /// </summary>
    public Action? Checkpoint { get; init; }

    /// <summary>The names of the options that were given, as in <see cref="EngineCapabilities.Options"/>.</summary>
    public IEnumerable<string> Given()
    {
        if (WalPath is not null)
            yield return nameof(WalPath);
        if (IncludeWal)
            yield return nameof(IncludeWal);
        if (Differential)
            yield return nameof(Differential);
        if (NoCursor)
            yield return nameof(NoCursor);
        if (ForgetDestination.Count > 0)
            yield return nameof(ForgetDestination);
        if (EngineLayout)
            yield return nameof(EngineLayout);
        if (Checkpoint is not null)
            yield return nameof(Checkpoint);
    }
}
