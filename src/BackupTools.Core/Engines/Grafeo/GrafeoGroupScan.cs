using BackupTools.Errors;
using BackupTools.Formats.Grafeo;

namespace BackupTools.Engines.Grafeo;

/// <summary>
/// Follows the frames of one 0.6.0 log segment as they pass and sums up the complete groups. Damage does not throw:
/// it ends the scan, and the caller says what it means.
/// </summary>
/// <param name="segment">The segment, for positions and offsets.</param>
/// <param name="checkCrc">False to follow the framing only.</param>
/// <param name="onGroup">Called with the last frame of each complete group.</param>
internal sealed class GrafeoGroupScan(
    GrafeoWalSegment segment,
    bool checkCrc = true,
    Action<GrafeoFrame>? onGroup = null
)
{
    private readonly GrafeoFrameReader _reader = new(segment.FirstLsn, segment.Frames.Start, checkCrc);

    /// <summary>Offset after the last complete group.</summary>
    public long GroupEnd { get; private set; } = segment.Frames.Start;

    /// <summary>Offset after the last whole frame.</summary>
    public long FrameEnd => _reader.End;

    /// <summary>Position after the last complete group.</summary>
    public ulong GroupEndLsn { get; private set; } = segment.FirstLsn;

    /// <summary>Complete groups with records; seals are not counted.</summary>
    public ulong Groups { get; private set; }

    /// <summary>What ended the scan before the data did; null for nothing.</summary>
    public BackupException? Damage { get; private set; }

    /// <summary>What the data ends with when that is not a complete group: damage, or something cut off.</summary>
    public BackupException? Tail => Damage ?? _reader.Torn();

    /// <summary>The next bytes.</summary>
    public void Take(ReadOnlySpan<byte> block)
    {
        if (Damage is not null)
        {
            return;
        }
        try
        {
            while (_reader.Read(ref block, out var frame))
            {
                if (!frame.EndsGroup)
                {
                    continue;
                }
                GroupEnd = _reader.End;
                GroupEndLsn = frame.EndLsn;
                Groups += frame.Epoch is null ? 0ul : 1;
                onGroup?.Invoke(frame);
            }
        }
        catch (BackupException e)
        {
            Damage = e;
        }
    }
}
