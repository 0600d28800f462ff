using System.IO.Hashing;

namespace BackupTools.Formats.Spg;

/// <summary>
/// Scans a log while it is copied and keeps the CRC-32 of everything up to the last place where it may be cut, so that
/// neither the cut nor the checksum needs a second pass.
/// </summary>
internal sealed class SpgSliceScan(long offset)
{
    private readonly Crc32 _crc = new();

    /// <summary>The frames; its coordinates begin at the offset that was given.</summary>
    public SpgWalScanner Scanner { get; } = new(offset);

    /// <summary>CRC-32 of the bytes from the start to <see cref="SpgWalScanner.CutPoint"/>.</summary>
    public uint CrcAtCut { get; private set; }

    /// <summary>Takes the next bytes; throws what <see cref="SpgWalScanner.TryRead"/> throws.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        var start = Scanner.Position;
        var cut = Scanner.CutPoint;
        var rest = bytes;
        while (Scanner.TryRead(ref rest, out _)) { }
        if (Scanner.CutPoint > cut)
        {
            // A frame that ends moves the cut, and it ends within these bytes.
            var covered = (int)(Scanner.CutPoint - start);
            _crc.Append(bytes[..covered]);
            CrcAtCut = _crc.GetCurrentHashAsUInt32();
            bytes = bytes[covered..];
        }
        _crc.Append(bytes);
    }
}
