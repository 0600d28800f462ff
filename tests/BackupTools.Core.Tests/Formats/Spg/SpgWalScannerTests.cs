using System.IO.Hashing;
using System.Text;
using BackupTools.Errors;
using BackupTools.Formats.Spg;
using FsCheck;
using FsCheck.Fluent;
using static BackupTools.Tests.Formats.Spg.SpgScan;

namespace BackupTools.Tests.Formats.Spg;

public sealed class SpgWalScannerTests
{
    // What framing alone accepts (the fixtures' list) but the server refuses to replay: the frame's own content.
    private static readonly Dictionary<string, (int Offset, string Text)> s_fatalContent = new()
    {
        ["wal/unknown-type-0x7f.wal"] = (91, "unknown WAL frame type 0x7f at offset 91"),
        ["wal/marker-bad-len.wal"] = (91, "WAL durability marker of 4 bytes instead of 8 at offset 91"),
        ["wal/nonutf8-v2.wal"] = (91, "WAL frame is not valid UTF-8 at offset 91"),
    };

    public static TheoryData<string, int> Wals
    {
        get
        {
            var all = new TheoryData<string, int>();
            foreach (var wal in SpgFixtures.Json("expected-wal-records.json").EnumerateObject())
            {
                foreach (var piece in new[] { 1, 3, 7, 64, 1 << 20 })
                {
                    all.Add(wal.Name, piece);
                }
            }
            return all;
        }
    }

    [Theory]
    [MemberData(nameof(Wals))]
    public void Frames_and_stop_are_as_the_fixtures_say_whatever_the_pieces(string name, int piece)
    {
        var expected = SpgFixtures.Json("expected-wal-records.json").GetProperty(name);
        var records = expected.GetProperty("records").EnumerateArray().ToList();
        var scan = Scan(SliceOf(name), piece);
        if (s_fatalContent.TryGetValue(name, out var fatal))
        {
            Assert.Equal(ErrorCode.Malformed, scan.Error?.Code);
            Assert.Equal(fatal.Offset, scan.Error?.Offset);
            Assert.StartsWith(fatal.Text, scan.Error?.Message, StringComparison.Ordinal);
            records.RemoveAt(records.Count - 1);
        }
        else if (name == "wal/v6-embedded-flag.wal")
        {
            Assert.Equal(ErrorCode.UnsupportedFormat, scan.Error?.Code);
            Assert.Equal(91, scan.Error?.Offset);
        }
        else
        {
            AssertStop(expected.GetProperty("stopped"), scan);
        }
        Assert.Equal(
            records.Select(r =>
                (
                    r.GetProperty("offset").GetInt64(),
                    r.GetProperty("end").GetInt64(),
                    r.GetProperty("v").GetByte(),
                    r.GetProperty("type").ValueKind == System.Text.Json.JsonValueKind.Null
                        ? (byte)0
                        : r.GetProperty("type").GetByte(),
                    r.GetProperty("len").GetUInt32()
                )
            ),
            scan.Frames.Select(f => (f.Offset, f.End, f.Version, f.Type, f.PayloadLength))
        );
    }

    [Theory]
    [InlineData("torn-1-byte", "WAL truncated at offset 221 (need 4-byte length, have 1)")]
    [InlineData("torn-len-only", "v2/v3 WAL truncated at offset 225 (need 4-byte CRC, have 0)")]
    [InlineData("torn-half-crc", "v2/v3 WAL truncated at offset 225 (need 4-byte CRC, have 2)")]
    [InlineData("torn-no-type", "v3 WAL truncated at offset 229 (need 1-byte type, have 0)")]
    [InlineData("torn-last-byte-missing", "WAL entry truncated (payload_len=24) — dropping tail")]
    [InlineData("torn-no-payload", "WAL entry truncated (payload_len=24) — dropping tail")]
    public void A_torn_tail_is_told_in_the_servers_words(string name, string text)
    {
        var scan = Scan(SpgFixtures.Bytes($"wal/{name}.wal"), 5);
        Assert.Equal(text, scan.Torn?.Text);
        Assert.Equal(221, scan.Scanner.CutPoint);
    }

    [Fact]
    public void A_flipped_bit_is_told_in_the_servers_words()
    {
        var wal = SpgFixtures.Bytes("wal/bitflip-v2-payload.wal");
        var computed = Crc32.HashToUInt32(wal.AsSpan(34, 24));
        var error = Scan(wal, 10).Error!;
        Assert.Equal(ErrorCode.ChecksumMismatch, error.Code);
        Assert.Equal(
            $"WAL CRC mismatch at offset 26 (expected=0x9be8f43f, computed=0x{computed:x8}, payload_len=24) "
                + "— corruption detected, refusing to replay",
            error.Message
        );
    }

    [Fact]
    public void The_cut_point_never_lies_inside_a_transaction()
    {
        var scan = Scan(SpgFixtures.Bytes("states/S2.wal"), 11, upTo: 541);
        Assert.Equal(428, scan.Scanner.CutPoint);
        Assert.Equal(428, scan.Scanner.TransactionStart);
        scan = Scan(SpgFixtures.Bytes("states/S2.wal"), 11, upTo: 555);
        Assert.Equal(555, scan.Scanner.CutPoint);
        Assert.Null(scan.Scanner.TransactionStart);
    }

    [Fact]
    public void A_commit_whose_begin_is_missing_is_noticed()
    {
        var scan = Scan(SliceOf("chain/incr-after-open-tx.bkp"), 4);
        Assert.Equal(0, scan.Scanner.StrayEnd);
        Assert.Null(Scan(SpgFixtures.Bytes("states/S2.wal"), 4).Scanner.StrayEnd);
    }

    [Theory]
    [InlineData("BEGIN", nameof(SpgStatement.Begin))]
    [InlineData("begin;", nameof(SpgStatement.Begin))]
    [InlineData(" \t\r\nStart Transaction", nameof(SpgStatement.Begin))]
    [InlineData("/* a /* nested */ b */ -- and\n BEGIN", nameof(SpgStatement.Begin))]
    [InlineData("COMMIT", nameof(SpgStatement.End))]
    [InlineData("commit work", nameof(SpgStatement.End))]
    [InlineData("END", nameof(SpgStatement.End))]
    [InlineData("ROLLBACK", nameof(SpgStatement.End))]
    [InlineData("ROLLBACK;", nameof(SpgStatement.End))]
    [InlineData("ROLLBACK /* x */", nameof(SpgStatement.End))]
    [InlineData("ROLLBACK WORK", nameof(SpgStatement.End))]
    [InlineData("ROLLBACK TRANSACTION", nameof(SpgStatement.End))]
    [InlineData("ROLLBACK AND NO CHAIN", nameof(SpgStatement.End))]
    [InlineData("ROLLBACK TO s", nameof(SpgStatement.Other))]
    [InlineData("rollback to savepoint s", nameof(SpgStatement.Other))]
    [InlineData("ROLLBACK -- why\n WORK\nTO s", nameof(SpgStatement.Other))]
    [InlineData("ROLLBACK TRANSACTION TO SAVEPOINT s", nameof(SpgStatement.Other))]
    [InlineData("ROLLBACK--why\nTO s", nameof(SpgStatement.Other))]
    [InlineData("ROLLBACK/* why */TO s", nameof(SpgStatement.Other))]
    [InlineData("ROLLBACK AND NO CHAIN TO s", nameof(SpgStatement.End))]
    [InlineData("ROLLBACK TOTAL", nameof(SpgStatement.End))]
    [InlineData("BEGINNING", nameof(SpgStatement.Other))]
    [InlineData("BEGIN_LOG", nameof(SpgStatement.Other))]
    [InlineData("BEGINz", nameof(SpgStatement.Other))]
    [InlineData("BEGINZ", nameof(SpgStatement.Other))]
    [InlineData("BEGIN0", nameof(SpgStatement.Other))]
    [InlineData("BEGIN9", nameof(SpgStatement.Other))]
    [InlineData("ENDÉ", nameof(SpgStatement.Other))]
    [InlineData("TRANSACTIONS BEGIN", nameof(SpgStatement.Other))]
    [InlineData("INSERT INTO t VALUES ('COMMIT')", nameof(SpgStatement.Other))]
    [InlineData("-- BEGIN", nameof(SpgStatement.Other))]
    [InlineData("/* BEGIN", nameof(SpgStatement.Other))]
    [InlineData("- -\nBEGIN", nameof(SpgStatement.Other))]
    [InlineData("/ *x*/ BEGIN", nameof(SpgStatement.Other))]
    [InlineData("- BEGIN", nameof(SpgStatement.Other))]
    [InlineData("'BEGIN'", nameof(SpgStatement.Other))]
    [InlineData("", nameof(SpgStatement.Other))]
    public void The_first_words_say_what_a_statement_does(string sql, string expected)
    {
        foreach (var frame in new[] { SpgFrames.V1(sql), SpgFrames.V2(sql), SpgFrames.V3(sql), SpgFrames.Packed(sql) })
        {
            foreach (var piece in new[] { 1, 2, 1000 })
            {
                Assert.Equal(expected, Assert.Single(Scan(frame, piece).Frames).Statement.ToString());
            }
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    [InlineData(0xFF)]
    public void A_v3_frame_of_an_unknown_type_is_fatal(byte type)
    {
        foreach (var piece in new[] { 3, 1000 })
        {
            var error = Scan(SpgFrames.V3(type, "SELECT 1"u8), piece).Error;
            Assert.Equal(ErrorCode.Malformed, error?.Code);
            Assert.Contains($"unknown WAL frame type 0x{type:x2}", error?.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(0x10)]
    [InlineData(0x11)]
    [InlineData(0x12)]
    [InlineData(0x13)]
    public void A_frame_of_embedded_spg_is_refused_by_name(byte type)
    {
        var error = Scan(SpgFrames.V3(type, "SELECT 1"u8), 3).Error;
        Assert.Equal(ErrorCode.UnsupportedFormat, error?.Code);
        Assert.Contains("embedded SPG", error?.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0x03, new byte[] { }, "without its algorithm byte")]
    [InlineData(0x03, new byte[] { 0, 65 }, "unknown compression algorithm 0")]
    [InlineData(0x03, new byte[] { 2, 65 }, "unknown compression algorithm 2")]
    [InlineData(0x04, new byte[] { 9 }, "unknown compression algorithm 9")]
    [InlineData(0x03, new byte[] { 1, 3, 0 }, "LZSS input ends after 0 bytes")]
    [InlineData(0x03, new byte[] { 1, 3, 0, 0, 0, 0xFF, 65 }, "LZSS input ends after 1 bytes")]
    [InlineData(0x03, new byte[] { 1, 1, 0, 0, 1, 0xFF, 65 }, "LZSS input ends after 1 bytes")]
    [InlineData(0x03, new byte[] { 1, 3, 0, 0, 0, 0xFF, 0xC3 }, "LZSS input ends after 1 bytes")]
    [InlineData(0x03, new byte[] { 1, 9, 0, 0, 0, 0x01, 65, 0x00, 0x00 }, "LZSS back-reference of 0")]
    [InlineData(0x03, new byte[] { 1, 9, 0, 0, 0, 0x01, 65, 0x20, 0x00 }, "LZSS back-reference of 2 after 1")]
    [InlineData(0x03, new byte[] { 1, 3, 0, 0, 0, 0x01, 65, 0x10, 0x00 }, "runs past its length (1 + 3 of 3)")]
    [InlineData(0x04, new byte[] { 0, 0xC3 }, "not valid UTF-8")]
    [InlineData(0x04, new byte[] { 0, 0xC3, 65, 0xA9 }, "not valid UTF-8")]
    [InlineData(0x01, new byte[] { 0xC3, 65, 0xA9 }, "not valid UTF-8")]
    [InlineData(0x03, new byte[] { 1, 1, 0, 0, 0, 0x01, 0xFF }, "not valid UTF-8")]
    public void A_fault_inside_a_checksummed_frame_is_fatal(byte type, byte[] payload, string text)
    {
        foreach (var piece in new[] { 1, 100 })
        {
            var error = Scan(SpgFrames.V3(type, payload), piece).Error;
            Assert.Equal(ErrorCode.Malformed, error?.Code);
            Assert.Contains(text, error?.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_torn_frame_is_torn_whatever_its_content_would_have_been()
    {
        var frame = SpgFrames.V3(0x7F, "SELECT 1"u8);
        Assert.NotNull(Scan(frame[..^1], 3).Torn);
    }

    [Fact]
    public void A_frame_much_larger_than_any_buffer_is_scanned_in_constant_memory()
    {
        // 16 MiB of text in one v3 frame, fed in 64 KiB pieces of which only one exists at a time.
        const int Pieces = 256;
        var piece = new byte[1 << 16];
        piece.AsSpan().Fill((byte)'é' & 0x7F);
        var crc = new Crc32();
        crc.Append([0x01]);
        for (var i = 0; i < Pieces; i++)
        {
            crc.Append(piece);
        }
        var header = new byte[9];
        BitConverter.TryWriteBytes(header, (uint)(Pieces * piece.Length) | 0xC0000000);
        BitConverter.TryWriteBytes(header.AsSpan(4), crc.GetCurrentHashAsUInt32());
        header[8] = 0x01;
        var scanner = new SpgWalScanner();
        Assert.Empty(Feed(scanner, header));
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < Pieces - 1; i++)
        {
            ReadOnlySpan<byte> rest = piece;
            Assert.False(scanner.TryRead(ref rest, out _));
        }
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 16);
        var frame = Assert.Single(Feed(scanner, piece));
        Assert.Equal(9 + (long)Pieces * piece.Length, frame.End);
        Assert.Null(scanner.Finish());
    }

    [Fact]
    public void Any_log_in_any_pieces_gives_back_its_frames()
    {
        var gen =
            from texts in Gen.ListOf(ArbMap.Default.GeneratorFor<NonNull<string>>())
            from kinds in Gen.ListOf(Gen.Choose(0, 4), Math.Max(1, texts.Count))
            from sizes in Gen.NonEmptyListOf(Gen.Choose(1, 40))
            select (texts, kinds, sizes);
        Prop.ForAll(
                gen.ToArbitrary(),
                input =>
                {
                    // A lone surrogate has no UTF-8: let the encoder replace it first.
                    var frames = input
                        .texts.Select((t, i) => FrameOf(input.kinds[i], string.Concat(t.Get, "é€🙂")))
                        .ToList();
                    var scanner = new SpgWalScanner();
                    var ends = new List<long>();
                    ReadOnlySpan<byte> log = frames.SelectMany(f => f).ToArray();
                    for (var i = 0; !log.IsEmpty; i++)
                    {
                        var size = Math.Min(input.sizes[i % input.sizes.Count], log.Length);
                        ends.AddRange(Feed(scanner, log[..size]).Select(f => f.End));
                        log = log[size..];
                    }
                    var expected = new List<long>();
                    foreach (var frame in frames)
                    {
                        expected.Add((expected.Count == 0 ? 0 : expected[^1]) + frame.Length);
                    }
                    return ends.SequenceEqual(expected) && scanner.Finish() is null;
                }
            )
            .QuickCheckThrowOnFailure();
    }

    [Fact]
    public void What_follows_the_announced_length_of_a_packed_text_is_ignored()
    {
        var frame = SpgFrames.V3(0x03, [1, .. SpgFrames.Lzss("COMMIT"u8), .. "XYZ"u8]);
        foreach (var piece in new[] { 1, 1000 })
        {
            Assert.Equal(SpgStatement.End, Assert.Single(Scan(frame, piece).Frames).Statement);
        }
    }

    [Fact]
    public void Whole_frames_behind_a_torn_one_betray_a_damaged_length()
    {
        byte[] later = [.. SpgFrames.V2("INSERT INTO t VALUES (9)"), .. SpgFrames.V3("INSERT INTO t VALUES (10)")];
        var damaged = SpgFrames.V3("INSERT INTO t VALUES (8)");
        damaged[2] = 0x7F;
        byte[] wal = [.. SpgFrames.V1("SELECT 1"), .. damaged, .. later];
        var torn = Scan(wal, 50).Torn!;
        Assert.Equal(12, torn.Offset);
        Assert.True(SpgWalScanner.HoldsWholeFrame(wal.AsSpan((int)torn.Offset)));
        Assert.False(SpgWalScanner.HoldsWholeFrame(wal.AsSpan((int)torn.Offset, damaged.Length)));
        foreach (var name in new[] { "torn-1-byte", "torn-half-crc", "torn-last-byte-missing", "torn-len-only" })
        {
            Assert.False(SpgWalScanner.HoldsWholeFrame(SpgFixtures.Bytes($"wal/{name}.wal").AsSpan(221)));
        }
    }

    private static byte[] FrameOf(int kind, string sql) =>
        kind switch
        {
            0 => SpgFrames.V1(sql),
            1 => SpgFrames.V2(sql),
            2 => SpgFrames.V3(sql),
            3 => SpgFrames.Packed(sql),
            _ => SpgFrames.V3(0x04, [0, .. Encoding.UTF8.GetBytes(sql)]),
        };

    private static void AssertStop(System.Text.Json.JsonElement stopped, ScanResult scan)
    {
        if (stopped.ValueKind == System.Text.Json.JsonValueKind.Null)
        {
            Assert.Null(scan.Error);
            Assert.Null(scan.Torn);
            return;
        }
        var at = stopped[1].GetInt64();
        if (stopped[0].GetString() == "torn")
        {
            Assert.Null(scan.Error);
            Assert.Equal(at, scan.Torn?.Offset);
        }
        else
        {
            Assert.Equal(ErrorCode.ChecksumMismatch, scan.Error?.Code);
            Assert.Equal(at, scan.Error?.Offset);
        }
    }

    private static byte[] SliceOf(string name)
    {
        var bytes = SpgFixtures.Bytes(name);
        if (!name.EndsWith(".bkp", StringComparison.Ordinal))
        {
            return bytes;
        }
        var header = SpgBundleHeader.ParseFixed(bytes, (ulong)bytes.Length);
        header = header.WithWalFields(bytes.AsSpan((int)header.WalFieldsOffset), (ulong)bytes.Length);
        return bytes.AsSpan((int)header.WalOffset, (int)header.WalLen).ToArray();
    }
}
