using System.Collections;
using System.Reflection;

namespace BackupTools.Options;

/// <summary>
/// What a user may say of a backup beyond source and destination. An engine that does not know an option that was given
/// refuses it before anything is read. A new option is a property here and a name in its engine's capabilities.
/// </summary>
public record EngineOptions
{
    /// <summary>Every option: its name, its type, and its <see cref="EngineOptionAttribute"/>.</summary>
    public static IReadOnlyList<(PropertyInfo Property, EngineOptionAttribute Option)> All { get; } =
        typeof(EngineOptions)
            .GetProperties()
            .Select(p => (p, Option: p.GetCustomAttribute<EngineOptionAttribute>()!))
            .Where(x => x.Option is not null)
            .ToArray();

    /// <summary>SPG: absolute path of the write-ahead log; null for the default beside the database.</summary>
    [EngineOption("SPG: the write-ahead log, when not beside the database.")]
    public string? WalPath { get; init; }

    /// <summary>PowDB: capture a non-empty write-ahead log together with the data.</summary>
    [EngineOption("PowDB: capture a non-empty log together with the data.")]
    public bool IncludeWal { get; init; }

    /// <summary>PowDB, increments: build on the chain's full instead of its newest bundle.</summary>
    [EngineOption("PowDB: build on the chain's full.", OfIncrements = true)]
    public bool Differential { get; init; }

    /// <summary>Grafeo: leave the engine's backup cursor beside the source alone.</summary>
    [EngineOption("Grafeo: leave the engine's backup cursor beside the source alone.")]
    public bool NoCursor { get; init; }

    /// <summary>Grafeo: destinations whose positions no longer hold back the engine's cursor; absolute paths.</summary>
    [EngineOption("Grafeo: a former destination that no longer holds back the cursor; may be given several times.")]
    public IReadOnlyList<string> ForgetDestination { get; init; } = [];

    /// <summary>Alopex: write into the engine's own .lifecycle/backup folder layout and move its latest marker.</summary>
    [EngineOption("Alopex: write into the engine's own layout of backups.")]
    public bool EngineLayout { get; init; }

    /// <summary>
    /// The user's checkpoint, null for none. Operations run it just before the copy; may throw; must return when it is done.
    /// </summary>
    [EngineOption("SPG, Grafeo, PowDB, Alopex: has the engine write a checkpoint, just before the copy.")]
    public Action? Checkpoint { get; init; }

    /// <summary>The names of the options that were given.</summary>
    internal IEnumerable<string> Given() =>
        from x in All
        where x.Property.GetValue(this) is not (null or false or ICollection { Count: 0 })
        select x.Property.Name;
}
