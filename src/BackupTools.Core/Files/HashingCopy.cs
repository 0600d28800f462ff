using System.Buffers;
using System.Runtime.ExceptionServices;
using BackupTools.Errors;

namespace BackupTools.Files;

/// <summary>One read, many uses: copies or reads ranges through pooled blocks, constant memory, cancellable per block.</summary>
internal static class HashingCopy
{
    private static readonly byte[] Zeros = new byte[64 << 10];

    /// <summary>
    /// Copies a range to <paramref name="target"/> at <paramref name="targetOffset"/>, or only reads it where that is null,
    /// showing each block to <paramref name="tap"/>. Throws Truncated when the source ends before the range does.
    /// </summary>
    public static void Copy(
        IDiskFile source,
        FileRange range,
        IDiskFile? target,
        long targetOffset,
        ByteTap? tap,
        TransferProgress progress,
        CancellationToken cancellation
    ) => new Transfer(source, range, target, targetOffset, tap, progress, cancellation).Run();

    /// <summary>Reads a range and shows each block to <paramref name="tap"/>.</summary>
    public static void Read(
        IDiskFile source,
        FileRange range,
        ByteTap tap,
        TransferProgress progress,
        CancellationToken cancellation
    ) => new Transfer(source, range, null, 0, tap, progress, cancellation).Run();

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
            Copy(source, new FileRange(data.Start, at), target, data.Start, tap, progress, cancellation);
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
        {
            others[i] = Task.Factory.StartNew(
                Work,
                CancellationToken.None,
                TaskCreationOptions.LongRunning,
                TaskScheduler.Default
            );
        }

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
            {
                throw new BackupException(
                    ErrorCode.Truncated,
                    "the file ends before its data does",
                    source.Path,
                    offset + done,
                    expected: $"at least {offset + buffer.Length} bytes",
                    actual: $"{offset + done} bytes"
                );
            }

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

    /// <summary>One range that is read, shown and written, as far as there is somewhere to.</summary>
    private sealed class Transfer(
        IDiskFile source,
        FileRange range,
        IDiskFile? target,
        long targetOffset,
        ByteTap? tap,
        TransferProgress progress,
        CancellationToken cancellation
    )
    {
        public void Run()
        {
            if (range.Length <= BlockPool.BlockSize)
                RunOnThisThread();
            else
                RunInRing();
        }

        private void RunOnThisThread()
        {
            cancellation.ThrowIfCancellationRequested();
            // Not the block pool: many small files must not each take a megabyte.
            var buffer = ArrayPool<byte>.Shared.Rent((int)range.Length);
            try
            {
                var block = buffer.AsSpan(0, (int)range.Length);
                ReadExactly(source, block, range.Start);
                tap?.Invoke(block);
                if (!block.IsEmpty)
                    target?.Write(block, targetOffset);
                progress.Advance(block.Length);
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }

        /// <summary>
        /// This thread reads; the tap sees one block after the other on another; two more wait for the disk in turn, so
        /// that the next write is always ready. Only the first two need a processor.
        /// </summary>
        private void RunInRing()
        {
            BlockSink show = (block, _) => tap?.Invoke(block);
            BlockSink write = (block, at) => target?.Write(block, targetOffset + at);
            using var ring = new BlockRing(tap is null ? [] : [show], target is null ? [] : [write, write]);
            for (var at = range.Start; at < range.End; )
            {
                cancellation.ThrowIfCancellationRequested();
                var block = ring.Next();
                // The first block is cut so that all others begin at a page of the target.
                var misplaced = (int)((targetOffset + (at - range.Start)) % BlockPool.Alignment);
                block = block[..(int)Math.Min(block.Length - misplaced, range.End - at)];
                ReadExactly(source, block.Span, at);
                ring.Submit(block.Length, at - range.Start);
                progress.Advance(block.Length);
                at += block.Length;
            }
            ring.Finish();
        }
    }
}
