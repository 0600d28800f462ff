using BackupTools.Errors;
using BackupTools.Formats.Primitives;
using BackupTools.Formats.Sqlite;

namespace BackupTools.Engines.Sqlite;

/// <summary>
/// Watches that an LTX file which makes a database longer holds every page that is new: SQLite writes each of them, and
/// a page that nobody wrote would be one of zeros, in the middle of the data.
/// </summary>
/// <param name="pages">Pages of the database before.</param>
/// <param name="pageSize">Bytes of a page.</param>
internal sealed class LtxGrowth(uint pages, int pageSize)
{
    private readonly uint _lockPage = SqlitePages.LockPage(pageSize);
    private readonly uint _before = pages;
    private uint _end = pages;

    /// <summary>The next page that is stored; they ascend.</summary>
    /// <exception cref="BackupException">Malformed.</exception>
    public void Take(uint number)
    {
        if (number <= _end)
        {
            return;
        }
        Require(number - 1);
        _end = number;
    }

    /// <summary>All stored pages were taken, and the database ends so.</summary>
    /// <exception cref="BackupException">Malformed.</exception>
    public void Finish(uint commit) => Require(commit);

    private void Require(uint end)
    {
        if (_end + 1 == _lockPage)
        {
            _end++;
        }
        if (end > _end)
        {
            throw Fault.Malformed($"page {_end + 1} is missing: the database had {_before} pages before");
        }
    }
}
