using System.Globalization;
using System.IO.Hashing;
using System.Text.Json;
using BackupTools.Errors;
using BackupTools.Formats.Spg;

namespace BackupTools.Tests.Formats.Spg;

public sealed class SpgBundleHeaderTests
{
    public static TheoryData<string> Bundles
    {
        get
        {
            var all = new TheoryData<string>();
            foreach (var bundle in SpgFixtures.Json("expected-inspect.json").GetProperty("inspect").EnumerateObject())
            {
                all.Add(bundle.Name);
            }
            return all;
        }
    }

    [Fact]
    public void The_fixtures_list_87_bundles() => Assert.Equal(87, Bundles.Count);

    [Theory]
    [MemberData(nameof(Bundles))]
    public void Inspection_gives_the_header_or_the_exact_text(string name)
    {
        var expected = SpgFixtures.Json("expected-inspect.json").GetProperty("inspect").GetProperty(name);
        var bytes = SpgFixtures.Bytes(name);
        if (expected.TryGetProperty("err", out var text))
        {
            var error = Assert.Throws<BackupException>(() => Inspect(bytes));
            Assert.Equal(text.GetString(), error.Message);
            Assert.Equal(ErrorKind.Damaged, error.Kind);
        }
        else
        {
            var header = Inspect(bytes);
            var ok = expected.GetProperty("ok");
            Assert.Equal(Number(ok, "kind"), header.Kind);
            Assert.Equal(Number(ok, "since"), header.Since);
            Assert.Equal(Number(ok, "ts_micros"), header.TsMicros);
            Assert.Equal(Number(ok, "snap_len"), header.SnapLen);
            Assert.Equal(Number(ok, "wal_pos"), header.WalPos);
            Assert.Equal(Number(ok, "wal_len"), header.WalLen);
        }
    }

    [Theory]
    [InlineData("bundles/full-v2.bkp")]
    [InlineData("bundles/incr-1.bkp")]
    [InlineData("bundles/full-v1.bkp")]
    public void A_written_header_is_byte_equal_to_the_reference(string name)
    {
        var bytes = SpgFixtures.Bytes(name);
        var header = Inspect(bytes);
        var start = new byte[SpgBundleHeader.FixedLength];
        var walFields = new byte[SpgBundleHeader.WalFieldsLength];
        header.WriteFixed(start);
        header.WriteWalFields(walFields);
        Assert.Equal(bytes[..33], start);
        Assert.Equal(bytes.AsSpan((int)header.WalFieldsOffset, 16).ToArray(), walFields);
    }

    [Theory]
    [InlineData("bad/v1-trunc-wal-ACCEPTED.bkp")]
    [InlineData("bad/v1-wallen-i63.bkp")]
    [InlineData("bad/v1-wallen-umax.bkp")]
    [InlineData("bad/v1-wallen-wrap-body0.bkp")]
    [InlineData("bad/v1-wallen-wrap-exact.bkp")]
    public void A_v1_bundle_that_is_cut_in_its_log_is_caught_before_the_log_is_read(string name)
    {
        var bytes = SpgFixtures.Bytes(name);
        var header = Inspect(bytes);
        var error = Assert.Throws<BackupException>(() => header.CheckBody((ulong)bytes.Length));
        Assert.Equal(ErrorCode.Truncated, error.Code);
    }

    [Theory]
    [InlineData("bundles/incr-1-v1.bkp", 0)]
    [InlineData("bundles/incr-1.bkp", 0)]
    [InlineData("bad/v2-relabelled-v1-ACCEPTED.bkp", 4)]
    public void Bytes_behind_a_v1_bundle_are_counted(string name, int expected)
    {
        var bytes = SpgFixtures.Bytes(name);
        Assert.Equal((ulong)expected, Inspect(bytes).CheckBody((ulong)bytes.Length));
    }

    [Theory]
    [InlineData(3, 0, ErrorCode.Truncated)]
    [InlineData(0, 0, ErrorCode.Truncated)]
    [InlineData(4, 1, ErrorCode.Truncated)]
    [InlineData(10, 7, ErrorCode.Truncated)]
    [InlineData(10, ulong.MaxValue, ErrorCode.Truncated)]
    [InlineData(10, 5, ErrorCode.Malformed)]
    [InlineData(10, 0, ErrorCode.Malformed)]
    public void A_v2_bundle_is_cut_or_has_bytes_too_many(ulong behindTheFields, ulong walLen, ErrorCode code)
    {
        var error = Assert.Throws<BackupException>(() =>
            Full(0, 0).WithWalFields(Fields(walLen), 62 + behindTheFields)
        );
        Assert.Equal(code, error.Code);
        Assert.Equal("v2 bundle: trailing CRC missing or extra bytes after CRC", error.Message);
        Assert.Equal(33 + 13 + 8, error.Offset); // where wal_len stands
    }

    [Fact]
    public void A_log_that_reaches_beyond_its_v1_bundle_is_told_by_the_place_of_its_length()
    {
        var header = (Full(0, 0) with { Version = 1 }).WithWalFields(Fields(11), 72);
        Assert.Equal(0ul, header.CheckBody(73));
        var error = Assert.Throws<BackupException>(() => header.CheckBody(72));
        Assert.Equal("v1 bundle truncated in wal (wal_len=11, 10 bytes left)", error.Message);
        Assert.Equal(33 + 13 + 8, error.Offset);
    }

    [Fact]
    public void The_mark_tells_our_full_from_a_slice_that_starts_at_zero()
    {
        var wal = SpgFixtures.Bytes("states/S0.wal");
        var ours = Full(walPos: 1000 + (ulong)wal.Length, walLen: 17 + (ulong)wal.Length);
        Assert.Equal(1000ul, SpgBaselineMark.BaselineOf(ours, [.. SpgBaselineMark.Bytes, .. wal]));
        Assert.Null(SpgBaselineMark.BaselineOf(ours, wal));
        Assert.Equal(0ul, SpgBaselineMark.BaselineOf(Full(walPos: 500, walLen: 517), SpgBaselineMark.Bytes));
        Assert.Null(SpgBaselineMark.BaselineOf(ours with { Version = 1 }, SpgBaselineMark.Bytes));
        Assert.Null(SpgBaselineMark.BaselineOf(ours with { Kind = 1 }, SpgBaselineMark.Bytes));
        Assert.Null(SpgBaselineMark.BaselineOf(ours with { WalPos = 100 }, SpgBaselineMark.Bytes));
        // A log that begins with the server's own marker at offset 0, taken whole: it must not pass for ours.
        var whole = Full(walPos: 5000, walLen: 5000);
        Assert.Null(SpgBaselineMark.BaselineOf(whole, SpgBaselineMark.Bytes));
        Assert.Null(SpgBaselineMark.BaselineOf(Full(walPos: 5000, walLen: 17), SpgBaselineMark.Bytes));
    }

    [Fact]
    public void The_mark_is_a_marker_frame_that_names_offset_zero() =>
        Assert.Equal(SpgFrames.Marker(0), SpgBaselineMark.Bytes.ToArray());

    private static byte[] Fields(ulong walLen) => [.. new byte[8], .. BitConverter.GetBytes(walLen)];

    private static SpgBundleHeader Full(ulong walPos, ulong walLen) =>
        new()
        {
            Version = 2,
            Kind = 0,
            Since = 0,
            TsMicros = 0,
            SnapLen = 13,
            WalPos = walPos,
            WalLen = walLen,
        };

    /// <summary>Steps 2 to 7 of §1.2 with the parts that a reader of a large file would fetch.</summary>
    private static SpgBundleHeader Inspect(byte[] file)
    {
        var length = (ulong)file.Length;
        var header = SpgBundleHeader.ParseFixed(file.AsSpan(0, Math.Min(file.Length, 33)), length);
        header = header.WithWalFields(file.AsSpan((int)header.WalFieldsOffset, 16), length);
        if (header.Version == 2)
        {
            SpgBundleHeader.CheckCrc(
                BitConverter.ToUInt32(file.AsSpan((int)header.BodyLength)),
                Crc32.HashToUInt32(file.AsSpan(0, (int)header.BodyLength))
            );
        }
        return header;
    }

    private static ulong Number(JsonElement value, string name) =>
        ulong.Parse(value.GetProperty(name).GetRawText(), CultureInfo.InvariantCulture);
}
