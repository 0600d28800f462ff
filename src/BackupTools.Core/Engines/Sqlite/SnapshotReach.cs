using BackupTools.Chains;
using BackupTools.Errors;
using BackupTools.Formats.Sqlite;

namespace BackupTools.Engines.Sqlite;

/// <summary>
/// How much of its own WAL file a snapshot of Litestream 0.3 may hold already. Litestream copies the database file when
/// commits may have been written back to it, where a reader kept the WAL file from restarting: the pieces up to an
/// earlier commit, laid over such a snapshot, make a state that never was.
/// </summary>
/// <remarks>
/// Pages are written back as the last of so many commits left them; a page that has a later frame, which a reader must not
/// see, is left out. So a commit can have been written back only if, for some end of the log, each page whose last frame
/// is not later than that commit is in the snapshot as the frame has it, and there is such a page. Before the first frame
/// of a page that the snapshot has as one of its frames, a state would get the newer content.
/// </remarks>
internal sealed class SnapshotReach(PageSums sums)
{
    /// <summary>For each page, the transaction with its last frame; counted from 1.</summary>
    private readonly Dictionary<uint, int> _last = [];

    /// <summary>Those pages of them that the snapshot has otherwise, and those that it has so.</summary>
    private readonly SortedSet<(int Transaction, uint Page)> _different = [];
    private readonly SortedSet<(int Transaction, uint Page)> _same = [];

    /// <summary>For each page, the transaction and the piece with its first frame.</summary>
    private readonly Dictionary<uint, (int Transaction, int Piece)> _first = [];

    /// <summary>Those of the pages that the snapshot has as a frame has them.</summary>
    private readonly SortedSet<(int Transaction, int Piece)> _held = [];
    private readonly List<long> _ends = [];
    private int _commits;
    private (int Transaction, int Piece) _reached;
    private uint _pages;
    private bool _isState;

    /// <summary>What makes states before a position of the snapshot's WAL file unknown; null where they are known.</summary>
    /// <param name="snapshot">The snapshot.</param>
    /// <param name="sums">Sums of its pages alone.</param>
    /// <param name="target">The position that is wanted: the finding is an error where that is one of them.</param>
    /// <param name="context">Disk, cancellation.</param>
    public static ChainProblem? Find(BundleHeader snapshot, PageSums sums, ChainPosition target, EngineContext context)
    {
        var index = ((SnapshotBundle)SqliteBundle.Of(snapshot)).Index;
        var begin = GenerationBundles.Position(index, 0);
        var reach = new SnapshotReach(sums);
        var reached = GenerationBundles.Position(index, reach.Read(snapshot, index, context));
        // Alone it is a state that was, where no reader was in the way.
        var isRight = target < begin || target >= reached || (target == begin && reach._isState);
        return reached == begin
            ? null
            : new ChainProblem(
                isRight ? ProblemSeverity.Warning : ProblemSeverity.Error,
                ErrorCode.TargetNotCovered,
                reach._isState
                    ? $"{snapshot.Name} already holds the commits up to position {reached}: "
                        + $"states between {begin} and that cannot be restored from it"
                    : $"{snapshot.Name} has pages that its own WAL file wrote up to position {reached}: "
                        + $"states from {begin} to before that cannot be restored from it",
                snapshot.FullName,
                Recommendation: $"Restore to position {reached} or a later one, or to one before {begin}."
            );
    }

    /// <summary>From where in the WAL file on all states are right.</summary>
    private long Read(BundleHeader snapshot, uint index, EngineContext context)
    {
        PageChecksum? pageSums = null;
        var scanner = new SqliteWalScanner(
            (number, pages, page) => Take(number, pages, (pageSums ??= new(page.Length)).Of(number, page))
        );
        foreach (var (path, offset) in GenerationBundles.PiecesOf(snapshot.FullName, index, context.Disk))
        {
            if (offset != scanner.Position)
            {
                break;
            }
            try
            {
                using var file = context.Disk.OpenRead(path);
                SqliteFile.Unpack(file, scanner.Append, null, context.Cancellation);
            }
            catch (BackupException e) when (e.Kind == ErrorKind.Damaged)
            {
                break; // where it matters, it is found by reading the pieces themselves
            }
            _ends.Add(scanner.Position);
        }
        return _reached.Transaction > 0 && _reached.Piece < _ends.Count ? _ends[_reached.Piece] : 0;
    }

    private void Take(uint number, uint databasePages, ulong sum)
    {
        Forget(number);
        var transaction = _commits + 1;
        _last[number] = transaction;
        _first.TryAdd(number, (transaction, _ends.Count));
        if (number <= sums.Pages && sums[number] == sum)
        {
            _same.Add((transaction, number));
            _held.Add(_first[number]);
        }
        else
        {
            _different.Add((transaction, number));
        }
        if (databasePages > 0)
        {
            Commit(databasePages);
        }
    }

    private void Commit(uint databasePages)
    {
        if (databasePages < _pages)
        {
            _last.Keys.Where(n => n > databasePages).ToList().ForEach(Forget);
        }
        _pages = databasePages;
        _commits++;
        var last = _different.Count == 0 ? _commits : _different.Min.Transaction - 1;
        if (_same.Count > 0 && _same.Min.Transaction <= last)
        {
            var newest = _held.GetViewBetween((0, 0), (last, int.MaxValue)).Max;
            var compared = newest.CompareTo(_reached);
            _isState = (_isState && compared <= 0) || (_different.Count == 0 && compared >= 0);
            _reached = compared > 0 ? newest : _reached;
        }
    }

    private void Forget(uint number)
    {
        if (_last.Remove(number, out var transaction))
        {
            _different.Remove((transaction, number));
            _same.Remove((transaction, number));
        }
    }
}
