using BackupTools.Files;

namespace BackupTools.Engines;

/// <summary>Reads many small things at once, and yields them in their order.</summary>
internal static class SideBySide
{
    /// <summary>So many are read before the first of them is yielded.</summary>
    private const int Batch = 128;

    /// <summary>Fewer are not worth a second thread.</summary>
    private const int Few = 16;

    /// <summary>What reading each item gives, but for null; read by as many threads as the context allows.</summary>
    public static IEnumerable<TResult> Read<T, TResult>(
        IEnumerable<T> items,
        Func<T, TResult?> read,
        EngineContext context
    )
        where TResult : class =>
        items
            .Chunk(Batch)
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
}
