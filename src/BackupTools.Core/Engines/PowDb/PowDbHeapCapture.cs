using System.IO.Hashing;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.PowDb;
using Blake3;

namespace BackupTools.Engines.PowDb;

/// <summary>
/// Captures one heap of whole pages in one pass: page checks, the file's digest, a fingerprint per page, and either a
/// copy or the pages that differ from the state before, whatever their LSNs say (PowDB format, §6, §7; §9, defects 1
/// and 2).
/// </summary>
internal sealed class PowDbHeapCapture : IDisposable
{
    private const int Rereads = 4;

    private readonly IDiskFile _source;
    private readonly string _name;
    private readonly long _length;
    private readonly PowDbBaseline? _baseline;
    private readonly long _basePages;
    private readonly PowDbTableWriter _table;
    private readonly EngineContext _context;
    private readonly Hasher _hasher = Hasher.New();
    private readonly IDiskFile? _copy;
    private readonly Func<string, IDiskFile> _create;

    private readonly byte[] _fingerprints;
    private readonly byte[] _baseFingerprints;
    private readonly PageSet _known;
    private readonly PageSet _emit;
    private readonly PageSet? _changed;
    private readonly PowDbSuccession? _succession;
    private readonly PowDbHeapEvidence? _evidence;
    private PowDbHeadHeap? _before;
    private readonly byte[] _pageBefore = new byte[PowDbPage.Size];
    private PowDbDeltaWriter? _delta;
    private ulong _maxLsn;
    private int _unproven;

    /// <summary>Prepares the capture of an open heap; nothing is read yet.</summary>
    /// <param name="source">The heap.</param>
    /// <param name="name">Its name.</param>
    /// <param name="length">How much of it to capture: whole pages.</param>
    /// <param name="baseline">The state to compare with; null for a full.</param>
    /// <param name="succession">Receives what the pages say about following that state; null for a full.</param>
    /// <param name="table">Receives the fingerprints.</param>
    /// <param name="create">Makes a file in the bundle.</param>
    /// <param name="context">The run.</param>
    public PowDbHeapCapture(
        IDiskFile source,
        string name,
        long length,
        PowDbBaseline? baseline,
        PowDbSuccession? succession,
        PowDbTableWriter table,
        Func<string, IDiskFile> create,
        EngineContext context
    )
    {
        (_source, _name, _length, _baseline, _succession, _table, _create, _context) = (
            source,
            name,
            length,
            baseline,
            succession,
            table,
            create,
            context
        );
        var pages = length / PowDbPage.Size;
        _basePages =
            baseline is not null
            && baseline.Files.TryGetValue(name, out var before)
            && before.Length % PowDbPage.Size == 0
                ? before.Length / PowDbPage.Size
                : -1;
        // One that nobody can compare page by page says nothing.
        _evidence =
            _basePages >= 0 || baseline?.Files.ContainsKey(name) == false
                ? succession?.Of(name, Math.Max(0, _basePages))
                : null;
        var window = (int)Math.Min(Math.Max(pages, _basePages), PowDbFingerprints.WindowPages);
        _fingerprints = new byte[window * PowDbFingerprints.Size];
        _emit = new PageSet(window);
        _known = new PageSet(window);
        _baseFingerprints = _basePages < 0 ? [] : new byte[_fingerprints.Length];
        // The format cannot make a heap shorter, and a new one, or one without rows, must be there whole (§9).
        if (_basePages < 0 || pages < _basePages)
        {
            _copy = create(name);
        }
        else
        {
            _changed = new PageSet(pages);
        }
    }

    /// <summary>Reads the heap.</summary>
    /// <exception cref="BackupException">
    /// SourceDamaged for a page that is and stays corrupt, SourceChanging for one that changes with every look.
    /// </exception>
    public PowDbCaptured Run(int threads)
    {
        OrderedBlocks.Run(
            _source,
            _length,
            _length,
            OrderedBlocks.BlockSize / PowDbPage.Size * PowDbFingerprints.Size,
            _copy is null ? threads : OrderedBlocks.WhileWriting(threads),
            Work,
            Commit,
            _copy is null ? null : (offset, block) => _copy.Write(block, offset),
            _context
        );
        PowDbCapturedPages? pages = null;
        if (_delta is not null)
        {
            var (length, digest) = _delta.Finish();
            pages = new PowDbCapturedPages(_changed!, length, digest);
        }
        return new PowDbCaptured
        {
            Name = _name,
            Length = _length,
            Blake3 = _hasher.Finalize(),
            IsWhole = _copy is not null,
            Pages = pages,
            MaxLsn = _maxLsn,
            HasUnprovenPages = _unproven > 0,
        };
    }

    public void Dispose()
    {
        _copy?.Dispose();
        _delta?.Dispose();
        _hasher.Dispose();
        _before?.Dispose();
    }

    private void Work(long offset, Span<byte> block, Span<byte> fingerprints)
    {
        var crc = new Crc32();
        var first = offset / PowDbPage.Size;
        ulong highest = 0;
        for (var at = 0; at < block.Length; at += PowDbPage.Size)
        {
            var page = block.Slice(at, PowDbPage.Size);
            highest = Math.Max(highest, Prove(page, first + (at / PowDbPage.Size), crc));
            if (!PowDbPageHeader.Read(page).HasChecksum)
            {
                Interlocked.Exchange(ref _unproven, 1);
            }
        }
        InterlockedMax(ref _maxLsn, highest);
        using var mac = new PowDbPageMac(_table.Key);
        mac.Compute(block, fingerprints);
    }

    /// <summary>A page that is being written looks corrupt for a moment, so it gets five looks in 150 ms.</summary>
    private ulong Prove(Span<byte> page, long index, Crc32 crc)
    {
        for (var look = 0; ; look++)
        {
            try
            {
                return PowDbPage.Check(page, index, crc);
            }
            catch (BackupException e) when (ErrorCodes.KindOf(e.Code) == ErrorKind.Damaged)
            {
                Span<byte> again = new byte[PowDbPage.Size];
                _context.Cancellation.WaitHandle.WaitOne(TimeSpan.FromMilliseconds(5 << look));
                _context.Cancellation.ThrowIfCancellationRequested();
                HashingCopy.ReadExactly(_source, again, index * PowDbPage.Size);
                if (look == Rereads)
                {
                    throw again.SequenceEqual(page)
                        ? e.At(_source.Path).AsSourceDamaged()
                        : new BackupException(ErrorCode.SourceChanging, $"page {index} keeps changing", _source.Path);
                }
                again.CopyTo(page);
            }
        }
    }

    private void Commit(long offset, Span<byte> block, ReadOnlySpan<byte> fingerprints)
    {
        _hasher.Update(block);
        for (var at = 0; at < block.Length; at += PowDbPage.Size)
        {
            var page = (offset + at) / PowDbPage.Size;
            var place = (int)(page % PowDbFingerprints.WindowPages);
            if (place == 0)
            {
                BeginWindow(page);
            }
            var fingerprint = fingerprints.Slice(at / PowDbPage.Size * PowDbFingerprints.Size, PowDbFingerprints.Size);
            var slot = place * PowDbFingerprints.Size;
            fingerprint.CopyTo(_fingerprints.AsSpan(slot));
            var bytes = block.Slice(at, PowDbPage.Size);
            if (!IsKept(page, place, fingerprint, bytes) && _changed is not null)
            {
                _emit.Add(place);
                _changed.Add(page);
                _delta ??= new PowDbDeltaWriter(_create(PowDbDelta.DeltaOf(_name)));
                _delta.Add((uint)page, bytes);
            }
            if (place == PowDbFingerprints.WindowPages - 1 || offset + at + PowDbPage.Size == _length)
            {
                EndWindow(page, place + 1);
            }
        }
    }

    /// <summary>Compares a page with what it was, and notes what that says.</summary>
    private bool IsKept(long page, int place, ReadOnlySpan<byte> fingerprint, ReadOnlySpan<byte> bytes)
    {
        if (page >= _basePages)
        {
            _evidence?.TakeNew(bytes);
            return false;
        }
        if (!_known.Contains(place))
        {
            _evidence?.TakeUnknown(bytes);
            return false;
        }
        var before = _baseFingerprints.AsSpan(place * PowDbFingerprints.Size, PowDbFingerprints.Size);
        if (fingerprint.SequenceEqual(before))
        {
            _evidence?.TakeKept(bytes);
            return true;
        }
        if (_evidence is not null && _succession!.Traces is { } traces)
        {
            var heap = traces.Heaps.GetValueOrDefault(_name);
            if (heap is null || page >= heap.Pages)
            {
                throw new BackupException(
                    ErrorCode.IdentityRequired,
                    $"page {page} of {_name} changed, and what it was is not kept on this machine",
                    _source.Path
                );
            }
            _evidence.TakeChanged(heap.LsnOf(page), heap.Rows.GetValueOrDefault(page), traces.Key, bytes);
        }
        else if (_evidence is not null)
        {
            _before ??= _succession!.OpenBefore(_name);
            _before.Read(page, before, _pageBefore);
            _evidence.TakeChanged(_pageBefore, bytes);
        }
        return false;
    }

    private void BeginWindow(long page)
    {
        _emit.Clear();
        _known.Clear();
        if (page >= _basePages)
        {
            return;
        }
        var pages = (int)Math.Min(_basePages - page, PowDbFingerprints.WindowPages);
        var window = (uint)(page / PowDbFingerprints.WindowPages);
        _baseline!.ReadWindow(_name, window, pages, _baseFingerprints, _known, _emit);
    }

    private void EndWindow(long lastPage, int pages)
    {
        var window = (uint)(lastPage / PowDbFingerprints.WindowPages);
        var listed = _emit.Count * PowDbFingerprints.ListedSize;
        if (_changed is null || _baseline!.On is null || listed >= pages * (long)PowDbFingerprints.Size)
        {
            _table.Append(
                new PowDbFingerprintSegment(_name, window, true, pages),
                _fingerprints.AsSpan(0, pages * PowDbFingerprints.Size)
            );
        }
        else if (listed > 0)
        {
            _table.Append(
                new PowDbFingerprintSegment(_name, window, false, (int)_emit.Count),
                PowDbFingerprints.List(_emit.All(), _fingerprints)
            );
        }
    }

    private static void InterlockedMax(ref ulong target, ulong value)
    {
        for (var seen = Volatile.Read(ref target); value > seen; )
        {
            var found = Interlocked.CompareExchange(ref target, value, seen);
            if (found == seen)
            {
                return;
            }
            seen = found;
        }
    }
}
