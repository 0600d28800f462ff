using BackupTools.Files;
using BackupTools.Formats.Sqlite;

namespace BackupTools.Engines.Sqlite;

/// <summary>A database file that pages are written into; neighbours are written together.</summary>
internal sealed class StateFile(IDiskFile file, int pageSize)
{
    private readonly byte[] _block = new byte[BlockPool.BlockSize];
    private readonly uint _lockPage = SqlitePages.LockPage(pageSize);
    private long _at;
    private int _have;
    private uint _pages;

    /// <summary>Writes a page; the lock page stays zeros.</summary>
    public void Write(uint number, ReadOnlySpan<byte> page)
    {
        if (number == _lockPage)
        {
            return;
        }
        var at = (number - 1L) * pageSize;
        if (at != _at + _have || _have + pageSize > _block.Length)
        {
            Flush();
            _at = at;
        }
        page.CopyTo(_block.AsSpan(_have));
        _have += pageSize;
        _pages = Math.Max(_pages, number);
    }

    /// <summary>The file has so many pages from now on; what is cut off reads as zeros if it comes back.</summary>
    public void Resize(uint pages)
    {
        Flush();
        if (pages != _pages || file.Length != (long)pages * pageSize)
        {
            file.SetLength((long)pages * pageSize);
            _pages = pages;
        }
    }

    private void Flush()
    {
        if (_have > 0)
        {
            file.Write(_block.AsSpan(0, _have), _at);
            _have = 0;
        }
    }
}
