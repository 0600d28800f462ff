using BackupTools.Formats.PowDb;
using Blake3;

namespace BackupTools.Engines.PowDb;

/// <summary>Digest and page fingerprints of a file that is put together, of which every byte passes in order.</summary>
internal sealed class PowDbMergedFile(PowDbStatePart part, PowDbTableWriter table) : IDisposable
{
    private readonly Hasher _hasher = Hasher.New();
    private readonly PowDbPageMac? _mac = part.IsPaged ? new(table.Key) : null;
    private readonly byte[] _window = new byte[
        part.IsPaged ? (int)Math.Min(part.Pages, PowDbFingerprints.WindowPages) * PowDbFingerprints.Size : 0
    ];
    private int _filled;

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
        if (_filled > 0 && (pages % PowDbFingerprints.WindowPages == 0 || pages == part.Pages))
        {
            var window = (uint)((pages - 1) / PowDbFingerprints.WindowPages);
            var count = _filled / PowDbFingerprints.Size;
            table.Append(new PowDbFingerprintSegment(part.Name, window, true, count), _window.AsSpan(0, _filled));
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
