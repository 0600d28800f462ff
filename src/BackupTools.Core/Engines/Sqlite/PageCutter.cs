using BackupTools.Errors;
using BackupTools.Formats.Primitives;
using BackupTools.Formats.Sqlite;

namespace BackupTools.Engines.Sqlite;

/// <summary>Cuts the bytes of a database file into its pages.</summary>
/// <param name="pageSize">Bytes of a page; 0 where only the file's header tells.</param>
/// <param name="sink">Is shown each page, from 1 on.</param>
internal sealed class PageCutter(int pageSize, LtxPageSink sink)
{
    private byte[] _page = new byte[SqliteHeader.Length];
    private int _have;
    private uint _done;
    private int _pageSize = pageSize;

    /// <summary>Takes the next bytes in.</summary>
    /// <exception cref="BackupException">The header is none; what the sink throws.</exception>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var part = bytes[..Math.Min(bytes.Length, _page.Length - _have)];
            part.CopyTo(_page.AsSpan(_have));
            _have += part.Length;
            bytes = bytes[part.Length..];
            if (_have < _page.Length)
            {
                return;
            }
            if (_pageSize == 0)
            {
                _pageSize = SqliteHeader.Parse(_page).PageSize;
            }
            if (_page.Length < _pageSize)
            {
                Array.Resize(ref _page, _pageSize);
                continue;
            }
            sink(checked(++_done), _page);
            _have = 0;
        }
    }

    /// <summary>Says that the file has ended; returns its pages.</summary>
    /// <exception cref="BackupException">Truncated.</exception>
    public uint Finish() => _have == 0 ? _done : throw Fault.Truncated("the snapshot ends inside a page");
}
