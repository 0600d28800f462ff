using System.Buffers;
using System.Runtime.ExceptionServices;
using BackupTools.Errors;

namespace BackupTools.Files;

/// <summary>One read, many uses: copies or reads ranges through pooled blocks, constant memory, cancellable per block.</summary>
internal static class HashingCopy
{
    private const int BlockSize = 1 << 20;

    /// <summary>
    /// Copies a range to <paramref name="target"/> at <paramref name="targetOffset"/>, showing each block to
    /// <paramref name="tap"/>. Throws Truncated when the source ends before the range does.
    /// </summary>
    public static void Copy(
        IDiskFile source,
        FileRange range,
        IDiskFile target,
        long targetOffset,
        ByteTap? tap,
        TransferProgress progress,
        CancellationToken cancellation
    ) => Run(source, range, target, targetOffset, tap, progress, cancellation);

    /// <summary>Reads a range and shows each block to <paramref name="tap"/>.</summary>
    public static void Read(
        IDiskFile source,
        FileRange range,
        ByteTap tap,
        TransferProgress progress,
        CancellationToken cancellation
    ) => Run(source, range, null, 0, tap, progress, cancellation);

    /// <summary>
    /// Runs <paramref name="action"/> for every item, at most <paramref name="throttleLimit"/> at once; the first
    /// failure cancels the rest and is thrown as it is.
    /// </summary>
    public static void ForEach<T>(
        IReadOnlyList<T> items,
        int throttleLimit,
        Action<T, CancellationToken> action,
        CancellationToken cancellation
    )
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        ExceptionDispatchInfo? first = null;
        var next = -1;
        void Work()
        {
            int i;
            while (!stop.IsCancellationRequested && (i = Interlocked.Increment(ref next)) < items.Count)
            {
                try
                {
                    action(items[i], stop.Token);
                }
                catch (Exception e)
                {
                    // Those that end because of the first failure come later, so they never win.
                    Interlocked.CompareExchange(ref first, ExceptionDispatchInfo.Capture(e), null);
                    stop.Cancel();
                }
            }
        }
        var workers = Math.Min(throttleLimit, items.Count);
        var others = new Task[Math.Max(0, workers - 1)];
        for (var i = 0; i < others.Length; i++)
            others[i] = Task.Factory.StartNew(Work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        Work();
        Task.WaitAll(others, CancellationToken.None);
        cancellation.ThrowIfCancellationRequested();
        first?.Throw();
    }

    private static void Run(
        IDiskFile source,
        FileRange range,
        IDiskFile? target,
        long targetOffset,
        ByteTap? tap,
        TransferProgress progress,
        CancellationToken cancellation
    )
    {
        var buffer = ArrayPool<byte>.Shared.Rent((int)Math.Min(BlockSize, Math.Max(1, range.Length)));
        try
        {
            for (var at = range.Start; at < range.End; )
            {
                cancellation.ThrowIfCancellationRequested();
                var block = buffer.AsSpan(0, (int)Math.Min(buffer.Length, range.End - at));
                Fill(source, block, at, range);
                tap?.Invoke(block);
                target?.Write(block, targetOffset + (at - range.Start));
                progress.Advance(block.Length);
                at += block.Length;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static void Fill(IDiskFile source, Span<byte> block, long at, FileRange range)
    {
        while (block.Length > 0)
        {
            var read = source.Read(block, at);
            if (read == 0)
                throw new BackupException(
                    ErrorCode.Truncated,
                    "the file ends before the data that belongs to it",
                    source.Path,
                    at,
                    expected: $"{range.End} bytes",
                    actual: $"{at} bytes"
                );
            block = block[read..];
            at += read;
        }
    }
}
