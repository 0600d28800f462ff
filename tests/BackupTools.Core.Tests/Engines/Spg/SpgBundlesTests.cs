using System.Globalization;
using BackupTools.Chains;
using BackupTools.Engines;
using BackupTools.Engines.Spg;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Tests.Formats.Spg;

namespace BackupTools.Tests.Engines.Spg;

public sealed class SpgBundlesTests
{
    [Theory]
    [MemberData(nameof(SpgBundleHeaderTests.Bundles), MemberType = typeof(SpgBundleHeaderTests))]
    public void Header_and_checksum_give_what_inspection_gives(string name)
    {
        using var harness = new EngineHarness(new SpgEngine());
        var expected = SpgFixtures.Json("expected-inspect.json").GetProperty("inspect").GetProperty(name);
        var read = Assert.Single(harness.Engine.ReadBundles(SpgFixtures.PathOf(name), harness.Context()));
        if (expected.TryGetProperty("err", out var text) && text.GetString()!.Contains("mismatch"))
        {
            // The header costs two small reads; the checksum is only computed on request.
            var problems = harness.Verify([read.Header!], VerifyDepth.Checksums);
            Assert.Contains(problems, p => p.Message == text.GetString() && p.Code == ErrorCode.ChecksumMismatch);
        }
        else if (expected.TryGetProperty("err", out text))
        {
            Assert.Null(read.Header);
            Assert.Equal(text.GetString(), read.Error!.Message);
            Assert.Equal(SpgFixtures.PathOf(name), read.Error.FullName);
        }
        else
        {
            var ok = expected.GetProperty("ok");
            Assert.Equal(ok.GetProperty("wal_pos").GetUInt64(), read.Header!.End.Value);
            Assert.Equal(PositionUnit.WalBytes, read.Header.End.Unit);
            Assert.Equal(
                DateTimeOffset.UnixEpoch.AddMicroseconds(ok.GetProperty("ts_micros").GetUInt64()),
                read.Header.CreatedUtc
            );
            if (ok.GetProperty("kind").GetInt32() == 1)
            {
                Assert.Equal(BundleKind.Incremental, read.Header.Kind);
                Assert.Equal(ok.GetProperty("since").GetUInt64(), read.Header.Start.Value);
            }
        }
    }

    [Theory]
    [InlineData("bundles/full-v2.bkp", "SPGBKUP v2", "ca219547")]
    [InlineData("bundles/full-v1.bkp", "SPGBKUP v1", null)]
    public void A_server_made_full_stands_for_one_position(string name, string format, string? checksum)
    {
        using var harness = new EngineHarness(new SpgEngine());
        var header = Assert.Single(harness.Read(SpgFixtures.PathOf(name)));
        Assert.Equal(BundleKind.Full, header.Kind);
        Assert.Equal(262ul, header.Start.Value);
        Assert.Equal(262ul, header.End.Value);
        Assert.Equal(format, header.Format);
        Assert.Equal(checksum, header.Checksum);
        Assert.Equal(new FileInfo(SpgFixtures.PathOf(name)).Length, header.Length);
        Assert.Null(header.Series);
        Assert.Matches("^[0-9a-f]{64}$", header.Id);
    }

    [Fact]
    public void Copies_share_an_id_and_different_bundles_do_not()
    {
        using var harness = new EngineHarness(new SpgEngine());
        var copy = harness.At("copy of it.bkp");
        File.Copy(SpgFixtures.PathOf("bundles/incr-1.bkp"), copy);
        var headers = harness.Read(SpgFixtures.PathOf("bundles"));
        Assert.Equal(13, headers.Count);
        Assert.Equal(13, headers.Select(h => h.Id).Distinct().Count());
        Assert.Contains(harness.Read(copy).Single().Id, headers.Select(h => h.Id));
    }

    [Fact]
    public void A_folder_yields_its_bundles_whatever_their_names_and_nothing_else()
    {
        using var harness = new EngineHarness(new SpgEngine());
        File.Copy(SpgFixtures.PathOf("bundles/full-v2.bkp"), harness.At("renamed.dat"));
        File.Copy(SpgFixtures.PathOf("bundles/incr-1.bkp"), harness.At("one.BKP"));
        File.WriteAllText(harness.At("broken.bkp"), "not a bundle at all");
        File.WriteAllText(harness.At("notes.txt"), "hello");
        File.WriteAllBytes(harness.At("empty"), []);
        Directory.CreateDirectory(harness.At("folder.bkp"));
        using var staging = StagingArea.Create(harness.Disk, harness.Folder, TimeProvider.System);
        File.Copy(SpgFixtures.PathOf("bundles/incr-2.bkp"), staging.PathOf("bundle.bkp"));
        var read = harness.Engine.ReadBundles(harness.Folder, harness.Context()).ToList();
        Assert.Equal(["broken.bkp", "one.BKP", "renamed.dat"], read.Select(r => Path.GetFileName(r.FullName)));
        Assert.Equal("bundle too short", read[0].Error!.Message);
        Assert.Equal(ErrorKind.Damaged, read[0].Error!.Kind);
    }

    [Fact]
    public void A_path_that_is_not_there_is_an_error()
    {
        using var harness = new EngineHarness(new SpgEngine());
        var error = Assert.Throws<BackupException>(() => harness.Read(harness.At("nowhere")));
        Assert.Equal(ErrorCode.PathNotFound, error.Code);
    }

    [Fact]
    public void Reading_a_header_costs_kilobytes_whatever_the_size()
    {
        var disk = new HookedDisk();
        using var harness = new EngineHarness(new SpgEngine(), disk);
        var path = harness.At("large.bkp");
        var header = new byte[33];
        SpgFixtures.Bytes("bundles/full-v2.bkp").AsSpan(0, 25).CopyTo(header);
        const long Snap = 10L << 30;
        BitConverter.TryWriteBytes(header.AsSpan(25), Snap);
        using (var file = File.OpenWrite(path))
        {
            // 10 GB, all of it a hole.
            file.Write(header);
            file.SetLength(33 + Snap + 16 + 4);
        }
        Assert.Equal(Snap + 53, harness.Read(path).Single().Length);
        Assert.InRange(disk.BytesRead[path], 33, 8192);
    }

    [Theory]
    [InlineData("a-20261120T041000123Z-full.bkp", "a")]
    [InlineData("a-20261120T041000123Z-incr-2.bkp", "a")]
    [InlineData("my-db-20261120T041000123Z-incr.bkp", "my-db")]
    [InlineData("a-20261120T041000123Z-full-after-20991120T041000123Z.bkp", "a")]
    [InlineData("a-20261120T041000123Z-incr-after-20991120T041000123Z-2.bkp", "a")]
    [InlineData("full-v2.bkp", null)]
    [InlineData("-20261120T041000123Z-full.bkp", null)]
    [InlineData("a-20261120-full.bkp", null)]
    public void The_series_is_what_our_names_begin_with(string name, string? series) =>
        Assert.Equal(series, SpgBundles.SeriesOf(name));

    [Theory]
    [InlineData("a-20261120T041000123Z-full-after-20991120T041000123Z.bkp", "2099-11-20T04:10:00.1230000Z")]
    [InlineData("a-20261120T041000123Z-full-after-20991120T041000123Z-2.bkp", "2099-11-20T04:10:00.1230000Z")]
    [InlineData("a-20261120T041000123Z-full-after-20991399T041000123Z.bkp", null)] // no date
    [InlineData("a-20261120T041000123Z-full-after-2099.bkp", null)]
    [InlineData("after-20991120T041000123Z.bkp", null)]
    public void What_a_bundle_was_taken_after_stands_in_its_name(string name, string? time)
    {
        using var harness = new EngineHarness(new SpgEngine());
        var path = harness.At(name);
        File.Copy(SpgFixtures.PathOf("bundles/full-v2.bkp"), path);

        var after = harness.Read(path).Single().TakenAfterUtc;
        Assert.Equal(time, after?.UtcDateTime.ToString("O", CultureInfo.InvariantCulture));
    }

    [Fact]
    public void What_inspection_accepts_but_no_restore_may_is_noted()
    {
        using var harness = new EngineHarness(new SpgEngine());
        var notes = harness
            .Engine.ReadBundles(SpgFixtures.PathOf("bad"), harness.Context())
            .Where(r => r.Header is { Notes.Count: > 0 })
            .ToDictionary(r => Path.GetFileName(r.FullName), r => r.Header!.Notes[0].Message);
        Assert.Contains("neither full", notes["kind7-ACCEPTED.bkp"], StringComparison.Ordinal);
        Assert.Contains("without a snapshot", notes["full-snap-empty-ACCEPTED.bkp"], StringComparison.Ordinal);
        Assert.Contains("with a snapshot", notes["incr-with-snap-ACCEPTED.bkp"], StringComparison.Ordinal);
        Assert.Contains("wal_pos 99", notes["incr-walpos-inconsistent-ACCEPTED.bkp"], StringComparison.Ordinal);
        Assert.Contains("truncated in wal", notes["v1-trunc-wal-ACCEPTED.bkp"], StringComparison.Ordinal);
        Assert.Contains("unexpected bytes", notes["v1-trailing-garbage-ACCEPTED.bkp"], StringComparison.Ordinal);
        Assert.Contains("since 123", notes["full-since-nonzero-ACCEPTED.bkp"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("states/S0.v8.db", true)]
    [InlineData("snap/S0.env5.db", true)]
    [InlineData("states/S0.wal", false)]
    [InlineData("bundles/full-v2.bkp", false)]
    [InlineData("bundles", false)]
    [InlineData("nowhere.db", false)]
    public void A_database_is_recognised_by_its_first_bytes(string name, bool expected)
    {
        using var harness = new EngineHarness(new SpgEngine());
        Assert.Equal(expected, harness.Engine.RecognisesSource(SpgFixtures.PathOf(name), harness.Context()));
    }

    [Theory]
    [InlineData("wal/all-types.wal", true)]
    [InlineData("states/S2.wal", true)]
    [InlineData("wal/empty.wal", false)]
    [InlineData("restore/expected.rows.txt", false)]
    [InlineData("bundles/full-v2.bkp", false)]
    public void A_database_that_has_no_file_yet_is_recognised_by_its_log(string name, bool expected)
    {
        using var box = new SpgBox();
        box.Put(null, SpgFixtures.Bytes(name));
        Assert.Equal(expected, box.Harness.Engine.RecognisesSource(box.Db, box.Harness.Context()));
    }

    [Theory]
    [InlineData(2, true)]
    [InlineData(1, false)]
    public void A_log_whose_first_frame_is_large_is_recognised_by_its_announced_checksum(int version, bool expected)
    {
        using var box = new SpgBox();
        var text = new string('x', 2 << 20);
        box.Put(null, version == 2 ? SpgFrames.V2(text) : SpgFrames.V1(text));
        Assert.Equal(expected, box.Harness.Engine.RecognisesSource(box.Db, box.Harness.Context()));
    }

    [Fact]
    public void A_damaged_log_alone_is_not_recognised_and_never_throws()
    {
        using var box = new SpgBox();
        box.Put(null, SpgFixtures.Bytes("wal/bitflip-v2-payload.wal")[26..]);
        Assert.False(box.Harness.Engine.RecognisesSource(box.Db, box.Harness.Context()));
    }
}
