using BackupTools.Chains;
using BackupTools.Errors;
using BackupTools.Tests.Formats.Spg;

namespace BackupTools.Tests.Engines.Spg;

public sealed class SpgRestoreTests
{
    private static readonly string[] s_good =
    [
        "bundles/full-v2.bkp",
        "bundles/incr-1.bkp",
        "bundles/incr-2.bkp",
        "bundles/incr-3-empty.bkp",
    ];

    public static TheoryData<string> PositionTable
    {
        get
        {
            var all = new TheoryData<string>();
            foreach (var row in SpgFixtures.Json("restore/expected-restore.json").GetProperty("pitr").EnumerateArray())
            {
                all.Add(row.GetRawText());
            }
            return all;
        }
    }

    [Theory]
    [InlineData("bundles/full-v2.bkp", "bundles/incr-1.bkp", "bundles/incr-2.bkp", "bundles/incr-3-empty.bkp")]
    [InlineData("bundles/full-v1.bkp", "bundles/incr-1-v1.bkp", "bundles/incr-2-v1.bkp")]
    public void A_good_chain_restores_byte_by_byte(params string[] names)
    {
        using var box = new SpgBox();
        var chain = names.Select(box.Fixture).ToList();
        var restored = box.Restore(chain, deep: true);
        Assert.Equal(SpgFixtures.Bytes("restore/rec.db"), restored.Db);
        Assert.Equal(SpgFixtures.Bytes("restore/rec.wal"), restored.Wal);
        Assert.Equal(770ul, restored.Result.End.Value);
        Assert.Equal(114 + 508, restored.Result.Length);
        Assert.Empty(box.Warnings);
        Assert.Empty(box.Harness.Verify(chain));
    }

    [Theory]
    [InlineData("full-v2-cat9", "states/S0.v9.db")]
    [InlineData("full-v2-cat59", "states/S0.v59.db")]
    [InlineData("full-v2-env2", "snap/S0.env2.db")]
    [InlineData("full-v2-env5", "snap/S0.env5.db")]
    [InlineData("full-v2-at-S2", "states/S2.v8.db")]
    [InlineData("full-v2-empty-db", "snap/empty-catalog.v8.db")]
    public void Every_form_of_snapshot_restores_byte_by_byte(string bundle, string db)
    {
        using var box = new SpgBox();
        var restored = box.Restore([box.Fixture($"bundles/{bundle}.bkp")], deep: true);
        Assert.Equal(SpgFixtures.Bytes(db), restored.Db);
        Assert.Empty(restored.Wal);
    }

    [Theory]
    [MemberData(nameof(PositionTable))]
    public void A_position_gives_the_rows_that_the_server_would_have(string json)
    {
        var row = System.Text.Json.JsonDocument.Parse(json).RootElement;
        var local = Math.Min(row.GetProperty("upto").GetInt64(), 508);
        using var box = new SpgBox();
        // As the planner does it: the bundles up to the one that holds the position.
        var chain = s_good.Select(box.Fixture).Where(b => b.Start.Value <= (ulong)(262 + local)).ToList();
        var restored = box.Restore(chain, cutAt: (ulong)(262 + local));
        Assert.Equal(row.GetProperty("rows").GetInt32(), SpgModel.CompatRows(3, restored.Wal));
        Assert.Equal(SpgFixtures.Bytes("restore/rec.wal")[..restored.Wal.Length], restored.Wal);
        Assert.Equal(262ul + (ulong)restored.Wal.Length, restored.Result.End.Value);
        // The log is never left inside a frame or a transaction, where the server would append to it.
        Assert.Equal(restored.Wal.Length, SpgModel.CutPoint(restored.Wal));
        Assert.Equal(restored.Wal.Length < local, box.Warnings.Count == 1);
    }

    [Theory]
    [InlineData(ErrorCode.ChainGap, "bundles/full-v2.bkp", "bundles/incr-2.bkp")]
    [InlineData(ErrorCode.ChainOverlap, "bundles/full-v2.bkp", "bundles/incr-1.bkp", "bundles/incr-1.bkp")]
    [InlineData(ErrorCode.ChainOverlap, "bundles/full-v2.bkp", "chain/incr-overlap-since0.bkp")]
    [InlineData(ErrorCode.ChainGap, "bundles/full-v2.bkp", "chain/incr-midrecord.bkp")]
    [InlineData(ErrorCode.ChainGap, "bundles/full-v2.bkp", "bundles/incr-1.bkp", "chain/incr-gap.bkp")]
    [InlineData(ErrorCode.ForeignEpoch, "bundles/full-v2.bkp", "bundles/incr-1.bkp", "chain/incr-wrong-epoch.bkp")]
    [InlineData(ErrorCode.Malformed, "chain/full-with-wal-slice-doc-shape.bkp")]
    [InlineData(ErrorCode.ChainOverlap, "bundles/full-v2.bkp", "bundles/full-v2-at-S2.bkp")]
    [InlineData(ErrorCode.Malformed, "bad/kind7-ACCEPTED.bkp")]
    [InlineData(ErrorCode.Malformed, "bad/full-snap-empty-ACCEPTED.bkp")]
    [InlineData(ErrorCode.BadMagic, "bad/full-snap-corrupt-valid-crc-ACCEPTED.bkp")]
    [InlineData(ErrorCode.ChecksumMismatch, "bad/full-v2-flip-snap.bkp")]
    [InlineData(ErrorCode.Malformed, "bundles/full-v2.bkp", "bad/incr-with-snap-ACCEPTED.bkp")]
    [InlineData(ErrorCode.Malformed, "bundles/full-v2.bkp", "bad/incr-walpos-inconsistent-ACCEPTED.bkp")]
    [InlineData(ErrorCode.Truncated, "bundles/full-v1.bkp", "bad/v1-trunc-wal-ACCEPTED.bkp")]
    [InlineData(ErrorCode.ChecksumMismatch, "bundles/full-v1.bkp", "bad/v1-flip-wal-ACCEPTED.bkp")]
    public void A_bad_chain_is_refused_and_verification_says_the_same(ErrorCode code, params string[] names)
    {
        using var box = new SpgBox();
        var chain = names.Select(box.Fixture).ToList();
        var error = Assert.Throws<BackupException>(() => box.Restore(chain));
        Assert.Equal(code, error.Code);
        Assert.Equal(chain[^1].FullName, error.FullName);
        Assert.False(Directory.Exists(box.Harness.At("restored0")));
        var problems = box.Harness.Verify(chain).Where(p => p.Severity == ProblemSeverity.Error).ToList();
        Assert.Equal(code, problems[0].Code);
        Assert.Equal(chain[^1].FullName, problems[0].FullName);
    }

    [Theory]
    [InlineData("bad/v1-trailing-garbage-ACCEPTED.bkp")]
    public void What_a_reader_may_ignore_is_told(string name)
    {
        using var box = new SpgBox();
        var chain = new[] { box.Fixture("bundles/full-v1.bkp"), box.Fixture(name) };
        Assert.Equal(SpgFixtures.Bytes("restore/rec.wal")[..166], box.Restore(chain).Wal);
        Assert.Contains("unexpected bytes", Assert.Single(box.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void A_transaction_that_began_before_the_full_is_told()
    {
        using var box = new SpgBox();
        BundleHeader[] chain = [box.Fixture("chain/full-open-tx.bkp"), box.Fixture("chain/incr-after-open-tx.bkp")];
        box.Restore(chain);
        Assert.Contains("began before the full", Assert.Single(box.Warnings), StringComparison.Ordinal);
        var problem = Assert.Single(box.Harness.Verify(chain));
        Assert.Equal((ProblemSeverity.Warning, ErrorCode.OpenTransaction), (problem.Severity, problem.Code));
        // Alone, an increment may well begin inside a transaction.
        Assert.Empty(box.Harness.Verify([chain[1]]));
    }

    [Fact]
    public void An_increment_can_be_verified_alone()
    {
        using var box = new SpgBox();
        Assert.Empty(box.Harness.Verify([box.Fixture("bundles/incr-2.bkp")]));
        var problem = Assert.Single(box.Harness.Verify([box.Fixture("chain/incr-wrong-epoch.bkp")]));
        Assert.Equal(ErrorCode.ForeignEpoch, problem.Code);
    }

    [Fact]
    public void Every_bundle_is_judged_even_behind_a_damaged_one()
    {
        using var box = new SpgBox();
        var chain = s_good.Select(box.Fixture).ToList();
        Flip(chain[1].FullName, 60);
        Flip(chain[2].FullName, 100);
        var problems = box.Harness.Verify(chain);
        Assert.Equal([chain[1].FullName, chain[2].FullName], problems.Select(p => p.FullName));
        Assert.All(problems, p => Assert.Equal(ErrorCode.ChecksumMismatch, p.Code));
        File.Delete(chain[1].FullName);
        Assert.Equal(ErrorCode.PathNotFound, box.Harness.Verify(chain)[0].Code);
    }

    [Fact]
    public void Every_flipped_bit_of_a_v2_chain_is_caught()
    {
        using var box = new SpgBox();
        var chain = s_good[..3].Select(box.Fixture).ToList();
        foreach (var bundle in chain)
        {
            var sound = File.ReadAllBytes(bundle.FullName);
            for (var i = 0; i < sound.Length; i++)
            {
                var damaged = (byte[])sound.Clone();
                damaged[i] ^= (byte)(1 << (i % 8));
                File.WriteAllBytes(bundle.FullName, damaged);
                Assert.Contains(box.Harness.Verify(chain), p => p.Severity == ProblemSeverity.Error);
            }
            File.WriteAllBytes(bundle.FullName, sound);
        }
        Assert.Empty(box.Harness.Verify(chain));
    }

    [Fact]
    public void A_torn_tail_at_the_very_end_is_left_out_and_elsewhere_refused()
    {
        using var box = new SpgBox();
        var wal = SpgFixtures.Bytes("states/S2.wal");
        var full = box.Fixture("bundles/full-v2.bkp");
        var torn = SpgTestBundles.Increment(box, 262, wal[262..400]);
        var restored = box.Restore([full, torn]);
        Assert.Equal(wal[262..362], restored.Wal);
        Assert.Equal(362ul, restored.Result.End.Value);
        Assert.Contains("not a whole frame", Assert.Single(box.Warnings), StringComparison.Ordinal);
        var next = SpgTestBundles.Increment(box, 400, wal[400..]);
        var error = Assert.Throws<BackupException>(() => box.Restore([full, torn, next]));
        Assert.Equal((ErrorCode.Malformed, torn.FullName), (error.Code, error.FullName));
        Assert.Equal(49 + 100, error.Offset);
    }

    [Fact]
    public void A_damaged_length_near_the_end_does_not_pass_for_a_torn_tail()
    {
        using var box = new SpgBox();
        var wal = SpgFixtures.Bytes("states/S2.wal")[262..];
        wal[49 + 2] |= 0x10;
        var full = box.Fixture("bundles/full-v2.bkp");
        var damaged = SpgTestBundles.Increment(box, 262, wal);
        var error = Assert.Throws<BackupException>(() => box.Restore([full, damaged]));
        Assert.Equal((ErrorCode.Malformed, 49L + 49), (error.Code, error.Offset));
        Assert.Contains("more log follows", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_transaction_open_at_the_end_is_left_out()
    {
        using var box = new SpgBox();
        var wal = SpgFixtures.Bytes("states/S2.wal");
        BundleHeader[] chain = [box.Fixture("bundles/full-v2.bkp"), SpgTestBundles.Increment(box, 262, wal[262..541])];
        var restored = box.Restore(chain);
        Assert.Equal(wal[262..428], restored.Wal);
        Assert.Contains("inside a transaction", Assert.Single(box.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void Frames_of_embedded_spg_are_refused_by_name()
    {
        using var box = new SpgBox();
        byte[] slice = [.. SpgFrames.V3("SELECT 1"), .. SpgFrames.V3(0x12, "SELECT 1"u8)];
        BundleHeader[] chain = [box.Fixture("bundles/full-v2.bkp"), SpgTestBundles.Increment(box, 262, slice)];
        Assert.Equal(ErrorCode.UnsupportedFormat, Assert.Throws<BackupException>(() => box.Restore(chain)).Code);
        slice = [.. SpgFrames.V3("SELECT 1"), .. BitConverter.GetBytes(0xE0000005), 1, 2, 3, 4, 5];
        chain[1] = SpgTestBundles.Increment(box, 262, slice);
        Assert.Equal(ErrorCode.UnsupportedFormat, Assert.Throws<BackupException>(() => box.Restore(chain)).Code);
    }

    [Fact]
    public void Rows_in_cold_segments_are_refused()
    {
        using var box = new SpgBox();
        var db = SpgFixtures.Bytes("states/S0.v9.db");
        db[^9] = 1;
        var full = SpgTestBundles.Full(box, db, 262);
        Assert.Equal(ErrorCode.ColdSegments, Assert.Throws<BackupException>(() => box.Restore([full])).Code);
    }

    [Theory]
    [InlineData("database", 20)]
    [InlineData("wal", 20)]
    public void What_does_not_read_back_as_written_is_not_published(string staged, long offset)
    {
        var disk = HookedDisk.Misreading(staged, offset);
        using var box = new SpgBox(disk);
        var error = Assert.Throws<BackupException>(() => box.Restore([.. s_good.Select(box.Fixture)]));
        Assert.Equal((ErrorCode.VerificationFailed, offset), (error.Code, error.Offset));
        Assert.DoesNotContain(Directory.GetFiles(box.Harness.Folder, "rec.*", SearchOption.AllDirectories), _ => true);
    }

    [Fact]
    public void What_grew_after_it_was_written_is_not_published()
    {
        var disk = new HookedDisk
        {
            Changing = (path, _, _) =>
            {
                if (Path.GetFileName(path) == "database")
                {
                    using var file = new FileStream(
                        path,
                        FileMode.Append,
                        FileAccess.Write,
                        FileShare.ReadWrite | FileShare.Delete
                    );
                    file.WriteByte(1);
                }
            },
        };
        using var box = new SpgBox(disk);
        var error = Assert.Throws<BackupException>(() => box.Restore([box.Fixture("bundles/full-v2.bkp")]));
        Assert.Equal(ErrorCode.VerificationFailed, error.Code);
    }

    [Fact]
    public void A_position_before_the_full_is_not_covered()
    {
        using var box = new SpgBox();
        var error = Assert.Throws<BackupException>(() => box.Restore([box.Fixture("bundles/full-v2.bkp")], cutAt: 261));
        Assert.Equal(ErrorCode.TargetNotCovered, error.Code);
    }

    [Fact]
    public void A_bundle_that_changed_since_it_was_listed_is_not_used()
    {
        using var box = new SpgBox();
        var full = box.Fixture("bundles/full-v2.bkp");
        File.Copy(SpgFixtures.PathOf("bundles/full-v2-at-S2.bkp"), full.FullName, overwrite: true);
        var error = Assert.Throws<BackupException>(() => box.Restore([full]));
        Assert.Contains("changed", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Cancellation_passes_through()
    {
        using var box = new SpgBox();
        using var source = new CancellationTokenSource();
        var chain = s_good.Select(box.Fixture).ToList();
        source.Cancel();
        Assert.Throws<OperationCanceledException>(() =>
            box.Harness.Restore(chain, box.Harness.At("r", "rec.db"), cancellation: source.Token)
        );
        Assert.Throws<OperationCanceledException>(() => box.Harness.Verify(chain, cancellation: source.Token));
    }

    private static void Flip(string path, int offset)
    {
        var bytes = File.ReadAllBytes(path);
        bytes[offset] ^= 1;
        File.WriteAllBytes(path, bytes);
    }
}
