using System.Buffers;
using BackupTools.Errors;
using BackupTools.Files;

namespace BackupTools.Engines;

/// <summary>
/// Reads a file in blocks: each block is worked on by any thread, then committed in the order of the file, then
/// passed on by any thread again. Memory is one block per thread, however long the file.
/// </summary>
internal static class OrderedBlocks
{
    /// <summary>Bytes of a block: 256 pages.</summary>
    public const int BlockSize = BlockPool.BlockSize;

    // More threads than this gain nothing against one disk and would only hold memory.
    private const int MaxThreads = 8;

    /// <summary>
    /// So many blocks at most lie between the first that is not finished and any other. A thread that is held up would
    /// otherwise be left behind without bound, by others that write to a file which takes its bytes in order.
    /// </summary>
    public const int MostAhead = 8;

    /// <summary>Fills a block on any thread.</summary>
    public delegate void Fill(long offset, Span<byte> block);

    /// <summary>What is done with a block on any thread; <paramref name="notes"/> are passed on to the commit.</summary>
    public delegate void Work(long offset, Span<byte> block, Span<byte> notes);

    /// <summary>What is done with a block in order, one at a time.</summary>
    public delegate void Commit(long offset, Span<byte> block, ReadOnlySpan<byte> notes);

    /// <summary>What is done with a block at last, on any thread.</summary>
    public delegate void HandOn(long offset, ReadOnlySpan<byte> block);

    /// <summary>Threads for work that writes: while one waits for the disk, the processors have something to do.</summary>
    public static int WhileWriting(int threads) => threads > 1 ? threads + 1 : 1;

    /// <summary>Works on every block of a file.</summary>
    /// <param name="source">The file; null when there is none.</param>
    /// <param name="sourceLength">Reads [0, sourceLength); the file may not be shorter.</param>
    /// <param name="length">Where the blocks end, not before the source: what lies after that are zeros.</param>
    /// <param name="notesLength">Bytes of notes per block.</param>
    /// <param name="threads">How many blocks at once.</param>
    /// <param name="work">Called once per block, concurrently.</param>
    /// <param name="commit">Called once per block after its work, in order.</param>
    /// <param name="handOn">Called once per block after its commit, concurrently; null for nothing.</param>
    /// <param name="context">Progress, of what is read, and cancellation.</param>
    /// <exception cref="BackupException">Truncated, or what work, commit and handOn throw.</exception>
    public static void Run(
        IDiskFile? source,
        long sourceLength,
        long length,
        int notesLength,
        int threads,
        Work work,
        Commit commit,
        HandOn? handOn,
        EngineContext context
    ) =>
        Run(
            length,
            (offset, block) =>
            {
                var read = (int)Math.Clamp(sourceLength - offset, 0, block.Length);
                if (source is not null)
                {
                    HashingCopy.ReadExactly(source, block[..read], offset);
                }
                block[read..].Clear();
                context.Progress.Advance(read);
            },
            notesLength,
            threads,
            work,
            commit,
            handOn,
            context.Cancellation
        );

    /// <summary>Works on every block of what is read in another way.</summary>
    /// <param name="length">Where the blocks end.</param>
    /// <param name="fill">Called once per block, concurrently; it counts the progress.</param>
    /// <param name="notesLength">Bytes of notes per block.</param>
    /// <param name="threads">How many blocks at once.</param>
    /// <param name="work">Called once per block, concurrently, on the thread that has filled it.</param>
    /// <param name="commit">Called once per block, in order, on the thread that did its work.</param>
    /// <param name="handOn">Called once per block after its commit, concurrently; null for nothing.</param>
    /// <param name="cancellation">Looked at before each block.</param>
    /// <exception cref="BackupException">What the others throw.</exception>
    public static void Run(
        long length,
        Fill fill,
        int notesLength,
        int threads,
        Work work,
        Commit commit,
        HandOn? handOn,
        CancellationToken cancellation
    )
    {
        var blocks = new BlockOffsets(length);
        var turn = new Turn();
        HashingCopy.ForEach(
            blocks,
            Math.Min(threads, MaxThreads),
            (offset, stop) =>
            {
                // Whole blocks are aligned, as uncached writes want them; small files must not each take a block.
                var pooled = length < BlockSize ? ArrayPool<byte>.Shared.Rent((int)length) : null;
                var buffer = pooled ?? BlockPool.Rent();
                var notes = ArrayPool<byte>.Shared.Rent(Math.Max(1, notesLength));
                try
                {
                    turn.AwaitOthers(offset, stop);
                    var block = buffer.Span[..(int)Math.Min(BlockSize, length - offset)];
                    fill(offset, block);
                    work(offset, block, notes.AsSpan(0, notesLength));
                    turn.Await(offset, stop);
                    commit(offset, block, notes.AsSpan(0, notesLength));
                    turn.Pass(offset + block.Length);
                    handOn?.Invoke(offset, block);
                    turn.Finish(offset);
                }
                catch
                {
                    turn.GiveUp();
                    throw;
                }
                finally
                {
                    if (pooled is null)
                    {
                        BlockPool.Return(buffer);
                    }
                    else
                    {
                        ArrayPool<byte>.Shared.Return(pooled);
                    }
                    ArrayPool<byte>.Shared.Return(notes);
                }
            },
            cancellation
        );
    }

    /// <summary>The offsets of all blocks, as a list that holds none of them.</summary>
    private sealed class BlockOffsets(long length) : IReadOnlyList<long>
    {
        public int Count => checked((int)((length + BlockSize - 1) / BlockSize));

        public long this[int index] => (long)index * BlockSize;

        public IEnumerator<long> GetEnumerator()
        {
            for (var i = 0; i < Count; i++)
            {
                yield return this[i];
            }
        }

        System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => GetEnumerator();
    }

    /// <summary>
    /// Lets threads pass in the order of the file, and none run far ahead. The thread with the lowest offset never waits.
    /// </summary>
    private sealed class Turn
    {
        private readonly HashSet<long> _finished = [];
        private long _next;
        private long _firstUnfinished;
        private bool _givenUp;

        public void Await(long offset, CancellationToken cancellation) => Await(() => _next == offset, cancellation);

        public void AwaitOthers(long offset, CancellationToken cancellation) =>
            Await(() => offset - _firstUnfinished <= (long)MostAhead * BlockSize, cancellation);

        public void Pass(long next)
        {
            lock (this)
            {
                _next = next;
                Monitor.PulseAll(this);
            }
        }

        public void Finish(long offset)
        {
            lock (this)
            {
                _finished.Add(offset);
                while (_finished.Remove(_firstUnfinished))
                {
                    _firstUnfinished += BlockSize;
                }
                Monitor.PulseAll(this);
            }
        }

        public void GiveUp()
        {
            lock (this)
            {
                _givenUp = true;
                Monitor.PulseAll(this);
            }
        }

        private void Await(Func<bool> mayPass, CancellationToken cancellation)
        {
            lock (this)
            {
                while (!mayPass() && !_givenUp)
                {
                    Monitor.Wait(this);
                }
                if (!_givenUp)
                {
                    return;
                }
            }
            // Another thread has failed. Only when that is known everywhere may this one end, otherwise its end would
            // be mistaken for the cause.
            cancellation.WaitHandle.WaitOne();
            cancellation.ThrowIfCancellationRequested();
        }
    }
}
