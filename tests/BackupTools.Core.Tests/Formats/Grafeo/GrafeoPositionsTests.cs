using System.Text;
using BackupTools.Errors;
using BackupTools.Formats.Grafeo;

namespace BackupTools.Tests.Formats.Grafeo;

public class GrafeoPositionsTests
{
    private static readonly GrafeoPositions Two = new(
        [new("/a \"b\"", 1, 2, 3), new(@"C:\é", ulong.MaxValue, ulong.MaxValue, 0)],
        1775000000000
    );

    private static readonly string TwoText = """
        {
          "version": 1,
          "cursor_timestamp_ms": 1775000000000,
          "positions": [
            {
              "destination": "/a \"b\"",
              "epoch": 1,
              "log_sequence": 2,
              "wal_lsn": 3
            },
            {
              "destination": "C:\\é",
              "epoch": 18446744073709551615,
              "log_sequence": 18446744073709551615,
              "wal_lsn": 0
            }
          ]
        }

        """.ReplaceLineEndings("\n");

    [Fact]
    public void Positions_are_written_one_member_a_line_and_read_back()
    {
        Assert.Equal(TwoText, Encoding.UTF8.GetString(Two.Write()));
        var read = Read(TwoText);
        Assert.Equal(Two.Positions, read.Positions);
        Assert.Equal(Two.CursorTimestampMs, read.CursorTimestampMs);
    }

    [Fact]
    public void No_positions_are_an_empty_list()
    {
        const string text = "{\n  \"version\": 1,\n  \"cursor_timestamp_ms\": 0,\n  \"positions\": []\n}\n";
        Assert.Equal(text, Encoding.UTF8.GetString(new GrafeoPositions([], 0).Write()));
        Assert.Empty(Read(text).Positions);
    }

    [Fact]
    public void Positions_cut_anywhere_are_refused()
    {
        var bytes = Two.Write();
        for (var length = 0; length < bytes.Length - 1; length++)
            GrafeoBytes.Refused(() => GrafeoPositions.Read(bytes.AsSpan(0, length)));
    }

    [Theory]
    [InlineData("""{"version":2}""", ErrorCode.UnsupportedVersion, "positions of version 2 are not known", 11)]
    [InlineData("""{"version":0}""", ErrorCode.UnsupportedVersion, "positions of version 0 are not known", 11)]
    [InlineData("[]", ErrorCode.Malformed, "the JSON has StartArray where an object should be", 0)]
    [InlineData(
        """{"positions":{"destination":"/a"}}""",
        ErrorCode.Malformed,
        "the JSON has StartObject where a list should be",
        13
    )]
    [InlineData("""{"positions":[{"epoch":1}]}""", ErrorCode.Malformed, "missing field `destination`", 14)]
    [InlineData("""{"version":1,"positions":[]}""", ErrorCode.Malformed, "missing field `cursor_timestamp_ms`", 0)]
    public void Positions_of_another_shape_are_refused_at_the_byte(
        string json,
        ErrorCode code,
        string message,
        long offset
    )
    {
        var error = GrafeoBytes.Refused(() => Read(json));
        Assert.Equal((code, message, offset), (error.Code, error.Message, error.Offset));
    }

    private static GrafeoPositions Read(string json) => GrafeoPositions.Read(Encoding.UTF8.GetBytes(json));
}
