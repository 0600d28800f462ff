using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.Sqlite;

namespace BackupTools.Engines.Sqlite;

/// <summary>
/// The pages of a state that a read transaction keeps stable: those of the file, under those of the log.
/// </summary>
internal sealed class StatePages(IDiskFile file, KeptPages log, int pageSize, uint pages, EngineContext context)
{
    private readonly uint _lockPage = SqlitePages.LockPage(pageSize);

    /// <summary>Bytes of all pages.</summary>
    public long Length => (long)pages * pageSize;

    /// <summary>Fills a block with whole pages, the lock page as zeros. May be called by several threads at once.</summary>
    /// <param name="offset">Where in the state the block begins.</param>
    /// <param name="block">The block.</param>
    /// <exception cref="BackupException">SourceDamaged: a page is nowhere, or the first is not a header.</exception>
    public void Read(long offset, Span<byte> block)
    {
        // The lock page stays unread: on Windows whoever holds its bytes lets nobody read them.
        var hole = ((_lockPage - 1L) * pageSize) - offset;
        if (hole >= 0 && hole < block.Length)
        {
            ReadPages(offset, block[..(int)hole]);
            block.Slice((int)hole, pageSize).Clear();
            hole += pageSize;
            ReadPages(offset + hole, block[(int)hole..]);
        }
        else
        {
            ReadPages(offset, block);
        }
        context.Progress.Advance(block.Length);
    }

    private void ReadPages(long offset, Span<byte> block)
    {
        // The last pages may be in the log only.
        var have = file.ReadUpTo(block, offset);
        for (var at = 0; at < block.Length; at += pageSize)
        {
            var page = block.Slice(at, pageSize);
            var number = (uint)((offset + at) / pageSize) + 1;
            if (!log.TryGet(number, page) && at + pageSize > have)
            {
                throw new BackupException(
                    ErrorCode.SourceDamaged,
                    $"page {number} of {pages} is neither in the file nor in the log",
                    file.Path,
                    (number - 1L) * pageSize
                );
            }
            if (number == 1)
            {
                SqliteHeader.Parse(page);
            }
        }
    }
}
