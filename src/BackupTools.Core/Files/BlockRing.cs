using System.Runtime.ExceptionServices;

namespace BackupTools.Files;

/// <summary>Takes a block of a copy; <paramref name="offset"/> is where in the range it begins.</summary>
internal delegate void BlockSink(ReadOnlySpan<byte> block, long offset);

/// <summary>
/// Hands blocks from the thread that fills them to sinks that each run on a pool thread of their own, so that reading,
/// hashing and writing run concurrently. Every sink gets its blocks in order. The filling thread does a sink's work
/// itself when no pool thread has come for it yet, so that nothing ever waits for a busy pool. Nothing is allocated per
/// block.
/// </summary>
internal sealed class BlockRing : IDisposable
{
    /// <summary>One being filled, one in each of at most three sinks, two on the way.</summary>
    private const int Blocks = 6;

    private readonly object _gate = new();
    private readonly Slot[] _slots = new Slot[Blocks];
    private readonly Worker[] _workers;
    private long _filled;
    private bool _stopped;
    private ExceptionDispatchInfo? _failure;

    /// <summary>
    /// Sinks with the same place in <paramref name="sinks"/> share the blocks between them, in turn; each place sees
    /// all blocks.
    /// </summary>
    public BlockRing(params ReadOnlySpan<BlockSink[]> sinks)
    {
        var workers = new List<Worker>();
        foreach (var sharing in sinks)
        {
            for (var i = 0; i < sharing.Length; i++)
                workers.Add(new Worker(this, sharing[i], i, sharing.Length));
        }
        _workers = [.. workers];
    }

    /// <summary>A free block to fill; waits for the sinks if there is none. Throws what a sink has thrown.</summary>
    public Memory<byte> Next()
    {
        WaitUntilDone(_filled - Blocks + 1);
        ref var slot = ref _slots[_filled % Blocks];
        if (slot.Block.IsEmpty)
            slot.Block = BlockPool.Rent();
        return slot.Block;
    }

    /// <summary>Hands over the block that <see cref="Next"/> gave. It may still be read, but not changed.</summary>
    public void Submit(int length, long offset)
    {
        lock (_gate)
        {
            ref var slot = ref _slots[_filled % Blocks];
            slot.Length = length;
            slot.Offset = offset;
            _filled++;
            foreach (var worker in _workers)
                worker.Wake();
        }
    }

    /// <summary>Returns when all sinks have seen everything. Throws what a sink has thrown.</summary>
    public void Finish() => WaitUntilDone(_filled);

    /// <summary>Stops, waits for the sinks to release their blocks, and returns these.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _stopped = true;
            while (Array.Exists(_workers, w => w.Running))
                Monitor.Wait(_gate);
        }
        foreach (ref var slot in _slots.AsSpan())
        {
            if (!slot.Block.IsEmpty)
                BlockPool.Return(slot.Block);
            slot.Block = default;
        }
    }

    /// <summary>Waits until every sink is done with the first <paramref name="blocks"/>.</summary>
    private void WaitUntilDone(long blocks)
    {
        while (true)
        {
            Worker? idle;
            lock (_gate)
            {
                while (true)
                {
                    _failure?.Throw();
                    var behind = Array.Find(_workers, w => w.Next < blocks);
                    if (behind is null)
                        return;
                    idle = Array.Find(_workers, w => w.Next < blocks && !w.Running);
                    if (idle is not null)
                        break;
                    Monitor.Wait(_gate);
                }
            }
            idle.Execute();
        }
    }

    private struct Slot
    {
        public Memory<byte> Block;
        public int Length;
        public long Offset;
    }

    /// <summary>One sink with the number of the block it takes next.</summary>
    private sealed class Worker(BlockRing ring, BlockSink sink, long first, int step) : IThreadPoolWorkItem
    {
        private bool _queued;

        public long Next { get; private set; } = first;

        public bool Running { get; private set; }

        /// <summary>Sees to it that the sink runs, if there is something for it. Called under the lock.</summary>
        public void Wake()
        {
            if (Running || _queued || Next >= ring._filled)
                return;
            _queued = true;
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }

        /// <summary>Shows the sink what there is for it, unless another thread does so already.</summary>
        public void Execute()
        {
            lock (ring._gate)
            {
                _queued = false;
                if (Running)
                    return;
                Running = true;
            }
            while (true)
            {
                ReadOnlySpan<byte> block;
                long offset;
                lock (ring._gate)
                {
                    if (Next >= ring._filled || ring._stopped)
                    {
                        Running = false;
                        Monitor.PulseAll(ring._gate);
                        return;
                    }
                    ref var slot = ref ring._slots[Next % Blocks];
                    block = slot.Block.Span[..slot.Length];
                    offset = slot.Offset;
                }
                ExceptionDispatchInfo? failure = null;
                try
                {
                    sink(block, offset);
                }
                catch (Exception e)
                {
                    failure = ExceptionDispatchInfo.Capture(e);
                }
                lock (ring._gate)
                {
                    ring._failure ??= failure;
                    ring._stopped |= failure is not null;
                    Next += step;
                    Monitor.PulseAll(ring._gate);
                }
            }
        }
    }
}
