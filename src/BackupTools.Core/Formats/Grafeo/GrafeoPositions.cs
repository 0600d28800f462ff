using System.Text;
using System.Text.Json;
using BackupTools.Errors;
using BackupTools.Formats.Primitives;

namespace BackupTools.Formats.Grafeo;

/// <summary>How far the backups in one folder reach, in terms of the engine's cursor.</summary>
/// <param name="Destination">The folder, absolute; the cursor's own path for backups that the engine itself takes.</param>
/// <param name="Epoch">As <see cref="GrafeoCursor.BackedUpEpoch"/>.</param>
/// <param name="LogSequence">As <see cref="GrafeoCursor.LogSequence"/>.</param>
/// <param name="WalLsn">As <see cref="GrafeoCursor.WalLsn"/>; 0 in 0.5.x.</param>
internal sealed record GrafeoPosition(string Destination, ulong Epoch, ulong LogSequence, ulong WalLsn);

/// <summary>
/// Our side file beside the engine's cursor: the position of every destination. The engine has one cursor; it must be
/// the oldest of these, or all destinations but one would get holes.
/// </summary>
/// <param name="Positions">One per destination.</param>
/// <param name="CursorTimestampMs">The time in the cursor we wrote last: another one is the engine's own work.</param>
internal sealed record GrafeoPositions(IReadOnlyList<GrafeoPosition> Positions, ulong CursorTimestampMs)
{
    private const uint Version = 1;

    /// <summary>Reads the file.</summary>
    /// <exception cref="BackupException">Malformed or UnsupportedVersion, with the offset.</exception>
    public static GrafeoPositions Read(ReadOnlySpan<byte> bytes)
    {
        var positions = new List<GrafeoPosition>();
        ulong written = 0;
        GrafeoJson.ReadDocument(
            bytes,
            new Dictionary<string, GrafeoJson.MemberReader>(StringComparer.Ordinal)
            {
                ["version"] = static (ref Utf8JsonReader r) => ReadVersion(ref r),
                ["cursor_timestamp_ms"] = (ref Utf8JsonReader r) => written = GrafeoJson.U64(ref r),
                ["positions"] = (ref Utf8JsonReader r) => ReadPositions(ref r, positions),
            }
        );
        return new GrafeoPositions(positions, written);
    }

    /// <summary>The file's bytes.</summary>
    public byte[] Write()
    {
        var text = new StringBuilder();
        text.Append(
            $"{{\n  \"version\": {Version},\n  \"cursor_timestamp_ms\": {CursorTimestampMs},\n  \"positions\": ["
        );
        for (var i = 0; i < Positions.Count; i++)
        {
            var position = Positions[i];
            text.Append(i == 0 ? "\n    {\n" : ",\n    {\n")
                .Append($"      \"destination\": {JsonText.Quote(position.Destination)},\n")
                .Append($"      \"epoch\": {position.Epoch},\n")
                .Append($"      \"log_sequence\": {position.LogSequence},\n")
                .Append($"      \"wal_lsn\": {position.WalLsn}\n    }}");
        }
        return Encoding.UTF8.GetBytes(text.Append(Positions.Count == 0 ? "]\n}\n" : "\n  ]\n}\n").ToString());
    }

    private static void ReadVersion(ref Utf8JsonReader reader)
    {
        var version = GrafeoJson.U32(ref reader);
        if (version != Version)
        {
            throw Fault.UnsupportedVersion($"positions of version {version} are not known", reader.TokenStartIndex);
        }
    }

    private static void ReadPositions(ref Utf8JsonReader reader, List<GrafeoPosition> positions)
    {
        GrafeoJson.Expect(ref reader, JsonTokenType.StartArray, "a list");
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            var destination = "";
            ulong epoch = 0;
            ulong sequence = 0;
            ulong lsn = 0;
            GrafeoJson.ReadObject(
                ref reader,
                new Dictionary<string, GrafeoJson.MemberReader>(StringComparer.Ordinal)
                {
                    ["destination"] = (ref Utf8JsonReader r) => destination = GrafeoJson.Text(ref r),
                    ["epoch"] = (ref Utf8JsonReader r) => epoch = GrafeoJson.U64(ref r),
                    ["log_sequence"] = (ref Utf8JsonReader r) => sequence = GrafeoJson.U64(ref r),
                    ["wal_lsn"] = (ref Utf8JsonReader r) => lsn = GrafeoJson.U64(ref r),
                }
            );
            positions.Add(new GrafeoPosition(destination, epoch, sequence, lsn));
        }
    }
}
