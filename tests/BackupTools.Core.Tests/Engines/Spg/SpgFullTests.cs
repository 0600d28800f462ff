using System.IO.Hashing;
using BackupTools.Chains;
using BackupTools.Engines;
using BackupTools.Errors;
using BackupTools.Formats.Primitives;
using BackupTools.Tests.Formats.Spg;
using Blake3;

namespace BackupTools.Tests.Engines.Spg;

public sealed class SpgFullTests
{
    [Fact]
    public void A_full_of_a_database_with_an_empty_log_is_what_the_server_writes()
    {
        using var box = new SpgBox();
        var db = SpgFixtures.Bytes("states/S0.v8.db");
        box.Put(db, []);
        var full = box.Full();
        var bytes = File.ReadAllBytes(full.FullName);
        // As the reference's own bundle of that state, but for the clock and the length of the log.
        var reference = SpgFixtures.Bytes("bundles/full-v2.bkp");
        Assert.Equal(reference.Length, bytes.Length);
        Assert.Equal(reference[..17], bytes[..17]);
        Assert.Equal(reference[25..147], bytes[25..147]);
        Assert.Equal(0ul, BitConverter.ToUInt64(bytes, 147));
        Assert.Equal(0ul, BitConverter.ToUInt64(bytes, 155));
        Assert.Equal(Crc32.HashToUInt32(bytes.AsSpan(0, 163)), BitConverter.ToUInt32(bytes, 163));
        Assert.Equal("a", full.Series);
        Assert.Equal((0ul, 0ul), (full.Start.Value, full.End.Value));
        Assert.Empty(full.Notes);
        Assert.Empty(box.Warnings);
        var restored = box.Restore([full]);
        Assert.Equal(db, restored.Db);
        Assert.Empty(restored.Wal);
    }

    [Theory]
    [InlineData("states/S0.v8.db")]
    [InlineData("states/S0.v9.db")]
    [InlineData("states/S0.v59.db")]
    [InlineData("snap/S0.env1.db")]
    [InlineData("snap/S0.env5.db")]
    public void A_full_of_a_database_with_a_log_restores_alone_to_now(string name)
    {
        using var box = new SpgBox();
        var db = SpgFixtures.Bytes(name);
        var wal = SpgFixtures.Bytes("states/S2.wal")[262..];
        box.Put(db, wal);
        var full = box.Full();
        Assert.Equal((0ul, 508ul), (full.Start.Value, full.End.Value));
        Assert.Equal(33 + db.Length + 16 + 17 + 508 + 4, full.Length);
        Assert.Empty(box.Harness.Verify([full]));
        var restored = box.Restore([full], deep: true);
        Assert.Equal(db, restored.Db);
        Assert.Equal(wal, restored.Wal);
        Assert.Equal(508ul, restored.Result.End.Value);
        // Any place inside is a target, as it is in the slices of increments.
        Assert.Equal(wal[..166], box.Restore([full], cutAt: 166).Wal);
        Assert.Empty(box.Restore([full], cutAt: 0).Wal);
    }

    [Fact]
    public void A_database_without_a_file_yet_is_captured_with_an_empty_catalogue()
    {
        using var box = new SpgBox();
        var wal = SpgFixtures.Bytes("states/S2.wal");
        box.Put(null, wal);
        var full = box.Full();
        var restored = box.Restore([full]);
        Assert.Equal(SpgFixtures.Bytes("snap/empty-catalog.v8.db"), restored.Db);
        Assert.Equal(wal, restored.Wal);
    }

    [Fact]
    public void A_database_without_a_log_is_captured_with_a_warning()
    {
        using var box = new SpgBox();
        box.Put(SpgFixtures.Bytes("states/S0.v8.db"), null);
        var plan = box.Harness.Engine.PlanCapture(Request(box), box.Harness.Context());
        Assert.Equal(ErrorCode.WalMissing, Assert.Single(plan.Warnings).Code);
        Assert.Equal(0ul, box.Full().End.Value);
    }

    [Fact]
    public void The_log_may_carry_the_whole_name_of_the_database_or_lie_elsewhere()
    {
        using var box = new SpgBox();
        var wal = SpgFixtures.Bytes("states/S0.wal");
        box.Put(SpgFixtures.Bytes("snap/empty-catalog.v8.db"), null);
        var elsewhere = box.Harness.At("elsewhere.log");
        File.WriteAllBytes(elsewhere, wal);
        Assert.Equal(262ul, box.Full(new EngineOptions { WalPath = elsewhere }).End.Value);
        File.WriteAllBytes(box.Db + ".wal", wal[..110]);
        Assert.Equal(110ul, box.Full().End.Value);
        File.WriteAllBytes(box.Wal, wal[..68]);
        Assert.Equal(68ul, box.Full().End.Value);
    }

    [Theory]
    [InlineData("torn-1-byte", 221)]
    [InlineData("torn-half-crc", 221)]
    [InlineData("torn-len-only", 221)]
    [InlineData("torn-no-payload", 221)]
    [InlineData("torn-no-type", 221)]
    [InlineData("torn-last-byte-missing", 221)]
    public void A_torn_tail_is_left_out_and_told(string name, ulong end)
    {
        using var box = new SpgBox();
        box.Put(SpgFixtures.Bytes("snap/empty-catalog.v8.db"), SpgFixtures.Bytes($"wal/{name}.wal"));
        var full = box.Full();
        Assert.Equal(end, full.End.Value);
        Assert.Contains("not a whole frame", Assert.Single(box.Warnings), StringComparison.Ordinal);
        Assert.Empty(box.Harness.Verify([full]));
    }

    [Fact]
    public void A_transaction_that_is_open_is_left_out_whole()
    {
        using var box = new SpgBox();
        box.Put(SpgFixtures.Bytes("snap/empty-catalog.v8.db"), SpgFixtures.Bytes("states/S2.wal")[..541]);
        var full = box.Full();
        Assert.Equal(428ul, full.End.Value);
        Assert.Equal(SpgFixtures.Bytes("states/S2.wal")[..428], box.Restore([full]).Wal);
    }

    [Fact]
    public void A_log_of_nothing_but_an_open_transaction_gives_a_full_without_log()
    {
        using var box = new SpgBox();
        box.Put(SpgFixtures.Bytes("snap/empty-catalog.v8.db"), SpgFrames.V2("BEGIN"));
        var full = box.Full();
        Assert.Equal(33 + 13 + 16 + 4, full.Length);
        Assert.Equal(0ul, full.End.Value);
    }

    [Fact]
    public void The_baseline_of_a_manifest_that_belongs_to_the_database_is_honoured()
    {
        using var box = new SpgBox();
        var db = SpgFixtures.Bytes("states/S0.v9.db");
        var wal = SpgFixtures.Bytes("states/S2.wal");
        box.Put(db, wal);
        box.PutManifest(SpgSegmentManifestTests.Manifest(0, [], 262, catalogCrc: Crc32.HashToUInt32(db)));
        var full = box.Full();
        Assert.Equal((262ul, 770ul), (full.Start.Value, full.End.Value));
        var restored = box.Restore([full]);
        Assert.Equal(wal[262..], restored.Wal);
        // Positions stay those of the primary's log.
        Assert.Equal(wal[262..428], box.Restore([full], cutAt: 428).Wal);
        box.Append(SpgFrames.V3("SELECT 1"));
        var increment = box.Increment(full);
        Assert.Equal(770ul, increment.Start.Value);
        Assert.Equal([.. wal[262..], .. SpgFrames.V3("SELECT 1")], box.Restore([full, increment]).Wal);
    }

    [Fact]
    public void A_manifest_of_another_database_file_is_ignored()
    {
        using var box = new SpgBox();
        box.Put(SpgFixtures.Bytes("states/S0.v9.db"), SpgFixtures.Bytes("states/S2.wal"));
        box.PutManifest(SpgSegmentManifestTests.Manifest(0, [], 262, catalogCrc: 12345));
        Assert.Equal(0ul, box.Full().Start.Value);
        Assert.Empty(box.Warnings);
    }

    [Fact]
    public void A_damaged_manifest_is_ignored_with_a_warning_as_the_server_does()
    {
        using var box = new SpgBox();
        box.Put(SpgFixtures.Bytes("states/S0.v9.db"), SpgFixtures.Bytes("states/S2.wal"));
        box.PutManifest(SpgFixtures.Bytes("manifest/bad-bitflip.manifest.v10"));
        Assert.Equal(0ul, box.Full().Start.Value);
        Assert.Contains("manifest: CRC32 mismatch", Assert.Single(box.Warnings), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(10_000ul)]
    [InlineData(17ul)]
    public void A_baseline_that_cannot_be_is_refused(ulong baseline)
    {
        using var box = new SpgBox();
        var db = SpgFixtures.Bytes("states/S0.v9.db");
        box.Put(db, SpgFixtures.Bytes("states/S2.wal"));
        box.PutManifest(SpgSegmentManifestTests.Manifest(0, [], baseline, catalogCrc: Crc32.HashToUInt32(db)));
        Refused(box, ErrorCode.SourceDamaged, "manifest");
    }

    [Fact]
    public void Cold_segments_named_by_the_manifest_are_refused_by_name()
    {
        using var box = new SpgBox();
        box.Put(SpgFixtures.Bytes("states/S0.v9.db"), []);
        box.PutManifest(SpgFixtures.Bytes("manifest/upstream-unit-test-sample.manifest.v10"));
        Refused(box, ErrorCode.ColdSegments, ".spg");
    }

    [Fact]
    public void Cold_segments_on_disk_are_refused_by_name()
    {
        using var box = new SpgBox();
        box.Put(SpgFixtures.Bytes("states/S0.v9.db"), []);
        Directory.CreateDirectory(box.Harness.At("source", "a.spg", "segments"));
        File.WriteAllText(box.Harness.At("source", "a.spg", "segments", "seg_7.spg"), "");
        Refused(box, ErrorCode.ColdSegments, "seg_7.spg");
    }

    [Fact]
    public void Cold_segments_that_an_index_points_to_are_refused_by_name()
    {
        using var box = new SpgBox();
        var db = SpgFixtures.Bytes("states/S0.v9.db");
        db[^9] = 1;
        BitConverter.TryWriteBytes(db.AsSpan(db.Length - 8), 77u);
        box.Put(db, []);
        Refused(box, ErrorCode.ColdSegments, "segment 77");
    }

    [Theory]
    [InlineData("a.db.wal")]
    [InlineData("a.wal")]
    public void A_database_of_embedded_spg_is_refused_by_name(string folder)
    {
        using var box = new SpgBox();
        box.Put(SpgFixtures.Bytes("states/S0.v9.db"), null);
        Directory.CreateDirectory(box.Harness.At("source", folder));
        Refused(box, ErrorCode.UnsupportedFormat, "embedded SPG");
    }

    [Fact]
    public void A_log_with_frames_of_embedded_spg_is_refused_by_name()
    {
        using var box = new SpgBox();
        box.Put(SpgFixtures.Bytes("states/S0.v9.db"), SpgFixtures.Bytes("wal/v6-embedded-flag.wal"));
        Refused(box, ErrorCode.UnsupportedFormat, "embedded SPG");
    }

    [Theory]
    [InlineData("bad-cat8-trailing", ErrorCode.SourceDamaged, "trailing bytes: 2 unread")]
    [InlineData("bad-cat8-truncated", ErrorCode.SourceDamaged, "unexpected EOF")]
    [InlineData("bad-cat59-bitflip", ErrorCode.SourceDamaged, "base snapshot CRC mismatch")]
    [InlineData("bad-env2-bitflip", ErrorCode.SourceDamaged, "snapshot envelope CRC32 mismatch")]
    [InlineData("bad-env-version9", ErrorCode.SourceDamaged, "bad magic")]
    [InlineData("bad-cat-version7", ErrorCode.UnsupportedVersion, "unsupported file version: 7")]
    [InlineData("bad-cat-magic", ErrorCode.SourceNotRecognised, "not an SPG database")]
    public void A_damaged_database_file_is_not_backed_up(string name, ErrorCode code, string text)
    {
        using var box = new SpgBox();
        box.Put(SpgFixtures.Bytes($"snap/{name}.db"), []);
        Refused(box, code, text);
    }

    [Fact]
    public void An_empty_database_file_is_damage_and_not_an_empty_database()
    {
        using var box = new SpgBox();
        box.Put([], SpgFixtures.Bytes("states/S2.wal"));
        Refused(box, ErrorCode.SourceDamaged, "unexpected EOF at offset 0");
    }

    [Theory]
    [InlineData("bitflip-v2-payload", "WAL CRC mismatch at offset 26")]
    [InlineData("unknown-type-0x7f", "unknown WAL frame type 0x7f")]
    [InlineData("marker-bad-len", "durability marker of 4 bytes")]
    [InlineData("nonutf8-v2", "not valid UTF-8")]
    [InlineData("torn-then-appended", "WAL CRC mismatch at offset 221")]
    public void A_damaged_log_is_not_backed_up(string name, string text)
    {
        using var box = new SpgBox();
        box.Put(SpgFixtures.Bytes("snap/empty-catalog.v8.db"), SpgFixtures.Bytes($"wal/{name}.wal"));
        var error = Refused(box, ErrorCode.SourceDamaged, text);
        Assert.Equal(box.Wal, error.FullName);
    }

    [Fact]
    public void A_damaged_length_in_the_middle_of_the_log_does_not_pass_for_its_end()
    {
        using var box = new SpgBox();
        var wal = SpgFixtures.Bytes("states/S2.wal");
        wal[70] |= 0x10; // the second frame now claims a MiB
        box.Put(SpgFixtures.Bytes("snap/empty-catalog.v8.db"), wal);
        var error = Refused(box, ErrorCode.SourceDamaged, "more log follows");
        Assert.Equal(68, error.Offset);
    }

    [Fact]
    public void A_catalogue_newer_than_known_is_captured_and_told()
    {
        using var box = new SpgBox();
        var db = SpgFixtures.Bytes("snap/empty-catalog.v59.db");
        db[8] = 70;
        BitConverter.TryWriteBytes(db.AsSpan(db.Length - 4), Crc32C.HashToUInt32(db.AsSpan(0, db.Length - 4)));
        box.Put(db, []);
        var full = box.Full();
        Assert.Contains("version 70", Assert.Single(box.Warnings), StringComparison.Ordinal);
        var problem = Assert.Single(box.Harness.Verify([full]));
        Assert.Equal((ProblemSeverity.Warning, ErrorCode.UnsupportedVersion), (problem.Severity, problem.Code));
        Assert.Equal(db, box.Restore([full]).Db);
    }

    [Fact]
    public void Nothing_at_all_is_not_an_empty_database()
    {
        using var box = new SpgBox();
        Refused(box, ErrorCode.PathNotFound, "neither a database file nor a log");
    }

    [Fact]
    public void Names_carry_the_time_and_never_collide()
    {
        using var box = new SpgBox();
        box.Put(SpgFixtures.Bytes("states/S0.v8.db"), []);
        var names = Enumerable.Range(0, 5).Select(_ => box.Full().Name).ToList();
        Assert.Equal(5, names.Distinct().Count());
        Assert.All(names, n => Assert.Matches(@"^a-\d{8}T\d{9}Z-full(-\d+)?\.bkp$", n));
        Assert.Equal(5, Directory.GetFileSystemEntries(box.Bundles).Length);
    }

    [Fact]
    public void The_users_checkpoint_runs_before_the_copy()
    {
        using var box = new SpgBox();
        box.Put(SpgFixtures.Bytes("states/S0.v8.db"), SpgFixtures.Bytes("states/S2.wal")[262..]);
        var full = box.Full(
            new EngineOptions { Checkpoint = () => box.Checkpoint(SpgFixtures.Bytes("states/S2.v8.db")) }
        );
        Assert.Equal((0ul, 0ul), (full.Start.Value, full.End.Value));
        Assert.Equal(SpgFixtures.Bytes("states/S2.v8.db"), box.Restore([full]).Db);
    }

    [Fact]
    public void The_source_is_left_as_it_was()
    {
        using var box = new SpgBox();
        box.Put(SpgFixtures.Bytes("states/S0.v59.db"), SpgFixtures.Bytes("states/S2.wal")[262..]);
        var before = Snapshot(box);
        var full = box.Full();
        box.Increment(full);
        Assert.Equal(before, Snapshot(box));
    }

    internal static CaptureRequest Request(SpgBox box, BundleKind kind = BundleKind.Full) =>
        new()
        {
            SourcePath = box.Db,
            DestinationFolder = box.Bundles,
            Kind = kind,
            Options = new EngineOptions(),
        };

    private static List<(string, long, DateTime, string)> Snapshot(SpgBox box) =>
        [
            .. new DirectoryInfo(box.Harness.At("source"))
                .EnumerateFiles()
                .OrderBy(f => f.Name)
                .Select(f =>
                    (f.Name, f.Length, f.LastWriteTimeUtc, Hasher.Hash(File.ReadAllBytes(f.FullName)).ToString())
                ),
        ];

    private static BackupException Refused(SpgBox box, ErrorCode code, string text)
    {
        var error = Assert.Throws<BackupException>(() => box.Full());
        Assert.Equal(code, error.Code);
        Assert.Contains(text, error.Message, StringComparison.Ordinal);
        Assert.NotNull(error.FullName);
        Assert.Empty(Directory.GetFileSystemEntries(box.Bundles));
        return error;
    }
}
