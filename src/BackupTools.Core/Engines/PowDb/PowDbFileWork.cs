namespace BackupTools.Engines.PowDb;

/// <summary>Spreads work on files over threads: large files one after the other, each with all; small ones side by side.</summary>
internal static class PowDbFileWork
{
    private const long Large = 8 * OrderedBlocks.BlockSize;

    /// <summary>Calls <paramref name="action"/> once per item with its index and the threads it may use itself.</summary>
    public static void ForEach<T>(
        IReadOnlyList<T> items,
        Func<T, long> lengthOf,
        Action<int, int> action,
        EngineContext context
    )
    {
        var (large, small) = (new List<int>(), new List<int>());
        for (var i = 0; i < items.Count; i++)
        {
            (lengthOf(items[i]) >= Large ? large : small).Add(i);
        }
        foreach (var i in large)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            action(i, context.ThrottleLimit);
        }
        context.ForEach(small, (i, _) => action(i, 1));
    }
}
