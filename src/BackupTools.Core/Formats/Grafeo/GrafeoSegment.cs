using System.Globalization;

namespace BackupTools.Formats.Grafeo;

/// <summary>What a segment of a backup folder holds. The values are the bincode variants.</summary>
internal enum GrafeoSegmentKind
{
    /// <summary>An image of the database.</summary>
    Full = 0,

    /// <summary>A range of the write-ahead log.</summary>
    Incremental = 1,
}

/// <summary>One entry of a backup manifest (Grafeo format, §3.1 and §7.3).</summary>
/// <param name="Kind">Image or log.</param>
/// <param name="FileName">The segment's file, relative to the manifest's folder. Untrusted: may say anything.</param>
/// <param name="StartEpoch">First epoch inside; 0 for a full, end + 1 for an increment of schema changes only.</param>
/// <param name="EndEpoch">Last epoch inside.</param>
/// <param name="Checksum">CRC-32 of the whole file.</param>
/// <param name="SizeBytes">Length of the file.</param>
/// <param name="CreatedAtMs">When it was taken, in milliseconds since 1970.</param>
internal sealed record GrafeoSegment(
    GrafeoSegmentKind Kind,
    string FileName,
    ulong StartEpoch,
    ulong EndEpoch,
    uint Checksum,
    ulong SizeBytes,
    ulong CreatedAtMs
)
{
    /// <summary>The name the engine gives a segment: the index counts all segments, whatever their kind (§3.3).</summary>
    public static string NameOf(GrafeoSegmentKind kind, int index) => NameOf(kind, $"{index:D4}");

    /// <summary>A name like the engine's with something else instead of the index.</summary>
    public static string NameOf(GrafeoSegmentKind kind, string mark) =>
        kind == GrafeoSegmentKind.Full ? $"backup_full_{mark}.grafeo" : $"backup_incr_{mark}.wal";

    /// <summary>Whether a file has the name of a segment.</summary>
    public static bool IsName(string name) =>
        name.StartsWith("backup_full_", StringComparison.Ordinal) && name.EndsWith(".grafeo", StringComparison.Ordinal)
        || name.StartsWith("backup_incr_", StringComparison.Ordinal) && name.EndsWith(".wal", StringComparison.Ordinal);

    /// <summary>The index in a name that the engine gives; null for any other name. Case does not count.</summary>
    public int? NamedIndex()
    {
        var digits = FileName.Length > 12 ? FileName[12..].Split('.')[0] : "";
        return
            int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var index)
            && (
                FileName.Equals(NameOf(GrafeoSegmentKind.Full, index), StringComparison.OrdinalIgnoreCase)
                || FileName.Equals(NameOf(GrafeoSegmentKind.Incremental, index), StringComparison.OrdinalIgnoreCase)
            )
            ? index
            : null;
    }
}
