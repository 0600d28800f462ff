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

    /// <summary>The same run for what is read beside what progress counts.</summary>
    public EngineContext Uncounted => this with { Progress = new TransferProgress() };

    /// <summary>Shows each block of a range of a file.</summary>
    public void Read(IDiskFile file, FileRange range, ByteTap tap) => Copy(file, range, null, 0, tap);

    /// <summary>Shows each block of a file.</summary>
    public void Read(IDiskFile file, ByteTap tap) => Read(file, new FileRange(0, file.Length), tap);

    /// <summary>Copies a range of a file, showing each block; without a target it is only read.</summary>
    public void Copy(IDiskFile file, FileRange range, IDiskFile? target, long targetOffset, ByteTap? tap = null) =>
        HashingCopy.Copy(file, range, target, targetOffset, tap, Progress, Cancellation);

    /// <summary>BLAKE3 of a range of a file.</summary>
    public Blake3.Hash DigestOf(IDiskFile file, FileRange range)
    {
        using var digest = Blake3.Hasher.New();
        Read(file, range, digest.Update);
        return digest.Finalize();
    }

    /// <summary>
    /// Works on all items, several at once, each with a run of its own that ends early where another one fails.
    /// </summary>
    public void ForEach<T>(IReadOnlyList<T> items, Action<T, EngineContext> action) =>
        HashingCopy.ForEach(
            items,
            ThrottleLimit,
            (item, stop) => action(item, this with { Cancellation = stop }),
            Cancellation
        );
}
