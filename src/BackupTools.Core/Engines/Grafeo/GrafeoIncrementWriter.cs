using System.Buffers.Binary;
using System.IO.Hashing;
using BackupTools.Files;
using BackupTools.Formats.Grafeo;
using BackupTools.Formats.Primitives;

namespace BackupTools.Engines.Grafeo;

/// <summary>
/// Puts together an increment of 0.6.0 (Grafeo format, §7.3): a header, then each log segment after its length. The
/// segments are written by the caller; what comes before them is known only when the last one is there.
/// </summary>
internal sealed class GrafeoIncrementWriter
{
    private const int Prefix = sizeof(ulong);

    private readonly List<(long Length, uint Crc)> _segments = [];

    /// <summary>The offset at which the next segment belongs.</summary>
    public long NextSegment { get; private set; } = GbakHeader.Size + Prefix;

    /// <summary>A segment stands at <see cref="NextSegment"/>.</summary>
    /// <param name="length">Bytes, its header included.</param>
    /// <param name="crc">CRC-32 of these.</param>
    public void Add(long length, uint crc)
    {
        _segments.Add((length, crc));
        NextSegment += length + Prefix;
    }

    /// <summary>Writes the header and the lengths, and cuts off what follows.</summary>
    public GrafeoCapturedLog Finish(IDiskFile target, GbakHeader header)
    {
        var bytes = header.Write();
        target.Write(bytes, 0);
        var crc = Crc32.HashToUInt32(bytes);
        long at = GbakHeader.Size;
        foreach (var (length, segmentCrc) in _segments)
        {
            var prefix = new byte[Prefix];
            BinaryPrimitives.WriteInt64LittleEndian(prefix, length);
            target.Write(prefix, at);
            crc = Crc32Combine.Of(crc, Crc32.HashToUInt32(prefix), Prefix);
            crc = Crc32Combine.Of(crc, segmentCrc, length);
            at += Prefix + length;
        }
        target.SetLength(at);
        return new GrafeoCapturedLog(header.EndEpoch, crc, at, null);
    }
}
