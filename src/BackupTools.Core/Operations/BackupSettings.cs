using BackupTools.Engines;

namespace BackupTools.Operations;

/// <summary>What a backup is to do. Paths are absolute and native; front ends resolve them.</summary>
public sealed record BackupSettings
{
    /// <summary>The database: a file or a data folder, as the engine has it.</summary>
    public required string SourcePath { get; init; }

    /// <summary>The folder for the bundles; made when it does not exist.</summary>
    public required string DestinationPath { get; init; }

    /// <summary>Take what changed since a bundle of the chain at the destination, instead of a full.</summary>
    public bool Incremental { get; init; }

    /// <summary>SQLite, SPG, Grafeo, Alopex or PowDB, in any case; null to find out.</summary>
    public string? Engine { get; init; }

    /// <summary>SPG: the write-ahead log; null for the default beside the database.</summary>
    public string? WalPath { get; init; }

    /// <summary>PowDB: capture a non-empty log together with the data.</summary>
    public bool IncludeWal { get; init; }

    /// <summary>PowDB, increments: build on the chain's full instead of its newest bundle.</summary>
    public bool Differential { get; init; }

    /// <summary>Grafeo: leave the engine's backup cursor beside the source alone.</summary>
    public bool NoCursor { get; init; }

    /// <summary>Grafeo: destinations that no longer hold back the engine's cursor.</summary>
    public IReadOnlyList<string> ForgetDestination { get; init; } = [];

    /// <summary>Alopex: keep the engine's own .lifecycle/backup layout and its latest marker.</summary>
    public bool EngineLayout { get; init; }

    /// <summary>Runs the user's checkpoint just before the copy; null for none.</summary>
    public Action? Checkpoint { get; init; }

    /// <summary>Increments: the position to continue from; null for the newest bundle at the destination.</summary>
    public ulong? Since { get; init; }

    /// <summary>Increments: the bundle to continue from, a path; null for the newest one at the destination.</summary>
    public string? SinceBundle { get; init; }

    /// <summary>Increments: the chain to continue; null for the newest one of this database.</summary>
    public string? ChainId { get; init; }

    /// <summary>
    /// Increments: take a full where only a full can go on, and warn why. Not with <see cref="Since"/>,
    /// <see cref="SinceBundle"/> or <see cref="ChainId"/>.
    /// </summary>
    public bool FullIfNeeded { get; init; }

    /// <summary>Increments: write the bundle even if nothing has changed, where the format has empty ones.</summary>
    public bool AllowEmpty { get; init; }

    internal EngineOptions ToOptions() =>
        new()
        {
            WalPath = WalPath,
            IncludeWal = IncludeWal,
            Differential = Differential,
            NoCursor = NoCursor,
            ForgetDestination = ForgetDestination,
            EngineLayout = EngineLayout,
            Checkpoint = Checkpoint,
        };
}
