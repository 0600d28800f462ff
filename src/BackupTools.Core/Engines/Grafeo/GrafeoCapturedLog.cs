using BackupTools.Formats.Grafeo;

namespace BackupTools.Engines.Grafeo;

/// <summary>A range of the log that is staged as an increment.</summary>
/// <param name="LastEpoch">The last epoch inside.</param>
/// <param name="Checksum">CRC-32 of the whole file.</param>
/// <param name="Length">Bytes of the file.</param>
/// <param name="CursorLsn">0.6.0: the first position of the segment that the next increment begins with.</param>
internal sealed record GrafeoCapturedLog(ulong LastEpoch, uint Checksum, long Length, ulong? CursorLsn)
{
    /// <summary>Its entry in a manifest.</summary>
    public GrafeoSegment Entry(string name, ulong start, ulong createdMs) =>
        new(GrafeoSegmentKind.Incremental, name, start, LastEpoch, Checksum, (ulong)Length, createdMs);
}
