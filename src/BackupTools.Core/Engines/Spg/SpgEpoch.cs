using System.Buffers;
using System.IO.Hashing;
using BackupTools.Chains;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.Spg;

namespace BackupTools.Engines.Spg;

/// <summary>
/// Whether a log is still the one that a chain was taken from. A CHECKPOINT cuts the log to nothing and lets it grow
/// again, and nothing in the log says so (SPG format, §4.6); but a chain holds a copy of what its log contained. A log that
/// has grown again with identical bytes over an identical database file is not noticed and need not be: the increment is
/// right.
/// </summary>
internal sealed class SpgEpoch
{
    /// <summary>How many bytes before the position are compared with the chain's own.</summary>
    private const int MostCompared = 1 << 16;

    private const int Block = 1 << 20;

    // The clock that dates files may lag the one that dates bundles by a tick, on a network share by more.
    private static readonly TimeSpan ClockMargin = TimeSpan.FromSeconds(2);

    private readonly SpgSource _source;
    private readonly EngineContext _context;
    private readonly IReadOnlyList<(BundleHeader Header, SpgBundle Bundle)> _path;
    private readonly Lazy<SpgWalScanner?> _chainEnd;
    private readonly bool _isUsersWord;

    /// <summary>Of bundles that cannot be read, what stands for their bytes.</summary>
    private readonly IReadOnlyList<SpgTraces?> _traces;
    private bool? _openAtSince;
    private bool _isFrameEnd;

    /// <summary>Notes what the increment builds on; nothing is compared yet.</summary>
    public SpgEpoch(CaptureRequest request, SpgSource source, EngineContext context)
    {
        _source = source;
        _context = context;
        _path = [.. PathOf(request).Select(h => (h, SpgBundle.Of(h)))];
        _traces = [.. _path.Select(p => SpgTraces.Behind(p.Header.FullName, context))];
        Since =
            request.Since
            ?? request.Parent?.End.Value
            ?? throw new BackupException(
                ErrorCode.NoFullBackup,
                "there is neither a bundle nor a position to continue from",
                request.SourcePath
            );
        _isUsersWord = request.Since is not null;
        _chainEnd = new Lazy<SpgWalScanner?>(ScanChain);
    }

    /// <summary>The position in the log at which the increment starts.</summary>
    public ulong Since { get; }

    private IDiskFile Wal =>
        _source.Wal
        ?? throw new BackupException(
            ErrorCode.WalMissing,
            "an increment is a piece of the write-ahead log, and there is none",
            _source.Files.Wal
        );

    /// <summary>What can be said after reading at most 64 KiB.</summary>
    /// <exception cref="BackupException">WalMissing, SinceBeyondLog, ForeignEpoch.</exception>
    public void RefuseCheaply()
    {
        if (Since > (ulong)Wal.Length)
        {
            throw new BackupException(
                ErrorCode.SinceBeyondLog,
                $"incremental SINCE offset {Since} exceeds current WAL length",
                _source.Files.Wal,
                actual: $"{Wal.Length} bytes",
                recommendation: "Take a new full backup: a CHECKPOINT has restarted the log."
            );
        }
        if (CompareTail() < 0)
        {
            throw Foreign("the log before the position is not the one that the chain holds");
        }
    }

    /// <summary>
    /// Proves as much as can be proved: by the log before the position, and by the database file where the chain's full
    /// holds it. Where neither can tell, the user's word has to do, with a warning.
    /// </summary>
    /// <exception cref="BackupException">As <see cref="RefuseCheaply"/>; SinceInsideFrame.</exception>
    public void Prove()
    {
        RefuseCheaply();
        var compared = CompareTail();
        var isSameDatabase = _path.Count > 0 && IsDatabaseTellable(_path[0].Bundle) && CompareDatabase(_path[0]);
        if (compared == 0 && !isSameDatabase)
        {
            if (!_isUsersWord)
            {
                throw new BackupException(
                    ErrorCode.ContinuityNotProved,
                    $"nothing in the chain shows that the log is still the one that position {Since} was taken from: "
                        + $"{_path[0].Header.Name} holds no log, and not the database file",
                    _source.Files.Wal,
                    recommendation: $"Take a new full backup, or use {Spelling.Of("FullIfNeeded")}, which does. If there was no CHECKPOINT "
                        + $"since, {Spelling.Of("Since")} {Since} continues nevertheless."
                );
            }
            ScanUpToSince();
            _context.Warn(
                $"nothing in the chain shows that the log is still the one that position {Since} was taken from; "
                    + "only that a frame ends there. After a CHECKPOINT take a full backup"
            );
        }
    }

    /// <summary>
    /// Why the source does not continue the chain, as far as a quick look tells; null when it does, or when nothing
    /// shows that it does not.
    /// </summary>
    public string? WhyNot() =>
        _source.Wal is null || Since > (ulong)Wal.Length || CompareTail() < 0 ? "its log is a different one"
        : IsDatabaseTellable(_path[0].Bundle) && !IsSameDatabase(_path[0], quick: true)
            ? "its database file is a different one"
        : null;

    /// <summary>Whether what was compared is still so, after the copy.</summary>
    public bool StillHolds() => CompareTail() >= 0;

    /// <summary>True when the position is known to be the end of a frame: the chain's frames end there.</summary>
    public bool IsFrameEnd() => _isFrameEnd || Since == 0 || IsKept || _chainEnd.Value is { IsAtFrameEnd: true };

    /// <summary>True when the chain's own log ends inside a transaction, so that the increment may end it.</summary>
    public bool HoldsOpenTransaction() => _openAtSince ?? (!IsKept && _chainEnd.Value?.TransactionStart is not null);

    /// <summary>Traces are kept of captures only, which end with a whole frame outside a transaction.</summary>
    private bool IsKept => !_isUsersWord && _traces is [.., not null];

    /// <summary>How much of the end of a bundle's log is compared.</summary>
    public static int TailLengthOf(SpgBundle bundle) => (int)Math.Min(bundle.SliceLength, MostCompared);

    private static IReadOnlyList<BundleHeader> PathOf(CaptureRequest request) =>
        request.Parent is { } parent ? request.Chain?.PathTo(parent.Id) ?? [parent] : [];

    /// <summary>
    /// Compares the log before the position with the ends of the chain's slices, going back over as many bundles as
    /// needed. The number of bytes compared, 0 when the chain holds none, −1 when they differ.
    /// </summary>
    private int CompareTail()
    {
        var compared = 0;
        var position = (long)Since;
        for (var i = _path.Count - 1; i >= 0 && compared < MostCompared; i--)
        {
            var bundle = _path[i].Bundle;
            var tail = TailLengthOf(bundle);
            // A digest stands for all of it.
            var length = _traces[i] is null ? Math.Min(tail, MostCompared - compared) : tail;
            if (length > 0 && !SameBytes(i, position, length))
            {
                return -1;
            }
            compared += length;
            position -= bundle.SliceLength;
        }
        return compared;
    }

    private bool SameBytes(int of, long position, int length)
    {
        if (position < length)
        {
            return false;
        }
        var bundle = _path[of].Bundle;
        if (_traces[of] is { } traces)
        {
            return traces.TailLength == length
                && position <= Wal.Length
                && SpgTraces.DigestOf(Wal, position - length, length, _context) == traces.Tail;
        }
        using var file = _context.Disk.OpenRead(_path[of].Header.FullName);
        var ours = file.UpTo(bundle.SliceOffset + bundle.SliceLength - length, length);
        return ours.Length == length && ours.AsSpan().SequenceEqual(Wal.UpTo(position - length, length));
    }

    /// <summary>
    /// The snapshot of such a full is the database file itself: CHECKPOINT writes both, and only it. A server's full
    /// taken later holds what was in memory instead, and so does one that was merged from it: that one begins where the
    /// server's was taken, and cannot be distinguished from one that begins at a manifest's baseline.
    /// </summary>
    public static bool IsDatabaseTellable(SpgBundle full) =>
        full.IsFull && (full.Baseline == 0 || full.Header.WalPos == 0);

    private bool CompareDatabase((BundleHeader Header, SpgBundle Bundle) full) =>
        IsSameDatabase(full, quick: false)
            ? true
            : throw Foreign("a CHECKPOINT happened since the chain's full: the database file is a different one");

    private bool IsSameDatabase((BundleHeader Header, SpgBundle Bundle) chainFull, bool quick)
    {
        var full = chainFull.Bundle;
        using var bundle = _context.Disk.OpenRead(chainFull.Header.FullName);
        var length = (long)full.Header.SnapLen;
        if (_source.Database is not { } database)
        {
            return _traces[0]?.IsEmpty ?? IsEmptyCatalog(bundle, length);
        }
        var entry = _source.DatabaseEntry!;
        if (entry.Length != length)
        {
            return false;
        }
        Span<byte> start = stackalloc byte[16];
        start = start[..database.ReadUpTo(start, 0)];
        if (!SameRange(database, bundle, 0, start.Length))
        {
            return false;
        }
        if (SpgSnapshotCheck.EndsWithChecksum(start))
        {
            return SameRange(database, bundle, length - 4, 4);
        }
        // No checksum to compare. A file that nobody touched since the full was dated is the one the full holds.
        var quiet = full.CreatedUtc - ClockMargin;
        return quick
            || (entry.ModifiedUtc < quiet && entry.ChangedUtc < quiet)
            || (
                _traces[0] is { } traces
                    ? traces.Snapshot == SpgTraces.DigestOf(database, 0, length, _context)
                    : SameRange(database, bundle, 0, length)
            );
    }

    /// <summary>There is no database file: as long as that is so, the chain must begin with an empty catalogue.</summary>
    public static bool IsEmptyCatalog(IDiskFile bundle, long length)
    {
        const int LongestEmpty = 1 << 16;
        if (length > LongestEmpty)
        {
            return false;
        }
        var check = new SpgSnapshotCheck(length, walk: false);
        check.Append(bundle.UpTo(SpgBundleHeader.FixedLength, (int)length));
        try
        {
            return check.Finish() is { TableCount: 0, EnvelopeVersion: 0 };
        }
        catch (BackupException)
        {
            return false;
        }
    }

    private bool SameRange(IDiskFile database, IDiskFile bundle, long start, long length)
    {
        var ours = ArrayPool<byte>.Shared.Rent((int)Math.Min(Block, Math.Max(1, length)));
        var theirs = ArrayPool<byte>.Shared.Rent(ours.Length);
        try
        {
            for (var at = start; at < start + length; )
            {
                _context.Cancellation.ThrowIfCancellationRequested();
                var size = (int)Math.Min(Math.Min(ours.Length, theirs.Length), start + length - at);
                if (
                    bundle.ReadUpTo(ours.AsSpan(0, size), SpgBundleHeader.FixedLength + at) < size
                    || database.ReadUpTo(theirs.AsSpan(0, size), at) < size
                    || !ours.AsSpan(0, size).SequenceEqual(theirs.AsSpan(0, size))
                )
                {
                    return false;
                }
                at += size;
            }
            return true;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(ours);
            ArrayPool<byte>.Shared.Return(theirs);
        }
    }

    /// <summary>The last resort: all frames before the position, from where the log begins to count.</summary>
    private void ScanUpToSince()
    {
        var manifest = _source.ReadManifest(_context.Warn);
        var start = manifest is { WalBaseline: var b } && b <= Since && BelongsToDatabase(manifest) ? (long)b : 0;
        var range = new FileRange(start, (long)Since);
        var scan = new SpgSliceScan(start);
        _context.Progress.Expect(range.Length);
        BackupException.Naming(_source.Files.Wal, () => _context.Read(Wal, range, scan.Append));
        if (!scan.Scanner.IsAtFrameEnd)
        {
            throw new BackupException(
                ErrorCode.SinceInsideFrame,
                $"position {Since} lies inside the frame that starts at {scan.Scanner.FrameEnd}",
                _source.Files.Wal,
                scan.Scanner.FrameEnd
            );
        }
        _isFrameEnd = true;
        _openAtSince = false;
        if (scan.Scanner.TransactionStart is { } open)
        {
            _context.Warn(
                $"position {Since} lies inside a transaction that began at {open}: unless the chain holds its "
                    + "beginning, a restore loses its rows"
            );
            _openAtSince = true;
        }
    }

    private bool BelongsToDatabase(SpgSegmentManifest manifest)
    {
        if (manifest.WalBaseline == 0 || _source.Database is not { } database)
        {
            return false;
        }
        var crc = new Crc32();
        var range = new FileRange(0, _source.DatabaseEntry!.Length);
        _context.Read(database, range, crc.Append);
        return crc.GetCurrentHashAsUInt32() == manifest.CatalogCrc32;
    }

    /// <summary>Rarely needed: the frames of the whole chain, to know how it ends; null when it holds none or is damaged.</summary>
    private SpgWalScanner? ScanChain()
    {
        if (_path.Count == 0 || !_path.Any(p => p.Bundle.SliceLength > 0))
        {
            return null;
        }
        var scan = new SpgSliceScan((long)_path[0].Bundle.Start);
        try
        {
            foreach (var (header, bundle) in _path)
            {
                using var file = _context.Disk.OpenRead(header.FullName);
                var range = new FileRange(bundle.SliceOffset, bundle.SliceOffset + bundle.SliceLength);
                _context.Read(file, range, scan.Append);
            }
            return scan.Scanner;
        }
        catch (BackupException e) when (e.Kind == ErrorKind.Damaged)
        {
            return null;
        }
    }

    private BackupException Foreign(string message) =>
        new(
            ErrorCode.ForeignEpoch,
            message,
            _source.Files.Wal,
            recommendation: "Take a new full backup: the log was restarted since the last one."
        );
}
