using System.Collections;

namespace BackupTools.Options;

/// <summary>
/// Options of a backup beyond source and destination. An engine refuses an option that it does not have before anything
/// is read. A new option is a property and a line of <see cref="All"/>, and a name in its engine's capabilities.
/// </summary>
public record EngineOptions
{
    /// <summary>Every option.</summary>
    /// <remarks>Listed by hand: front ends need it at each start, and reading attributes would take a quarter of that
    /// time.</remarks>
    public static IReadOnlyList<EngineOption> All { get; } =
    [
        new(nameof(WalPath), typeof(string), "SPG: the write-ahead log, when not beside the database."),
        new(nameof(IncludeWal), typeof(bool), "PowDB: capture a non-empty log together with the data."),
        new(nameof(Differential), typeof(bool), "PowDB: build on the chain's full.", OfIncrements: true),
        new(nameof(NoCursor), typeof(bool), "Grafeo: do not touch the engine's backup cursor beside the source."),
        new(
            nameof(ForgetDestination),
            typeof(IReadOnlyList<string>),
            "Grafeo: a former destination that no longer holds back the cursor; may be repeated."
        ),
        new(nameof(EngineLayout), typeof(bool), "Alopex: write in the engine's own backup layout."),
        new(
            nameof(Checkpoint),
            typeof(Action),
            "SPG, Grafeo, PowDB, Alopex: makes the engine write a checkpoint just before the copy."
        ),
    ];

    /// <summary>SPG: absolute path of the write-ahead log; null for the default beside the database.</summary>
    public string? WalPath { get; init; }

    /// <summary>PowDB: capture a non-empty write-ahead log together with the data.</summary>
    public bool IncludeWal { get; init; }

    /// <summary>PowDB, increments: build on the chain's full instead of its newest bundle.</summary>
    public bool Differential { get; init; }

    /// <summary>Grafeo: do not touch the engine's backup cursor beside the source.</summary>
    public bool NoCursor { get; init; }

    /// <summary>Grafeo: destinations whose positions no longer hold back the engine's cursor; absolute paths.</summary>
    public IReadOnlyList<string> ForgetDestination { get; init; } = [];

    /// <summary>Alopex: write in the engine's own .lifecycle/backup layout and move its latest marker.</summary>
    public bool EngineLayout { get; init; }

    /// <summary>
    /// The user's checkpoint, null for none. Run just before the copy; may throw; must return when it is done.
    /// </summary>
    public Action? Checkpoint { get; init; }

    /// <summary>The names of the options that were given.</summary>
    internal IEnumerable<string> Given() =>
        from option in All
        where GetType().GetProperty(option.Name)!.GetValue(this) is not (null or false or ICollection { Count: 0 })
        select option.Name;
}
