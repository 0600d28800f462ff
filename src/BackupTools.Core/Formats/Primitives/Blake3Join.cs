using static BackupTools.Formats.Primitives.Blake3Compress;

namespace BackupTools.Formats.Primitives;

/// <summary>
/// A complete subtree cut into pieces of equal size, each a complete subtree again, that the calling thread and idle
/// threads of the pool take one after the other.
/// </summary>
internal sealed unsafe class Blake3Join : IThreadPoolWorkItem
{
    // About ten microseconds of work: less is not worth handing over.
    private const int ChunksPerPiece = 128;

    // Their chaining values lie on the caller's stack, 64 bytes each.
    private const int MaxPieces = 256;

    private readonly Blake3Path _path;
    private readonly byte* _input;
    private readonly ulong _counter;
    private readonly int _chunks;
    private readonly int _pieces;
    private readonly uint* _pairs;
    private readonly object _finished = new();
    private int _taken;
    private int _done;

    private Blake3Join(Blake3Path path, byte* input, ulong counter, int chunks, int pieces, uint* pairs)
    {
        _path = path;
        _input = input;
        _counter = counter;
        _chunks = chunks;
        _pieces = pieces;
        _pairs = pairs;
    }

    /// <summary>The same as <see cref="Blake3Tree.Subtree"/>, on several threads if that pays.</summary>
    public static void Subtree(Blake3Path path, byte* input, int chunks, ulong counter, uint* pair)
    {
        var pieces = Math.Min(chunks / ChunksPerPiece, MaxPieces);
        var helpers = Math.Min(Environment.ProcessorCount, pieces) - 1;
        if (helpers <= 0)
        {
            Blake3Tree.Subtree(path, input, chunks, counter, pair);
            return;
        }
        var pairs = stackalloc uint[pieces * 2 * CvWords];
        var join = new Blake3Join(path, input, counter, chunks / pieces, pieces, pairs);
        for (var i = 0; i < helpers; i++)
        {
            ThreadPool.UnsafeQueueUserWorkItem(join, preferLocal: false);
        }
        join.Execute();
        join.WaitForOthers();
        Blake3Tree.Reduce(path, pairs, 2 * pieces, pair);
    }

    /// <summary>Works until no piece is left. Who comes late finds none, and touches no memory of the caller.</summary>
    public void Execute()
    {
        for (int piece; (piece = Interlocked.Increment(ref _taken) - 1) < _pieces; )
        {
            var first = (long)piece * _chunks;
            var counter = _counter + (ulong)first;
            Blake3Tree.Subtree(_path, _input + (first * ChunkSize), _chunks, counter, _pairs + (piece * 2 * CvWords));
            if (Interlocked.Increment(ref _done) == _pieces)
            {
                lock (_finished)
                {
                    Monitor.Pulse(_finished);
                }
            }
        }
    }

    private void WaitForOthers()
    {
        // Mostly they end in the same few microseconds; a thread that lost its processor takes longer.
        for (var spin = default(SpinWait); Volatile.Read(ref _done) < _pieces && !spin.NextSpinWillYield; )
        {
            spin.SpinOnce();
        }
        lock (_finished)
        {
            while (Volatile.Read(ref _done) < _pieces)
            {
                Monitor.Wait(_finished);
            }
        }
    }
}
