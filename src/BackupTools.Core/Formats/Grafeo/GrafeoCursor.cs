using System.Text;
using System.Text.Json;

namespace BackupTools.Formats.Grafeo;

/// <summary>
/// Where the database's next incremental backup begins (Grafeo format, §3.2 and §7.3): the file
/// <c>backup_cursor.meta</c> among the log files. It also makes the engine keep the log from there on.
/// </summary>
/// <param name="BackedUpEpoch">The last epoch that a backup holds.</param>
/// <param name="LogSequence">0.5.x: the log file up to which, inclusive, everything is in a backup; else 0.</param>
/// <param name="WalLsn">0.6.0: the first position not yet backed up, always the first of a segment; null in 0.5.x.</param>
/// <param name="TimestampMs">When it was written, in milliseconds since 1970.</param>
internal sealed record GrafeoCursor(ulong BackedUpEpoch, ulong LogSequence, ulong? WalLsn, ulong TimestampMs)
{
    /// <summary>Reads a cursor of either generation.</summary>
    /// <exception cref="Errors.BackupException">Truncated or Malformed, with the offset.</exception>
    public static GrafeoCursor Read(ReadOnlySpan<byte> bytes)
    {
        if (GrafeoJson.IsJson(bytes))
        {
            return ReadJson(bytes);
        }
        var reader = new BincodeReader(bytes);
        var cursor = new GrafeoCursor(reader.U64(), reader.U64(), null, reader.U64());
        reader.End("cursor");
        return cursor;
    }

    /// <summary>The file's bytes: bincode without a <see cref="WalLsn"/>, else JSON.</summary>
    public byte[] Write() =>
        WalLsn is { } lsn
            ? Encoding.UTF8.GetBytes(
                $"{{\n  \"backed_up_epoch\": {BackedUpEpoch},\n  \"log_sequence\": {LogSequence},\n"
                    + $"  \"wal_lsn\": {lsn},\n  \"timestamp_ms\": {TimestampMs}\n}}"
            )
            : new BincodeWriter().U64(BackedUpEpoch).U64(LogSequence).U64(TimestampMs).ToArray();

    private static GrafeoCursor ReadJson(ReadOnlySpan<byte> bytes)
    {
        ulong epoch = 0;
        ulong sequence = 0;
        ulong lsn = 0;
        ulong time = 0;
        GrafeoJson.ReadDocument(
            bytes,
            new Dictionary<string, GrafeoJson.MemberReader>(StringComparer.Ordinal)
            {
                ["backed_up_epoch"] = (ref Utf8JsonReader r) => epoch = GrafeoJson.U64(ref r),
                ["log_sequence"] = (ref Utf8JsonReader r) => sequence = GrafeoJson.U64(ref r),
                ["wal_lsn"] = (ref Utf8JsonReader r) => lsn = GrafeoJson.U64(ref r),
                ["timestamp_ms"] = (ref Utf8JsonReader r) => time = GrafeoJson.U64(ref r),
            }
        );
        return new GrafeoCursor(epoch, sequence, lsn, time);
    }
}
