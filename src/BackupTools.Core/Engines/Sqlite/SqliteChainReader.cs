using BackupTools.Chains;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.Primitives;
using BackupTools.Formats.Sqlite;

namespace BackupTools.Engines.Sqlite;

/// <summary>
/// Reads the bundles of one way through a chain, each byte once, proves them, and lays their pages over one another.
/// </summary>
/// <param name="context">Disk, progress, cancellation.</param>
/// <param name="target">Receives the pages; null to check only.</param>
/// <param name="tracksState">Keep the page sums of the state, so that it can be compared with what side files say.</param>
internal sealed class SqliteChainReader(EngineContext context, StateFile? target, bool tracksState)
{
    private SqliteWalScanner? _wal;
    private (string Generation, uint Index) _walOf;
    private long _lastPage;

    /// <summary>Takes the fingerprints of the pages with <see cref="Mac"/>; null for none.</summary>
    public PageMacs? Macs { get; init; }

    public PageMac? Mac { get; init; }

    /// <summary>Sums of the state so far; null before the first bundle, and when they are not kept.</summary>
    public PageSums? Sums { get; private set; }

    /// <summary>Bytes of a page; 0 before the first bundle that says so.</summary>
    public int PageSize { get; private set; }

    /// <summary>Pages of the state so far.</summary>
    public uint Pages { get; private set; }

    /// <summary>Reads the next bundle.</summary>
    /// <exception cref="BackupException">It is damaged, or does not lead to the state that it should.</exception>
    public void Read(BundleHeader bundle)
    {
        try
        {
            using var file = context.Disk.OpenRead(bundle.FullName);
            using var progress = context.Progress.BeginFile(bundle.FullName, file.Length);
            switch (SqliteBundle.Of(bundle))
            {
                case LtxBundle ltx:
                    ReadLtx(file, ltx);
                    CompareState(bundle, ltx);
                    break;
                case SnapshotBundle:
                    ReadSnapshot(file);
                    break;
                case WalBundle wal:
                    ReadWal(file, wal);
                    break;
                default:
                    throw new InvalidOperationException("a bundle of another engine");
            }
        }
        catch (BackupException e)
        {
            throw e.At(bundle.FullName);
        }
    }

    private void ReadLtx(IDiskFile file, LtxBundle ltx)
    {
        var isFirst = PageSize == 0;
        Begin(ltx.Header.PageSize);
        // Of an increment alone nobody knows how large the database was.
        var growth = isFirst && !ltx.Header.IsSnapshot ? null : new LtxGrowth(Pages, PageSize);
        LtxScanner scanner = null!;
        scanner = new LtxScanner(
            (number, page) =>
            {
                growth?.Take(number);
                target?.Write(number, page);
                Sums?.Set(number, scanner.PageSum);
                if (number <= Macs?.Pages)
                {
                    Macs.Set(number, page, Mac!);
                }
            }
        );
        context.Read(file, scanner.Append);
        scanner.Finish();
        if (scanner.Header != ltx.Header)
        {
            throw Fault.Malformed("the file was replaced while it was read", 0);
        }
        growth?.Finish(ltx.Header.Commit);
        Resize(ltx.Header.Commit);
    }

    /// <summary>Every state that somebody has told the checksum of must be that state.</summary>
    private void CompareState(BundleHeader bundle, LtxBundle ltx)
    {
        if (Sums is null || ltx.After is not { } wanted)
        {
            return;
        }
        var actual = Sums.OfState;
        if (actual == wanted)
        {
            return;
        }
        throw new BackupException(
            ErrorCode.VerificationFailed,
            $"{bundle.Name} does not yield the state that was backed up",
            offset: null,
            expected: $"{wanted:x16}",
            actual: $"{actual:x16}"
        );
    }

    private void ReadSnapshot(IDiskFile file)
    {
        var pages = new PageCutter(
            PageSize,
            (number, page) =>
            {
                Begin(page.Length);
                Put(number, page);
            }
        );
        SqliteFile.Unpack(file, pages.Append, context.Progress, context.Cancellation);
        Resize(pages.Finish());
    }

    private void ReadWal(IDiskFile file, WalBundle piece)
    {
        if (piece.Offset == 0)
        {
            _wal = new SqliteWalScanner(PutFrame);
            _walOf = (piece.Generation, piece.Index);
        }
        if (_wal is null || _walOf != (piece.Generation, piece.Index) || _wal.Position != piece.Offset)
        {
            // Alone, or after a damaged one: its checksums continue from frames that are not available.
            SqliteFile.Unpack(file, null, context.Progress, context.Cancellation);
            _wal = null;
            return;
        }
        var scanner = _wal;
        _wal = null; // until it was read to its end
        // Even if every frame of the piece held a new page, the database would end here.
        _lastPage = Pages + (piece.Length / SqlitePages.SmallestPage) + 1;
        SqliteFile.Unpack(file, scanner.Append, context.Progress, context.Cancellation);
        scanner.RequireCommit();
        if (scanner.DatabasePages is { } pages)
        {
            RequireNear(pages);
            Resize(pages);
        }
        _wal = scanner;
    }

    private void PutFrame(uint number, uint databasePages, ReadOnlySpan<byte> page)
    {
        Begin(page.Length);
        RequireNear(number);
        Put(number, page);
    }

    /// <summary>What is kept of a state must not grow by what a few bytes claim.</summary>
    private void RequireNear(uint number)
    {
        if (number > _lastPage && (target is not null || Sums is not null))
        {
            throw Fault.Malformed($"page {number} lies far beyond the end of a database of {Pages} pages");
        }
    }

    private void Begin(int pageSize)
    {
        if (PageSize == 0)
        {
            PageSize = pageSize;
            Sums = tracksState ? new PageSums(pageSize) : null;
        }
        else if (PageSize != pageSize)
        {
            throw new BackupException(
                ErrorCode.Malformed,
                $"pages of {pageSize} bytes follow pages of {PageSize}",
                offset: 8,
                recommendation: "Restore to an earlier position; a new page size needs a new full backup."
            );
        }
    }

    private void Put(uint number, ReadOnlySpan<byte> page)
    {
        target?.Write(number, page);
        Sums?.Set(number, page);
    }

    private void Resize(uint pages)
    {
        Pages = pages;
        target?.Resize(pages, PageSize);
        Sums?.Resize(pages);
    }
}
