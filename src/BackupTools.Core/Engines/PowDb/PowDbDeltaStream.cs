using System.Buffers;
using System.IO.Hashing;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.PowDb;
using Blake3;

namespace BackupTools.Engines.PowDb;

/// <summary>Reads one delta front to back, a few records at a time, and proves it on the way.</summary>
internal sealed class PowDbDeltaStream : IDisposable
{
    /// <summary>Records of one read where memory does not matter: about a megabyte.</summary>
    public const int MaxRecords = 255;

    private readonly PowDbLayer _layer;
    private readonly long _limit;
    private readonly EngineContext _context;
    private readonly ByteTap? _also;
    private readonly IDiskFile _file;
    private readonly PowDbDeltaCheck _check;
    private readonly Hasher _hasher = Hasher.New();
    private readonly Crc32 _crc = new();
    private readonly byte[] _buffer;
    private readonly int _capacity;
    private readonly long _length;
    private int _next;
    private long _read;
    private int _filled;
    private int _at;
    private uint _index;

    /// <summary>Opens the delta.</summary>
    /// <param name="layer">Which.</param>
    /// <param name="limit">Pages from here on were lost later: they are proved, but not handed out.</param>
    /// <param name="records">Records per read; 1 or more.</param>
    /// <param name="firstRecords">Records of the first read; 1 to <paramref name="records"/>.</param>
    /// <param name="context">The run.</param>
    /// <param name="also">Sees every byte as it is read.</param>
    /// <exception cref="BackupException">MissingFile, UnsafeName, LengthMismatch.</exception>
    public PowDbDeltaStream(
        PowDbLayer layer,
        long limit,
        int records,
        int firstRecords,
        EngineContext context,
        ByteTap? also = null
    )
    {
        (_layer, _limit, _context, _also) = (layer, limit, context, also);
        _check = new PowDbDeltaCheck(layer.Pages);
        _file = layer.Bundle.OpenFile(layer.Pages, context);
        _length = layer.Pages.FileLength;
        _capacity = Math.Min(records, MaxRecords) * PowDbDelta.RecordSize;
        _next = Math.Min(firstRecords * PowDbDelta.RecordSize, _capacity);
        _buffer = ArrayPool<byte>.Shared.Rent(_capacity);
    }

    /// <summary>
    /// Lays the pages of a block that are not <paramref name="taken"/> over it, and takes them. Blocks come in
    /// ascending order.
    /// </summary>
    public void LayOver(long firstPage, Span<byte> block, PageSet taken, bool isChecked)
    {
        var end = firstPage + (block.Length / PowDbPage.Size);
        while (TryPeek() && _index < end)
        {
            if (_index >= firstPage && _index < _limit && taken.Add(_index))
            {
                var page = Page(isChecked);
                page.CopyTo(block[(int)((_index - firstPage) * PowDbPage.Size)..]);
            }
            Skip();
        }
    }

    /// <summary>Proves what is left.</summary>
    /// <exception cref="BackupException">The delta is damaged, or not what its manifest says.</exception>
    public void ReadToEnd(bool isChecked)
    {
        while (TryPeek())
        {
            if (isChecked)
            {
                Page(isChecked: true);
            }
            Skip();
        }
        BackupException.Naming(_file.Path, () => _check.Finish());
        PowDbAssembly.RequireDigest(
            _layer.Pages.DeltaFile,
            _layer.Pages.DeltaBlake3,
            _hasher.Finalize(),
            _layer.Bundle,
            _file.Path
        );
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_buffer);
        _file.Dispose();
    }

    private ReadOnlySpan<byte> Record => _buffer.AsSpan(_at, PowDbDelta.RecordSize);

    /// <summary>False at the end; else <see cref="_index"/> is that of the next record.</summary>
    private bool TryPeek()
    {
        if (_at < _filled)
        {
            return true;
        }
        if (_read == _length)
        {
            return false;
        }
        _context.Cancellation.ThrowIfCancellationRequested();
        _filled = (int)Math.Min(_next, _length - _read);
        _next = _capacity;
        _at = 0;
        var block = _buffer.AsSpan(0, _filled);
        HashingCopy.ReadExactly(_file, block, _read);
        _hasher.Update(block);
        _also?.Invoke(block);
        _context.Progress.Advance(block.Length);
        _read += block.Length;
        TakeIndex();
        return true;
    }

    private void Skip()
    {
        _at += PowDbDelta.RecordSize;
        if (_at < _filled)
        {
            TakeIndex();
        }
    }

    private void TakeIndex()
    {
        try
        {
            _index = _check.Take(Record);
        }
        catch (BackupException e)
        {
            throw e.At(_file.Path);
        }
    }

    private ReadOnlySpan<byte> Page(bool isChecked)
    {
        var page = PowDbDelta.PageOf(Record);
        try
        {
            if (isChecked)
            {
                PowDbPage.Check(page, _index, _crc);
            }
            return page;
        }
        catch (BackupException e)
        {
            // The page knows its place in the heap; here it is its place in the delta that helps.
            throw new BackupException(
                e.Code,
                e.Message,
                _file.Path,
                _read - _filled + _at + sizeof(uint),
                e.Expected,
                e.Actual
            );
        }
    }
}
