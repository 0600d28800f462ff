using BackupTools.Chains;
using BackupTools.Errors;
using BackupTools.Tests.Formats.Spg;

namespace BackupTools.Tests.Engines.Spg;

/// <summary>Chains that the server made, continued by us.</summary>
public sealed class SpgServerMadeTests
{
    private static readonly byte[] s_wal = SpgFixtures.Bytes("states/S2.wal");

    [Fact]
    public void A_server_made_full_is_continued_on_the_users_word_and_the_next_increment_by_proof()
    {
        using var box = new SpgBox();
        box.Put(SpgFixtures.Bytes("states/S0.v8.db"), SpgFixtures.Bytes("states/S1.wal"));
        var full = box.Fixture("bundles/full-v2.bkp");
        Refused(() => box.Increment(full), ErrorCode.ContinuityNotProved);
        var first = box.IncrementOnMyWord(full);
        Assert.Contains("nothing in the chain shows", Assert.Single(box.Warnings), StringComparison.Ordinal);
        box.Warnings.Clear();
        box.Append(s_wal.AsSpan(428));
        var second = box.Increment(full, first);
        Assert.Empty(box.Warnings);
        Assert.Equal(SpgFixtures.Bytes("restore/rec.wal"), box.Restore([full, first, second]).Wal);
    }

    [Fact]
    public void A_server_made_chain_is_continued_from_its_own_bytes()
    {
        using var box = new SpgBox();
        box.Put(SpgFixtures.Bytes("states/S0.v8.db"), s_wal);
        BundleHeader[] chain =
        [
            box.Fixture("bundles/full-v2.bkp"),
            box.Fixture("bundles/incr-1.bkp"),
            box.Fixture("bundles/incr-2.bkp"),
            box.Fixture("bundles/incr-3-empty.bkp"),
        ];
        box.Append(SpgFrames.V2("SELECT 1"));
        var next = box.Increment(chain);
        Assert.Equal(770ul, next.Start.Value);
        Assert.Empty(box.Warnings);
        Assert.Empty(box.Harness.Verify([.. chain, next]));
    }

    [Fact]
    public void A_full_taken_inside_a_transaction_is_told_when_its_end_arrives()
    {
        using var box = new SpgBox();
        box.Put(SpgFixtures.Bytes("states/S0.v8.db"), SpgFixtures.Bytes("chain/open-tx.wal"));
        var full = box.Fixture("chain/full-open-tx.bkp");
        box.IncrementOnMyWord(full);
        Assert.Contains(box.Warnings, w => w.Contains("inside a transaction", StringComparison.Ordinal));
    }

    [Fact]
    public void A_server_made_increment_that_ends_inside_a_transaction_is_continued_silently()
    {
        using var box = new SpgBox();
        box.Put(SpgFixtures.Bytes("states/S0.v8.db"), []);
        var full = box.Full();
        var open = SpgTestBundles.Increment(box, 0, [.. SpgFrames.V2("BEGIN"), .. SpgFrames.V2("DELETE FROM t")]);
        box.Append(SpgFrames.V2("BEGIN"));
        box.Append(SpgFrames.V2("DELETE FROM t"));
        box.Append(SpgFrames.V2("COMMIT"));
        var next = box.Increment(full, open);
        Assert.Empty(box.Warnings);
        Assert.Equal(File.ReadAllBytes(box.Wal), box.Restore([full, open, next]).Wal);
    }

    [Fact]
    public void A_server_made_increment_that_ends_inside_a_frame_is_not_continued()
    {
        using var box = new SpgBox();
        box.Put(SpgFixtures.Bytes("states/S0.v8.db"), s_wal);
        var full = box.Fixture("bundles/full-v2.bkp");
        var cut = SpgTestBundles.Increment(box, 262, s_wal[262..300]);
        Refused(() => box.Increment(full, cut), ErrorCode.SinceInsideFrame);
    }

    [Theory]
    [InlineData("bundles/full-v2-empty-db.bkp", true)]
    [InlineData("made-with-a-table", false)]
    [InlineData("made-damaged", false)]
    public void A_server_made_full_of_a_database_without_a_file_must_be_empty(string name, bool allowed)
    {
        using var box = new SpgBox();
        box.Put(null, s_wal);
        var full = name switch
        {
            "made-with-a-table" => SpgTestBundles.Full(box, SpgFixtures.Bytes("states/S0.v8.db"), 0),
            "made-damaged" => SpgTestBundles.Full(box, SpgFixtures.Bytes("snap/bad-cat-magic.db"), 0),
            _ => box.Fixture(name),
        };
        if (allowed)
        {
            Assert.Equal(s_wal, box.Restore([full, box.Increment(full)]).Wal);
            Assert.Empty(box.Warnings);
        }
        else
        {
            Refused(() => box.Increment(full), ErrorCode.ForeignEpoch);
        }
    }

    private static BackupException Refused(Func<BundleHeader> take, ErrorCode code)
    {
        var error = Assert.Throws<BackupException>(take);
        Assert.Equal(code, error.Code);
        return error;
    }
}
