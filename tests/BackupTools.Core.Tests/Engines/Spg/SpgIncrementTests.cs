using BackupTools.Chains;
using BackupTools.Errors;
using BackupTools.Tests.Formats.Spg;

namespace BackupTools.Tests.Engines.Spg;

public sealed class SpgIncrementTests
{
    private static readonly byte[] s_wal = SpgFixtures.Bytes("states/S2.wal");

    [Fact]
    public void A_chain_from_an_empty_log_restores_byte_by_byte()
    {
        using var box = new SpgBox();
        box.Put(SpgFixtures.Bytes("states/S0.v8.db"), []);
        var full = box.Full();
        box.Append(s_wal.AsSpan(262, 166));
        var first = box.Increment(full);
        box.Append(s_wal.AsSpan(428));
        var second = box.Increment(full, first);
        Assert.Equal((0ul, 166ul), (first.Start.Value, first.End.Value));
        Assert.Equal((166ul, 508ul), (second.Start.Value, second.End.Value));
        Assert.Empty(box.Warnings);
        Assert.Empty(box.Harness.Verify([full, first, second]));
        var restored = box.Restore([full, first, second], deep: true);
        Assert.Equal(SpgFixtures.Bytes("restore/rec.db"), restored.Db);
        Assert.Equal(SpgFixtures.Bytes("restore/rec.wal"), restored.Wal);
        Assert.Equal(SpgFixtures.Bytes("restore/rec.wal")[..166], box.Restore([full, first]).Wal);
    }

    [Fact]
    public void An_increment_is_what_the_server_writes()
    {
        using var box = new SpgBox();
        box.Put(SpgFixtures.Bytes("states/S0.v8.db"), SpgFixtures.Bytes("states/S1.wal"));
        var increment = box.IncrementOnMyWord(box.Fixture("bundles/full-v2.bkp"));
        var bytes = File.ReadAllBytes(increment.FullName);
        var reference = SpgFixtures.Bytes("bundles/incr-1.bkp");
        Assert.Equal(reference.Length, bytes.Length);
        Assert.Equal(reference[..17], bytes[..17]);
        Assert.Equal(reference[25..^4], bytes[25..^4]);
    }

    [Fact]
    public void Nothing_new_gives_a_valid_empty_increment()
    {
        using var box = new SpgBox();
        box.Put(SpgFixtures.Bytes("states/S0.v8.db"), s_wal);
        var full = box.Full();
        var empty = box.Increment(full);
        Assert.Equal(53, empty.Length);
        Assert.Equal((770ul, 770ul), (empty.Start.Value, empty.End.Value));
        box.Append(SpgFrames.V2("SELECT 1"));
        var next = box.Increment(full, empty);
        Assert.Equal(770ul + 16, next.End.Value);
        Assert.Empty(box.Harness.Verify([full, empty, next]));
    }

    [Fact]
    public void An_open_transaction_is_left_to_the_increment_that_sees_its_end()
    {
        using var box = new SpgBox();
        box.Put(SpgFixtures.Bytes("states/S0.v8.db"), s_wal[..262]);
        var full = box.Full();
        box.Append(s_wal.AsSpan(262, 541 - 262));
        var before = box.Increment(full);
        Assert.Equal(428ul, before.End.Value);
        box.Append(s_wal.AsSpan(541));
        var after = box.Increment(full, before);
        Assert.Equal((428ul, 770ul), (after.Start.Value, after.End.Value));
        Assert.Equal(s_wal, box.Restore([full, before, after]).Wal);
        Assert.Empty(box.Warnings);
    }

    [Fact]
    public void A_torn_tail_is_left_to_the_increment_that_sees_it_whole()
    {
        using var box = new SpgBox();
        box.Put(SpgFixtures.Bytes("states/S0.v8.db"), s_wal[..262]);
        var full = box.Full();
        box.Append(s_wal.AsSpan(262, 20));
        var empty = box.Increment(full);
        Assert.Equal(262ul, empty.End.Value);
        Assert.Contains("not a whole frame", Assert.Single(box.Warnings), StringComparison.Ordinal);
        box.Append(s_wal.AsSpan(282));
        Assert.Equal(s_wal, box.Restore([full, empty, box.Increment(full, empty)]).Wal);
    }

    [Fact]
    public void A_position_past_the_end_is_refused_in_the_servers_words()
    {
        using var box = new SpgBox();
        box.Put(SpgFixtures.Bytes("states/S0.v8.db"), s_wal);
        var full = box.Full();
        box.Checkpoint(SpgFixtures.Bytes("states/S2.v8.db"));
        var error = Refused(() => box.Increment(full), ErrorCode.SinceBeyondLog);
        Assert.Equal("incremental SINCE offset 770 exceeds current WAL length", error.Message);
        Assert.Contains("full", error.Recommendation, StringComparison.Ordinal);
    }

    [Fact]
    public void A_log_that_was_restarted_and_has_grown_past_the_position_is_refused()
    {
        using var box = new SpgBox();
        box.Put(SpgFixtures.Bytes("states/S0.v8.db"), s_wal);
        var full = box.Full();
        box.Checkpoint(SpgFixtures.Bytes("states/S2.v8.db"));
        box.Append(SpgFixtures.Bytes("chain/after-checkpoint.wal"));
        Refused(() => box.Increment(full), ErrorCode.ForeignEpoch);
        // Also by a bundle whose own bytes are few.
        box.Put(SpgFixtures.Bytes("states/S0.v8.db"), []);
        var start = box.Full();
        box.Append(SpgFrames.V3("SELECT 1"));
        var small = box.Increment(start);
        box.CutWal();
        box.Append(SpgFrames.V3("SELECT 2"));
        box.Append(SpgFrames.V3("SELECT 3"));
        Refused(() => box.Increment(start, small), ErrorCode.ForeignEpoch);
    }

    [Theory]
    [InlineData("states/S0.v8.db", "states/S2.v8.db")]
    [InlineData("states/S0.v59.db", "states/S2.v59.db")]
    [InlineData("snap/S0.env2.db", "snap/S0.env3.db")]
    public void A_log_restarted_with_the_same_statements_is_betrayed_by_the_database_file(string old, string next)
    {
        using var box = new SpgBox();
        box.Put(SpgFixtures.Bytes(old), s_wal);
        var full = box.Full();
        box.Checkpoint(SpgFixtures.Bytes(next));
        box.Append(s_wal);
        box.Append(SpgFrames.V3("SELECT 1"));
        var error = Refused(() => box.Increment(full), ErrorCode.ForeignEpoch);
        Assert.Contains("a CHECKPOINT happened since", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("states/S0.v8.db")]
    [InlineData("states/S0.v59.db")]
    public void A_database_file_with_one_other_byte_and_the_same_length_is_another(string name)
    {
        using var box = new SpgBox();
        var db = SpgFixtures.Bytes(name);
        box.Put(db, s_wal);
        var full = box.Full();
        if (db[8] < 54)
        {
            db[^1] ^= 1;
        }
        else
        {
            db[^30] ^= 1;
            BitConverter.TryWriteBytes(
                db.AsSpan(db.Length - 4),
                BackupTools.Formats.Primitives.Crc32C.HashToUInt32(db.AsSpan(0, db.Length - 4))
            );
        }
        box.ReplaceDb(db);
        Refused(() => box.Increment(full), ErrorCode.ForeignEpoch);
    }

    [Fact]
    public void The_first_checkpoint_of_a_database_without_a_file_is_noticed()
    {
        using var box = new SpgBox();
        box.Put(null, s_wal);
        var full = box.Full();
        box.Append(SpgFrames.V3("SELECT 1"));
        var increment = box.Increment(full);
        box.Checkpoint(SpgFixtures.Bytes("states/S2.v8.db"));
        box.Append(s_wal);
        box.Append(SpgFrames.V3("SELECT 1"));
        box.Append(SpgFrames.V3("SELECT 2"));
        Refused(() => box.Increment(full, increment), ErrorCode.ForeignEpoch);
    }

    [Theory]
    [InlineData(262ul, true)]
    [InlineData(428ul, true)]
    [InlineData(0ul, true)]
    [InlineData(263ul, false)]
    [InlineData(300ul, false)]
    [InlineData(769ul, false)]
    public void A_bare_position_must_be_the_end_of_a_frame(ulong since, bool allowed)
    {
        using var box = new SpgBox();
        box.Put(SpgFixtures.Bytes("states/S0.v8.db"), s_wal);
        if (allowed)
        {
            var increment = box.Since(since);
            Assert.Equal((since, 770ul), (increment.Start.Value, increment.End.Value));
            Assert.Contains(box.Warnings, w => w.Contains("nothing in the chain shows", StringComparison.Ordinal));
        }
        else
        {
            Refused(() => box.Since(since), ErrorCode.SinceInsideFrame);
        }
    }

    [Fact]
    public void A_bare_position_inside_a_transaction_is_told()
    {
        using var box = new SpgBox();
        box.Put(SpgFixtures.Bytes("states/S0.v8.db"), s_wal);
        box.Since(441);
        Assert.Contains(
            box.Warnings,
            w => w.Contains("inside a transaction that began at 428", StringComparison.Ordinal)
        );
    }

    [Fact]
    public void A_position_inside_a_frame_is_no_torn_tail_even_when_little_follows()
    {
        using var box = new SpgBox();
        box.Put(SpgFixtures.Bytes("states/S0.v8.db"), s_wal[..303]);
        var full = box.Fixture("bundles/full-v2.bkp");
        var cut = SpgTestBundles.Increment(box, 262, s_wal[262..300]);
        Refused(() => box.Increment(full, cut), ErrorCode.SinceInsideFrame);
    }

    [Fact]
    public void The_end_of_a_transaction_whose_beginning_no_bundle_holds_is_told()
    {
        using var box = new SpgBox();
        byte[][] frames = [SpgFrames.V2("BEGIN"), SpgFrames.V2("DELETE FROM a"), SpgFrames.V2("COMMIT")];
        var start = (ulong)frames[0].Length;
        box.Put(SpgFixtures.Bytes("states/S0.v8.db"), [.. frames.SelectMany(f => f)]);
        var full = SpgTestBundles.Full(box, SpgFixtures.Bytes("states/S0.v8.db"), start);
        var inside = SpgTestBundles.Increment(box, start, frames[1]);
        box.Increment(full, inside);
        Assert.Contains("not in this chain", Assert.Single(box.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void A_bare_position_is_judged_from_where_the_log_begins_to_count()
    {
        using var box = new SpgBox();
        var db = SpgFixtures.Bytes("states/S0.v9.db");
        // What lies before the baseline is dropped by the server, so it need not be frames.
        byte[] dropped = [1, 2, 3, 4, 5];
        box.Put(db, [.. dropped, .. s_wal]);
        var crc = System.IO.Hashing.Crc32.HashToUInt32(db);
        box.PutManifest(SpgSegmentManifestTests.Manifest(0, [], 5, catalogCrc: crc));
        Assert.Equal(775ul, box.Since(5 + 262).End.Value);
        Refused(() => box.Since(5 + 263), ErrorCode.SinceInsideFrame);
        box.PutManifest(SpgSegmentManifestTests.Manifest(0, [], 5, catalogCrc: crc + 1));
        Assert.Throws<BackupException>(() => box.Since(5 + 262));
    }

    [Fact]
    public void A_parent_that_is_not_among_the_chain_is_compared_alone()
    {
        using var box = new SpgBox();
        box.Put(SpgFixtures.Bytes("states/S0.v8.db"), s_wal);
        var parent = box.Fixture("bundles/incr-2.bkp");
        box.Append(SpgFrames.V2("SELECT 1"));
        var request = SpgFullTests.Request(box, BundleKind.Incremental) with { Parent = parent };
        Assert.Equal(770ul, box.Harness.Capture(request).Start.Value);
        Assert.Empty(box.Warnings);
        box.Put(null, SpgFixtures.Bytes("chain/after-checkpoint.wal"));
        Refused(() => box.Harness.Capture(request), ErrorCode.ForeignEpoch);
    }

    [Fact]
    public void A_chain_of_more_log_than_there_is_before_the_position_is_foreign()
    {
        using var box = new SpgBox();
        box.Put(SpgFixtures.Bytes("states/S0.v8.db"), s_wal);
        var parent = box.Fixture("bundles/incr-2.bkp");
        var request = SpgFullTests.Request(box, BundleKind.Incremental) with { Parent = parent, Since = 262 };
        Refused(() => box.Harness.Capture(request), ErrorCode.ForeignEpoch);
    }

    [Fact]
    public void Damage_behind_a_good_position_is_the_sources()
    {
        using var box = new SpgBox();
        box.Put(SpgFixtures.Bytes("states/S0.v8.db"), s_wal[..262]);
        var full = box.Full();
        var next = s_wal[262..];
        next[20] ^= 1;
        box.Append(next);
        Refused(() => box.Increment(full), ErrorCode.SourceDamaged);
    }

    [Fact]
    public void An_increment_needs_the_log()
    {
        using var box = new SpgBox();
        box.Put(SpgFixtures.Bytes("states/S0.v8.db"), []);
        var full = box.Full();
        File.Delete(box.Wal);
        Refused(() => box.Increment(full), ErrorCode.WalMissing);
    }

    [Fact]
    public void An_increment_cannot_follow_a_checkpoint_of_the_users()
    {
        using var box = new SpgBox();
        box.Put(SpgFixtures.Bytes("states/S0.v8.db"), []);
        var full = box.Full();
        Refused(
            () => box.Harness.Increment(box.Db, box.Bundles, [full], new EngineOptions { Checkpoint = () => { } }),
            ErrorCode.InvalidOption
        );
    }

    [Fact]
    public void Nothing_to_continue_from_is_said()
    {
        using var box = new SpgBox();
        box.Put(SpgFixtures.Bytes("states/S0.v8.db"), []);
        Refused(() => box.Harness.Capture(SpgFullTests.Request(box, BundleKind.Incremental)), ErrorCode.NoFullBackup);
    }

    [Fact]
    public void An_increment_reads_what_is_new_and_a_little_before_it()
    {
        var disk = new HookedDisk();
        using var box = new SpgBox(disk);
        var text = new string('x', 60_000);
        var large = Enumerable.Range(0, 100).SelectMany(i => SpgFrames.V3($"INSERT {i} {text}")).ToArray();
        box.Put(SpgFixtures.Bytes("states/S0.v59.db"), large);
        var full = box.Full();
        box.Append(SpgFrames.V3("SELECT 1"));
        disk.BytesRead.Clear();
        box.Increment(full);
        // Plan, proof and last look compare at most 64 KiB each; the six MB before stay unread.
        Assert.InRange(disk.BytesRead[box.Wal], 1, 400_000);
    }

    private static BackupException Refused(Func<BundleHeader> take, ErrorCode code)
    {
        var error = Assert.Throws<BackupException>(take);
        Assert.Equal(code, error.Code);
        return error;
    }
}
