using BackupTools.Formats.PowDb;
using Blake3;

namespace BackupTools.Engines.PowDb;

/// <summary>Digest and page fingerprints of a file that is put together, of which every byte passes in order.</summary>
internal sealed class PowDbMergedFile : IDisposable
{
    private readonly PowDbStatePart _part;
    private readonly PowDbTableWriter _table;
    private readonly Hasher _hasher = Hasher.New();
    private readonly PowDbPageMac? _mac;
    private readonly byte[] _window = [];
    private int _filled;

    /// <summary>Prepares for a file.</summary>
    /// <param name="part">The file.</param>
    /// <param name="table">Receives the fingerprints.</param>
    public PowDbMergedFile(PowDbStatePart part, PowDbTableWriter table)
    {
        (_part, _table) = (part, table);
        if (part.IsPaged)
        {
            _mac = new PowDbPageMac(table.Key);
            _window = new byte[(int)Math.Min(part.Pages, PowDbFingerprints.WindowPages) * PowDbFingerprints.Size];
        }
    }

    /// <summary>Takes the next bytes: of a heap whole pages, and none beyond a window.</summary>
    public void Take(long offset, ReadOnlySpan<byte> bytes)
    {
        _hasher.Update(bytes);
        if (_mac is null)
        {
            return;
        }
        _mac.Compute(bytes, _window.AsSpan(_filled));
        _filled += bytes.Length / PowDbPage.Size * PowDbFingerprints.Size;
        var pages = (offset + bytes.Length) / PowDbPage.Size;
        if (_filled > 0 && (pages % PowDbFingerprints.WindowPages == 0 || pages == _part.Pages))
        {
            var window = (uint)((pages - 1) / PowDbFingerprints.WindowPages);
            var count = _filled / PowDbFingerprints.Size;
            _table.Append(new PowDbFingerprintSegment(_part.Name, window, true, count), _window.AsSpan(0, _filled));
            _filled = 0;
        }
    }

    /// <summary>The digest of the whole file.</summary>
    public Hash Finish() => _hasher.Finalize();

    public void Dispose()
    {
        _hasher.Dispose();
        _mac?.Dispose();
    }
}
