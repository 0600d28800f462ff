using BackupTools.Errors;
using BackupTools.Formats.Grafeo;

namespace BackupTools.Engines.Grafeo;

/// <summary>
/// The log segments of one path through a chain (0.6.0): whether each continues where its predecessor ends.
/// </summary>
internal sealed class GrafeoSegmentRow
{
    private readonly SortedDictionary<ulong, GrafeoWalSegment> _segments = [];
    private string? _databaseId;
    private ulong _lsn;
    private bool _lsnKnown;
    private ulong? _begin; // of the first segment that goes beyond the image

    /// <summary>The longest copy of each segment, by position.</summary>
    public IReadOnlyCollection<GrafeoWalSegment> Segments => _segments.Values;

    /// <summary>The row begins with an image.</summary>
    public void BeginWith(GrafeoContainerHeader image)
    {
        _databaseId = image.DatabaseId;
        _lsn = image.Active.CheckpointLsn;
        _lsnKnown = true;
    }

    /// <summary>What is known of the end no longer holds: the next segment may begin anywhere.</summary>
    public void Forget()
    {
        _lsnKnown = false;
        _begin = null;
    }

    /// <summary>
    /// A segment continues where the log ended, or is one that is here already and has grown: what the engine accepts.
    /// </summary>
    public void Place(GrafeoWalSegment segment)
    {
        _databaseId ??= segment.Header.DatabaseId;
        if (!string.Equals(_databaseId, segment.Header.DatabaseId, StringComparison.Ordinal))
        {
            throw new BackupException(
                ErrorCode.ForeignEpoch,
                $"the WAL belongs to database {segment.Header.DatabaseId}, not {_databaseId}",
                segment.Path,
                segment.Offset + 16
            );
        }
        if (_segments.TryGetValue(segment.FirstLsn, out var known))
        {
            if (known.Header != segment.Header)
            {
                throw new BackupException(
                    ErrorCode.ForeignEpoch,
                    $"two different WAL segments start at LSN {segment.FirstLsn}: the database's history has forked",
                    segment.Path,
                    segment.Offset
                );
            }
            return;
        }
        if (_lsnKnown && segment.EndLsn <= (_begin ?? _lsn))
        {
            return; // older than the image: the engine's cursor was kept back for another folder
        }
        // The first one may begin before the image: what is in the image already is skipped.
        var follows = !_lsnKnown || segment.FirstLsn == _lsn || (_begin is null && segment.FirstLsn < _lsn);
        if (!_lsnKnown)
        {
            _lsn = segment.FirstLsn;
            _lsnKnown = true;
        }
        if (!follows)
        {
            throw new BackupException(
                segment.FirstLsn > _lsn ? ErrorCode.ChainGap : ErrorCode.ChainOverlap,
                $"the WAL has a gap: what precedes it ends at LSN {_lsn}, "
                    + $"but the segment starts at LSN {segment.FirstLsn}",
                segment.Path,
                segment.Offset + 32
            );
        }
        _begin ??= segment.FirstLsn;
    }

    /// <summary>Whether the group of this frame is not in what precedes it; if so, the row now ends with it.</summary>
    public bool Extends(GrafeoFrame frame)
    {
        if (frame.GroupLsn < _lsn)
        {
            return false;
        }
        _lsn = frame.EndLsn;
        return true;
    }

    /// <summary>The whole segment was read.</summary>
    public void Add(GrafeoWalSegment segment)
    {
        _lsn = Math.Max(_lsn, segment.EndLsn);
        _segments[segment.FirstLsn] =
            _segments.TryGetValue(segment.FirstLsn, out var shorter) && shorter.Length > segment.Length
                ? shorter
                : segment;
    }
}
