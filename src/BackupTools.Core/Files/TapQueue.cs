using System.Runtime.ExceptionServices;

namespace BackupTools.Files;

/// <summary>
/// Shows blocks to a tap, in order, on a pool thread, while the thread that fills them goes on. That thread helps when
/// no pool thread has come yet, so that nothing ever waits for a busy pool. Nothing is allocated per block.
/// </summary>
internal sealed class TapQueue(ByteTap tap) : IThreadPoolWorkItem, IDisposable
{
    /// <summary>One block being filled or written, one in the tap, one between.</summary>
    private const int Blocks = 3;

    private readonly object _gate = new();
    private readonly Memory<byte>[] _blocks = new Memory<byte>[Blocks];
    private readonly int[] _lengths = new int[Blocks];
    private long _filled;
    private long _tapped;
    private bool _queued;
    private bool _running;
    private bool _stopped;
    private ExceptionDispatchInfo? _failure;

    /// <summary>A free block to fill; waits for the tap if there is none. Throws what the tap has thrown.</summary>
    public Memory<byte> Next()
    {
        WaitUntilBehindBy(Blocks - 1);
        ref var block = ref _blocks[_filled % Blocks];
        if (block.IsEmpty)
            block = BlockPool.Rent();
        return block;
    }

    /// <summary>Hands over the block that <see cref="Next"/> gave. It may still be read, but not changed.</summary>
    public void Submit(int length)
    {
        lock (_gate)
        {
            _lengths[_filled % Blocks] = length;
            _filled++;
            if (_running || _queued)
                return;
            _queued = true;
        }
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    /// <summary>Returns when the tap has seen everything. Throws what the tap has thrown.</summary>
    public void Finish() => WaitUntilBehindBy(0);

    /// <summary>Shows what is waiting, unless another thread does so already.</summary>
    public void Execute()
    {
        lock (_gate)
        {
            _queued = false;
            if (_running)
                return;
            _running = true;
        }
        while (true)
        {
            ReadOnlySpan<byte> block;
            lock (_gate)
            {
                if (_tapped == _filled || _stopped)
                {
                    _running = false;
                    Monitor.PulseAll(_gate);
                    return;
                }
                block = _blocks[_tapped % Blocks].Span[.._lengths[_tapped % Blocks]];
            }
            try
            {
                tap(block);
            }
            catch (Exception e)
            {
                _failure = ExceptionDispatchInfo.Capture(e);
                _stopped = true; // both are published by the lock below
            }
            lock (_gate)
            {
                _tapped++;
                Monitor.PulseAll(_gate);
            }
        }
    }

    /// <summary>Stops, waits for the tap to let go, and gives the blocks back.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _stopped = true;
            while (_running)
                Monitor.Wait(_gate);
        }
        for (var i = 0; i < Blocks; i++)
        {
            if (!_blocks[i].IsEmpty)
                BlockPool.Return(_blocks[i]);
            _blocks[i] = default;
        }
    }

    private void WaitUntilBehindBy(int blocks)
    {
        while (true)
        {
            lock (_gate)
            {
                while (true)
                {
                    if (_stopped)
                        _failure?.Throw();
                    if (_filled - _tapped <= blocks)
                        return;
                    if (!_running)
                        break;
                    Monitor.Wait(_gate);
                }
            }
            Execute();
        }
    }
}
