using BackupTools.Files;
using BackupTools.Formats.Sqlite;

namespace BackupTools.Engines.Sqlite;

/// <summary>
/// A database file that pages are written into; neighbours are written together, while the next are made. Disposed before
/// the file is.
/// </summary>
internal sealed class StateFile : IDisposable
{
    private readonly IDiskFile _file;
    private readonly BlockRing _ring;
    private Memory<byte> _block;
    private long _at;
    private int _have;
    private uint _pages;

    public StateFile(IDiskFile file)
    {
        _file = file;
        // One writer alone: a page that comes twice must have its last content.
        _ring = new BlockRing([file.Write]);
        _block = _ring.Next();
    }

    /// <summary>Writes a page; the lock page stays zeros.</summary>
    public void Write(uint number, ReadOnlySpan<byte> page)
    {
        if (number == SqlitePages.LockPage(page.Length))
        {
            return;
        }
        var at = (number - 1L) * page.Length;
        if (at != _at + _have || _have + page.Length > _block.Length)
        {
            Submit();
            _at = at;
        }
        page.CopyTo(_block.Span[_have..]);
        _have += page.Length;
        _pages = Math.Max(_pages, number);
    }

    /// <summary>The file has so many pages from now on; what is cut off reads as zeros if it comes back.</summary>
    public void Resize(uint pages, int pageSize)
    {
        Submit();
        _ring.Finish();
        if (pages != _pages || _file.Length != (long)pages * pageSize)
        {
            _file.SetLength((long)pages * pageSize);
            _pages = pages;
        }
    }

    public void Dispose() => _ring.Dispose();

    private void Submit()
    {
        if (_have > 0)
        {
            _ring.Submit(_have, _at);
            _have = 0;
            _block = _ring.Next();
        }
    }
}
