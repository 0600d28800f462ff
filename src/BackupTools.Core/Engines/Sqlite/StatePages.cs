using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.Sqlite;

namespace BackupTools.Engines.Sqlite;

/// <summary>The pages of a state that a read transaction holds still: those of the file, under those of the log.</summary>
internal sealed class StatePages(IDiskFile file, KeptPages log, int pageSize, uint pages, EngineContext context)
{
    private readonly byte[] _block = new byte[BlockPool.BlockSize];
    private readonly uint _lockPage = SqlitePages.LockPage(pageSize);

    /// <summary>Shows every page, from 1 on.</summary>
    public void Show(LtxPageSink sink)
    {
        using var progress = context.Progress.BeginFile(file.Path, (long)pages * pageSize);
        var perBlock = (uint)(_block.Length / pageSize);
        for (uint done = 0; done < pages; )
        {
            context.Cancellation.ThrowIfCancellationRequested();
            // The lock page stays unread: on Windows whoever holds its bytes lets nobody read them.
            if (done + 1 == _lockPage)
            {
                _block.AsSpan(0, pageSize).Clear();
                sink(++done, _block.AsSpan(0, pageSize));
                continue;
            }
            var end = Math.Min(pages, done + perBlock);
            var count = (int)((done < _lockPage && end >= _lockPage ? _lockPage - 1 : end) - done);
            var have = Read(_block.AsSpan(0, count * pageSize), (long)done * pageSize);
            for (var i = 0; i < count; i++)
            {
                var page = _block.AsSpan(i * pageSize, pageSize);
                var number = done + (uint)i + 1;
                if (!log.TryGet(number, page) && (i + 1) * pageSize > have)
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
                sink(number, page);
            }
            context.Progress.Advance((long)count * pageSize);
            done += (uint)count;
        }
    }

    /// <summary>Reads as much as there is: the last pages may be in the log only.</summary>
    private int Read(Span<byte> target, long offset)
    {
        var have = 0;
        while (have < target.Length && file.Read(target[have..], offset + have) is > 0 and var got)
        {
            have += got;
        }
        return have;
    }
}
