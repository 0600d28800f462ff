using System.Buffers;
using System.Runtime.ExceptionServices;
using BackupTools.Errors;

namespace BackupTools.Files;

/// <summary>One read, many uses: copies or reads ranges through pooled blocks, constant memory, cancellable per block.</summary>
internal static class HashingCopy
{
    private static readonly byte[] Zeros = new byte[64 << 10];

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
    /// Copies a whole file to the same offsets of a new one and leaves its holes holes: they are neither read nor
    /// written, but <paramref name="tap"/> sees their zeros and progress counts them.
    /// </summary>
    public static void CopySparse(
        IDiskFile source,
        IDiskFile target,
        ByteTap? tap,
        TransferProgress progress,
        CancellationToken cancellation
    )
    {
        var length = source.Length;
        long at = 0;
        foreach (var data in source.DataRanges().TakeWhile(d => d.Start < length))
        {
            ShowHole(new FileRange(at, data.Start), tap, progress, cancellation);
            at = Math.Min(data.End, length);
            Run(source, new FileRange(data.Start, at), target, data.Start, tap, progress, cancellation);
        }
        ShowHole(new FileRange(at, length), tap, progress, cancellation);
        target.SetLength(length);
    }

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
            others[i] = Task.Factory.StartNew(
                Work,
                CancellationToken.None,
                TaskCreationOptions.LongRunning,
                TaskScheduler.Default
            );
        Work();
        Task.WaitAll(others, CancellationToken.None);
        if (first?.SourceException is OperationCanceledException)
            cancellation.ThrowIfCancellationRequested();
        first?.Throw();
        cancellation.ThrowIfCancellationRequested();
    }

    /// <summary>Fills a buffer from a file, whatever sizes the system reads in.</summary>
    /// <exception cref="BackupException">Truncated, when the file ends before.</exception>
    public static void ReadExactly(IDiskFile source, Span<byte> buffer, long offset)
    {
        for (var done = 0; done < buffer.Length; )
        {
            var read = source.Read(buffer[done..], offset + done);
            if (read == 0)
                throw new BackupException(
                    ErrorCode.Truncated,
                    "the file ends before the data that belongs to it",
                    source.Path,
                    offset + done,
                    expected: $"at least {offset + buffer.Length} bytes",
                    actual: $"{offset + done} bytes"
                );
            done += read;
        }
    }

    private static void ShowHole(
        FileRange hole,
        ByteTap? tap,
        TransferProgress progress,
        CancellationToken cancellation
    )
    {
        if (hole.Length == 0)
            return;
        if (tap is not null)
        {
            for (var left = hole.Length; left > 0; left -= Zeros.Length)
            {
                cancellation.ThrowIfCancellationRequested();
                tap(Zeros.AsSpan(0, (int)Math.Min(left, Zeros.Length)));
            }
        }
        progress.Advance(hole.Length);
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
        if (range.Length <= BlockPool.BlockSize || tap is null)
            RunOnThisThread(source, range, target, targetOffset, tap, progress, cancellation);
        else
            RunWithTapBeside(source, range, target, targetOffset, tap, progress, cancellation);
    }

    private static void RunOnThisThread(
        IDiskFile source,
        FileRange range,
        IDiskFile? target,
        long targetOffset,
        ByteTap? tap,
        TransferProgress progress,
        CancellationToken cancellation
    )
    {
        // Not the block pool: many small files must not each take a megabyte.
        var buffer = ArrayPool<byte>.Shared.Rent((int)Math.Clamp(range.Length, 1, BlockPool.BlockSize));
        try
        {
            for (var at = range.Start; at < range.End; )
            {
                cancellation.ThrowIfCancellationRequested();
                var block = buffer.AsSpan(0, (int)Math.Min(buffer.Length, range.End - at));
                ReadExactly(source, block, at);
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

    /// <summary>
    /// This thread reads a block, hands it to the tap on another, writes it meanwhile and reads the next: hashing and
    /// the calls to the system take about the same time, so two threads keep each other busy.
    /// </summary>
    private static void RunWithTapBeside(
        IDiskFile source,
        FileRange range,
        IDiskFile? target,
        long targetOffset,
        ByteTap tap,
        TransferProgress progress,
        CancellationToken cancellation
    )
    {
        using var queue = new TapQueue(tap);
        for (var at = range.Start; at < range.End; )
        {
            cancellation.ThrowIfCancellationRequested();
            var block = queue.Next();
            block = block[..(int)Math.Min(block.Length, range.End - at)];
            ReadExactly(source, block.Span, at);
            queue.Submit(block.Length);
            target?.Write(block.Span, targetOffset + (at - range.Start));
            progress.Advance(block.Length);
            at += block.Length;
        }
        queue.Finish();
    }
}
