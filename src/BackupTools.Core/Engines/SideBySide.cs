using BackupTools.Files;

namespace BackupTools.Engines;

/// <summary>Reads many small things at once, and yields them in their order.</summary>
internal static class SideBySide
{
    /// <summary>So many are read before the first of them is yielded.</summary>
    private const int FirstBatch = 128;

    /// <summary>After them, so many at once: whoever waits for thousands waits for few of the threads' ends.</summary>
    private const int Batch = 2048;

    /// <summary>Fewer are not worth a second thread.</summary>
    private const int Few = 16;

    /// <summary>What reading each item gives, but for null; read by as many threads as the context allows.</summary>
    public static IEnumerable<TResult> Read<T, TResult>(
        IEnumerable<T> items,
        Func<T, TResult?> read,
        EngineContext context
    )
        where TResult : class =>
        Batches(items)
            .SelectMany(batch =>
            {
                var results = new TResult?[batch.Length];
                HashingCopy.ForEach(
                    Enumerable.Range(0, batch.Length).ToList(),
                    batch.Length < Few ? 1 : context.ThrottleLimit,
                    (i, _) => results[i] = read(batch[i]),
                    context.Cancellation
                );
                return results;
            })
            .OfType<TResult>();

    private static IEnumerable<T[]> Batches<T>(IEnumerable<T> items)
    {
        var batch = new List<T>(FirstBatch);
        var size = FirstBatch;
        foreach (var item in items)
        {
            batch.Add(item);
            if (batch.Count == size)
            {
                yield return [.. batch];
                batch.Clear();
                size = Batch;
            }
        }
        if (batch.Count > 0)
        {
            yield return [.. batch];
        }
    }
}
