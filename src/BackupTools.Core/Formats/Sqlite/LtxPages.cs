using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.ExceptionServices;
using K4os.Compression.LZ4;

namespace BackupTools.Formats.Sqlite;

/// <summary>
/// A run of pages of an LTX file: taken in as they are stored, decompressed together by any thread, then looked at in order.
/// </summary>
internal sealed class LtxPages : IThreadPoolWorkItem, IDisposable
{
    /// <summary>Bytes of uncompressed pages, and of stored ones, that a run has at most; of large pages it has one.</summary>
    private const int Size = 1 << 18;

    private readonly int _pageSize;
    private readonly PageChecksum _sums;
    private readonly byte[] _stored;
    private readonly byte[] _plain;
    private readonly List<Page> _pages = [];
    private readonly ulong[] _crcs;
    private int _bytes;
    private int _good;
    private ExceptionDispatchInfo? _failure;
    private Stage _stage;

    /// <summary>None yet.</summary>
    /// <param name="pageSize">Bytes of a page.</param>
    /// <param name="largest">Bytes that a stored page has at most.</param>
    public LtxPages(int pageSize, int largest)
    {
        _pageSize = pageSize;
        _sums = new PageChecksum(pageSize);
        _crcs = new ulong[Math.Max(1, Size / pageSize)];
        _stored = ArrayPool<byte>.Shared.Rent(Math.Max(Size, largest));
        _plain = ArrayPool<byte>.Shared.Rent(_crcs.Length * pageSize);
    }

    private enum Stage
    {
        TakesPages,
        IsQueued,
        IsWorkedOn,
        IsDone,
    }

    public int Count => _pages.Count;

    public bool IsFor(int bytes) => Count < _crcs.Length && _bytes + bytes <= _stored.Length;

    /// <summary>Takes a page in, for which there is room.</summary>
    public void Add(uint number, long offset, ReadOnlySpan<byte> stored)
    {
        stored.CopyTo(_stored.AsSpan(_bytes));
        _pages.Add(new Page(number, offset, _bytes, stored.Length));
        _bytes += stored.Length;
    }

    /// <summary>Begins to decompress, beside whatever else is done.</summary>
    public void Begin()
    {
        _stage = Stage.IsQueued;
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    /// <summary>Decompresses, where nobody does.</summary>
    public void Execute()
    {
        if (Interlocked.CompareExchange(ref _stage, Stage.IsWorkedOn, Stage.IsQueued) == Stage.IsQueued)
        {
            try
            {
                Decompress();
            }
            catch (Exception e)
            {
                _failure = ExceptionDispatchInfo.Capture(e);
            }
            lock (_pages)
            {
                _stage = Stage.IsDone;
                Monitor.PulseAll(_pages);
            }
        }
    }

    /// <summary>
    /// Waits until all are decompressed; how many can be, up to the first that cannot. Where no thread has come for them yet
    /// it is done here, so that nothing waits for a busy pool.
    /// </summary>
    public int Finish()
    {
        if (_stage == Stage.TakesPages)
        {
            _stage = Stage.IsQueued;
        }
        Execute();
        AwaitOther();
        _failure?.Throw();
        return _good;
    }

    /// <summary>Number and offset of a page, with the bytes before it that the file's checksum covers.</summary>
    public (uint Number, long Offset) Head(int index, Span<byte> head)
    {
        var page = _pages[index];
        BinaryPrimitives.WriteUInt32BigEndian(head, page.Number);
        BinaryPrimitives.WriteUInt16BigEndian(head[4..], LtxScanner.BlockFlag);
        BinaryPrimitives.WriteUInt32BigEndian(head[6..], (uint)page.Length);
        return (page.Number, page.Offset);
    }

    /// <summary>The page as it is in the database.</summary>
    public ReadOnlySpan<byte> Plain(int index) => _plain.AsSpan(index * _pageSize, _pageSize);

    /// <summary>The CRC of its bytes.</summary>
    public ulong BytesCrc(int index) => _crcs[index];

    /// <summary>Forgets them, and takes others.</summary>
    public void Clear()
    {
        _pages.Clear();
        _bytes = 0;
        _stage = Stage.TakesPages;
    }

    public void Dispose()
    {
        // What is in the hands of another thread must not be given away.
        Interlocked.CompareExchange(ref _stage, Stage.IsDone, Stage.IsQueued);
        AwaitOther();
        ArrayPool<byte>.Shared.Return(_stored);
        ArrayPool<byte>.Shared.Return(_plain);
    }

    private void AwaitOther()
    {
        lock (_pages)
        {
            while (_stage == Stage.IsWorkedOn)
            {
                Monitor.Wait(_pages);
            }
        }
    }

    private void Decompress()
    {
        for (_good = 0; _good < Count; _good++)
        {
            var page = _pages[_good];
            var plain = _plain.AsSpan(_good * _pageSize, _pageSize);
            if (LZ4Codec.Decode(_stored.AsSpan(page.Start, page.Length), plain) != _pageSize)
            {
                return;
            }
            _crcs[_good] = _sums.OfBytes(plain);
        }
    }

    private readonly record struct Page(uint Number, long Offset, int Start, int Length);
}
