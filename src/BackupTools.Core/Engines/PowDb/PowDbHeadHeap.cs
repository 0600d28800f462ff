using System.Buffers.Binary;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.PowDb;

namespace BackupTools.Engines.PowDb;

/// <summary>
/// Single pages of a heap as the bundles of a chain hold it; only those that have changed since are looked up. They are
/// asked for in ascending order, so each delta is walked once, by its indices only. Not thread-safe.
/// </summary>
internal sealed class PowDbHeadHeap : IDisposable
{
    private readonly List<Layer> _newestFirst = [];
    private readonly IDiskFile? _whole;
    private readonly byte[] _value = new byte[PowDbFingerprints.Size];
    private readonly PowDbPageMac _mac;

    /// <summary>Opens the whole copy and every delta of it.</summary>
    /// <param name="part">The heap in the chain's state.</param>
    /// <param name="key">The secret of the fingerprints that pages are proved by.</param>
    /// <param name="context">Disk, cancellation.</param>
    /// <exception cref="BackupException">A file is missing or has another length.</exception>
    public PowDbHeadHeap(PowDbStatePart part, UInt128 key, EngineContext context)
    {
        _mac = new PowDbPageMac(key);
        try
        {
            foreach (var layer in part.Layers.Reverse())
            {
                _newestFirst.Add(new Layer(layer, context));
            }
            _whole = part.Bundle?.OpenFile(part.Name, context);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Reads one page and proves it by its fingerprint.</summary>
    /// <exception cref="BackupException">ChecksumMismatch: the chain does not hold the page that it was made of.</exception>
    public void Read(long page, ReadOnlySpan<byte> fingerprint, Span<byte> bytes)
    {
        var (file, offset) = Find(page);
        if (file is not null && offset <= file.Length - PowDbPage.Size)
        {
            HashingCopy.ReadExactly(file, bytes, offset);
            _mac.Compute(bytes[..PowDbPage.Size], _value);
            if (fingerprint.SequenceEqual(_value))
            {
                return;
            }
        }
        throw new BackupException(
            ErrorCode.ChecksumMismatch,
            $"page {page} is not what it was when the backup was made",
            file?.Path,
            offset
        );
    }

    public void Dispose()
    {
        _newestFirst.ForEach(l => l.Dispose());
        _whole?.Dispose();
        _mac.Dispose();
    }

    private (IDiskFile? File, long Offset) Find(long page)
    {
        foreach (var layer in _newestFirst)
        {
            if (page >= layer.TotalPages)
            {
                return (null, 0); // the heap was shorter here: what older bundles hold is gone
            }
            if (layer.Find(page) is { } offset)
            {
                return (layer.File, offset);
            }
        }
        return (_whole, page * PowDbPage.Size);
    }

    /// <summary>A delta and how far it was walked.</summary>
    private sealed class Layer : IDisposable
    {
        private readonly byte[] _index = new byte[sizeof(uint)];
        private readonly long _records;
        private long _at;
        private long _indexAt = -1;

        public Layer(PowDbLayer layer, EngineContext context)
        {
            TotalPages = layer.Pages.TotalPages;
            _records = layer.Pages.PageCount;
            File = layer.Bundle.OpenFile(layer.Pages, context);
        }

        public long TotalPages { get; }

        public IDiskFile File { get; }

        /// <summary>Where the page's bytes begin; null when the delta does not hold it.</summary>
        public long? Find(long page)
        {
            if (_indexAt < page)
            {
                Advance(page);
            }
            return _indexAt == page ? (_at * PowDbDelta.RecordSize) + sizeof(uint) : null;
        }

        public void Dispose() => File.Dispose();

        /// <summary>To the first record of the page or a later one: in growing steps, then by halves.</summary>
        private void Advance(long page)
        {
            var low = _at;
            var high = _at;
            for (long step = 1; high < _records && IndexOf(high) < page; step *= 2)
            {
                low = high + 1;
                high = Math.Min(_records, high + step);
            }
            while (low < high)
            {
                var middle = low + ((high - low) / 2);
                (low, high) = IndexOf(middle) < page ? (middle + 1, high) : (low, middle);
            }
            _at = low;
            _indexAt = low < _records ? IndexOf(low) : long.MaxValue;
        }

        private uint IndexOf(long record)
        {
            HashingCopy.ReadExactly(File, _index, record * PowDbDelta.RecordSize);
            return BinaryPrimitives.ReadUInt32LittleEndian(_index);
        }
    }
}
