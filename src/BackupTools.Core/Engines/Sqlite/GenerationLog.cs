using BackupTools.Files;
using BackupTools.Formats.Sqlite;

namespace BackupTools.Engines.Sqlite;

/// <summary>
/// Follows the WAL files of a generation of Litestream 0.3 from piece to piece: proves their frames, and finds what shows
/// that more was written to the database between two files than the pieces hold.
/// </summary>
/// <remarks>
/// No name says where a WAL file ended. But SQLite writes every page by which a database grows, so a page that the
/// first transaction of a file counts and does not hold was written before it. And each restart adds 1 to the first
/// salt, unless it is drawn again.
/// </remarks>
internal sealed class GenerationLog
{
    /// <summary>Two salts drawn at random lie so near each other once in four million times.</summary>
    private const uint MostRestarts = 1000;

    private readonly HashSet<uint> _grown = [];
    private SqliteWalScanner? _scanner;
    private uint _index;
    private uint? _pages;
    private uint? _salt;
    private bool _isFirst;

    /// <summary>What shows that something is missing before the WAL file of the last piece; null where nothing does.</summary>
    public string? Missing { get; private set; }

    /// <summary>Reads the next piece; its length.</summary>
    /// <param name="file">The piece.</param>
    /// <param name="index">Number of its WAL file.</param>
    /// <param name="offset">Where in that it begins.</param>
    /// <param name="continues">It is joined to the previous piece; otherwise what was there is unknown.</param>
    /// <param name="cancellation">Ends it early.</param>
    /// <exception cref="Errors.BackupException">The piece is damaged, or no part of the WAL file.</exception>
    public long Read(IDiskFile file, uint index, uint offset, bool continues, CancellationToken cancellation)
    {
        Missing = null;
        var scanner = offset == 0 ? new SqliteWalScanner(Take) : _scanner;
        _scanner = null; // until it was read to its end
        if (!continues)
        {
            (_pages, _salt) = (null, null);
        }
        if (offset == 0)
        {
            _grown.Clear();
            (_index, _isFirst) = (index, true);
        }
        if (scanner is null || index != _index || scanner.Position != offset)
        {
            // Its checksums continue from frames that are not available.
            (_pages, _salt) = (null, null);
            return SqliteFile.Unpack(file, null, null, cancellation);
        }
        var length = SqliteFile.Unpack(file, scanner.Append, null, cancellation);
        scanner.RequireCommit();
        if (offset == 0 && scanner.Header is { } header)
        {
            FollowSalt((uint)(header.Salts >> 32));
        }
        _scanner = scanner;
        return length;
    }

    private void FollowSalt(uint salt)
    {
        if (salt - _salt is > 1 and <= MostRestarts and var restarts)
        {
            Missing = $"the log was restarted {restarts} times since the previous WAL file";
        }
        _salt = salt;
    }

    private void Take(uint number, uint databasePages, ReadOnlySpan<byte> page)
    {
        if (_isFirst && number > _pages)
        {
            _grown.Add(number);
        }
        if (databasePages == 0)
        {
            return;
        }
        if (_isFirst && _pages is { } before)
        {
            RequireGrown(before, databasePages, SqlitePages.LockPage(page.Length));
        }
        (_isFirst, _pages) = (false, databasePages);
        _grown.Clear();
    }

    private void RequireGrown(uint before, uint after, uint lockPage)
    {
        for (var number = before + 1L; number <= after; number++)
        {
            if (number != lockPage && !_grown.Contains((uint)number))
            {
                Missing = $"page {number} of the database was written after the last piece of the previous WAL file";
                return;
            }
        }
    }
}
