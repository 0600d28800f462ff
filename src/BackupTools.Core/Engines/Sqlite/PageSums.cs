using BackupTools.Errors;
using BackupTools.Formats.Sqlite;

namespace BackupTools.Engines.Sqlite;

/// <summary>
/// The checksum of every page of a state, 8 bytes a page, kept true while bundles are laid over one another. The lock
/// page has none: its place holds 0.
/// </summary>
internal sealed class PageSums(int pageSize)
{
    private readonly PageChecksum _checksum = new(pageSize);
    private readonly uint _lockPage = SqlitePages.LockPage(pageSize);
    private ulong[] _sums = [];
    private ulong _ofState;

    /// <summary>Pages of the state.</summary>
    public uint Pages { get; private set; }

    /// <summary>The checksum of the whole state, without the lock page.</summary>
    public ulong OfState => SqliteChecksum.Flag | _ofState;

    /// <summary>The checksum of one of its pages.</summary>
    public ulong this[uint number] => _sums[number - 1];

    /// <summary>A page has new content. It may lie after the last page; <see cref="Resize"/> follows then.</summary>
    public void Set(uint number, ReadOnlySpan<byte> page)
    {
        Set(number, number == _lockPage ? 0 : _checksum.Of(number, page));
    }

    /// <summary>The same with the page's checksum; 0 for the lock page.</summary>
    public void Set(uint number, ulong sum)
    {
        Reserve(number);
        Exchange(number - 1, sum);
    }

    /// <summary>The state has so many pages from now on; those that were never written are zeros.</summary>
    public void Resize(uint pages)
    {
        Reserve(pages);
        for (var i = pages; i < _sums.Length; i++)
        {
            Exchange(i, 0);
        }
        var zeros = pages > Pages ? _checksum.OfBytes(new byte[pageSize]) : 0;
        for (var i = Pages; i < pages; i++)
        {
            if (_sums[i] == 0 && i + 1 != _lockPage)
            {
                Exchange(i, _checksum.Of(i + 1, zeros));
            }
        }
        Pages = pages;
    }

    private void Exchange(uint index, ulong sum)
    {
        _ofState ^= _sums[index] ^ sum;
        _sums[index] = sum;
    }

    private void Reserve(uint pages)
    {
        if (pages > Array.MaxLength)
        {
            throw new BackupException(ErrorCode.UnsupportedFormat, $"a database of {pages} pages is too large");
        }
        if (pages > _sums.Length)
        {
            Array.Resize(
                ref _sums,
                (int)Math.Min(Array.MaxLength, Math.Max(pages, _sums.Length + (_sums.Length / 2L)))
            );
        }
    }
}
