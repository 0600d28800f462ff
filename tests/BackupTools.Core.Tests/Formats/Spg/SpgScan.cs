using BackupTools.Errors;
using BackupTools.Formats.Spg;

namespace BackupTools.Tests.Formats.Spg;

/// <summary>A log, scanned in pieces of one size.</summary>
internal static class SpgScan
{
    public sealed record ScanResult(
        SpgWalScanner Scanner,
        List<SpgWalFrame> Frames,
        SpgTornTail? Torn,
        BackupException? Error
    );

    public static ScanResult Scan(byte[] wal, int piece, int? upTo = null)
    {
        var scanner = new SpgWalScanner();
        var frames = new List<SpgWalFrame>();
        ReadOnlySpan<byte> rest = wal.AsSpan(0, upTo ?? wal.Length);
        try
        {
            while (!rest.IsEmpty)
            {
                var part = rest[..Math.Min(piece, rest.Length)];
                rest = rest[part.Length..];
                while (scanner.TryRead(ref part, out var frame))
                {
                    frames.Add(frame);
                }
            }
            return new ScanResult(scanner, frames, scanner.Finish(), null);
        }
        catch (BackupException e)
        {
            return new ScanResult(scanner, frames, null, e);
        }
    }

    public static List<SpgWalFrame> Feed(SpgWalScanner scanner, ReadOnlySpan<byte> bytes)
    {
        var frames = new List<SpgWalFrame>();
        while (scanner.TryRead(ref bytes, out var frame))
        {
            frames.Add(frame);
        }
        return frames;
    }
}
