using BackupTools.Files;

namespace BackupTools.Engines;

/// <summary>What every engine call is given besides its own arguments.</summary>
internal sealed record EngineContext
{
    public required IDisk Disk { get; init; }

    public required TimeProvider Clock { get; init; }

    public required TransferProgress Progress { get; init; }

    public CancellationToken Cancellation { get; init; }

    /// <summary>How many files or ranges are worked on at once; at least 1.</summary>
    public int ThrottleLimit { get; init; } = Environment.ProcessorCount;

    /// <summary>Tells a result that is good but not what was asked.</summary>
    public Action<string> Warn { get; init; } = static _ => { };

    /// <summary>What counts of what is read, where not everybody's bundles do; null where they do.</summary>
    public Func<BundleReadResult, BundleReadResult>? Admit { get; init; }

    /// <summary>What the run has read of bundles before; null where each is read once.</summary>
    public HeaderMemo? Memo { get; init; }

    /// <summary>
    /// The facts of the bundle at a path (<see cref="BundleTraces.Facts"/>), where they stand for a bundle that cannot be
    /// read; null where it can be, or has none.
    /// </summary>
    public Func<string, byte[]?> FactsOf { get; init; } = static _ => null;

    /// <summary>Tells the story of the run.</summary>
    public Action<string> Verbose { get; init; } = static _ => { };

    /// <summary>What reading gives, or gave before in this run (<see cref="HeaderMemo.Read"/>).</summary>
    public T? Remembered<T>(string engine, string path, IReadOnlyList<DiskEntry> files, Func<T?> read)
        where T : class => Memo is null ? read() : Memo.Read(engine, path, files, read);
}
