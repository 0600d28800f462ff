using System.Buffers;

namespace BackupTools.Files.Stores;

/// <summary>
/// The bytes of one object. A read fetches a small part around it; whoever reads on gets larger parts, and then several on
/// the way at once. Any number of threads may read, each in its own place; memory is bounded by the budget.
/// </summary>
/// <param name="length">Of the object.</param>
/// <param name="budget">For parts that nobody has asked for yet.</param>
/// <param name="fetch">Fills a buffer from an offset.</param>
/// <param name="cancellation">Ends every wait.</param>
internal sealed class ReadAhead(
    long length,
    ReadAheadBudget budget,
    Func<long, Memory<byte>, CancellationToken, Task> fetch,
    CancellationToken cancellation
) : IDisposable
{
    /// <summary>Headers and footers are shorter; a file not longer than four of it comes whole.</summary>
    private const int SmallPart = 64 << 10;

    private const int StreamedPart = 1 << 20;
    private const int LargestPart = 4 << 20;

    /// <summary>Parts on the way at once for one reader.</summary>
    private const int Ahead = 4;

    /// <summary>Parts that are kept for one object, whoever reads it.</summary>
    private const int Kept = 16;

    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
    private bool _isClosed;

    /// <summary>Those used last come last.</summary>
    private readonly List<Part> _parts = [];

    /// <summary>Where readers were who may read on, and how much they got last.</summary>
    private readonly Dictionary<long, int> _ends = [];

    /// <summary>Up to the buffer's length, at least one byte; 0 at the end.</summary>
    public int Read(Span<byte> buffer, long offset)
    {
        if (offset >= length || buffer.IsEmpty)
        {
            return 0;
        }
        while (true)
        {
            Part part;
            lock (_gate)
            {
                ObjectDisposedException.ThrowIf(_isClosed, this);
                part = Find(offset) ?? BeginAt(offset, buffer.Length);
                _parts.Remove(part);
                _parts.Add(part);
                ReadOn(part);
                Shrink(part);
            }
            try
            {
                part.Filled.Task.WaitAsync(cancellation).GetAwaiter().GetResult();
            }
            catch
            {
                lock (_gate)
                {
                    Drop(part);
                }
                throw;
            }
            lock (_gate)
            {
                // Another reader may have finished with it meanwhile.
                if (part.IsDropped)
                {
                    continue;
                }
                var start = (int)(offset - part.Start);
                var count = Math.Min(buffer.Length, part.Length - start);
                part.Buffer.AsSpan(start, count).CopyTo(buffer);
                if (start + count == part.Length && part.Length > SmallPart && !IsSmall)
                {
                    Drop(part);
                }
                return count;
            }
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            if (_isClosed)
            {
                return;
            }
            _isClosed = true;
        }
        _stop.Cancel();
        _stop.Dispose();
        lock (_gate)
        {
            while (_parts.Count > 0)
            {
                Drop(_parts[^1]);
            }
        }
    }

    private bool IsSmall => length <= 4 * SmallPart;

    private Part? Find(long offset) => _parts.Find(p => p.Start <= offset && offset < p.End);

    private Part BeginAt(long offset, int wanted)
    {
        if (IsSmall)
        {
            return Begin(0, (int)length, mustHave: true)!;
        }
        var isReadingOn = _ends.Remove(offset, out var before);
        var size = isReadingOn ? Larger(before) : Math.Clamp(wanted, SmallPart, StreamedPart);
        var part = Begin(offset, size, mustHave: true)!;
        part.IsReadOn = isReadingOn;
        return part;
    }

    /// <summary>Who reads on is given what follows before asking for it.</summary>
    private void ReadOn(Part part)
    {
        var last = part;
        for (var i = 1; i < Ahead && part.IsReadOn && last.End < length; i++)
        {
            if ((Find(last.End) ?? Begin(last.End, Larger(last.Length), mustHave: false)) is not { } next)
            {
                return;
            }
            next.IsReadOn = true;
            last = next;
        }
    }

    private static int Larger(int size) => Math.Min(size * 4, LargestPart);

    private Part? Begin(long offset, int size, bool mustHave)
    {
        size = (int)Math.Min(size, length - offset);
        if (!budget.TryTake(size))
        {
            if (!mustHave)
            {
                return null;
            }
            size = IsSmall ? size : Math.Min(size, SmallPart);
            budget.Take(size);
        }
        var part = new Part(offset, size, ArrayPool<byte>.Shared.Rent(size));
        _parts.Add(part);
        Remember(part);
        var stop = _stop.Token;
        _ = Task.Run(() => FillAsync(part, stop), CancellationToken.None);
        return part;
    }

    private void Remember(Part part)
    {
        if (_ends.Count >= Kept)
        {
            _ends.Clear();
        }
        _ends[part.End] = part.Length;
    }

    private async Task FillAsync(Part part, CancellationToken stop)
    {
        Exception? failure = null;
        try
        {
            await fetch(part.Start, part.Buffer.AsMemory(0, part.Length), stop).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            failure = e;
        }
        lock (_gate)
        {
            part.IsDone = true;
            if (part.IsDropped)
            {
                GiveBack(part);
            }
        }
        if (failure is null)
        {
            part.Filled.SetResult();
        }
        else
        {
            part.Filled.SetException(failure);
            // If nobody waits for it, the error is not reported.
            _ = part.Filled.Task.Exception;
        }
    }

    private void Shrink(Part but)
    {
        while (_parts.Count > Kept && _parts.Find(p => p != but) is { } oldest)
        {
            Drop(oldest);
        }
    }

    private void Drop(Part part)
    {
        if (part.IsDropped)
        {
            return;
        }
        part.IsDropped = true;
        _parts.Remove(part);
        if (part.IsDone)
        {
            GiveBack(part);
        }
    }

    private void GiveBack(Part part)
    {
        ArrayPool<byte>.Shared.Return(part.Buffer);
        budget.Give(part.Length);
    }

    private sealed class Part(long start, int length, byte[] buffer)
    {
        public long Start => start;

        public int Length => length;

        public long End => start + length;

        public byte[] Buffer => buffer;

        public TaskCompletionSource Filled { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Nobody writes into the buffer any longer.</summary>
        public bool IsDone { get; set; }

        /// <summary>Its reader came from what is before it.</summary>
        public bool IsReadOn { get; set; }

        /// <summary>Nobody can find it any longer.</summary>
        public bool IsDropped { get; set; }
    }
}
