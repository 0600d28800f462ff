using System.Buffers;
using BackupTools.Chains;
using BackupTools.Engines;
using BackupTools.Engines.Sqlite;
using BackupTools.Errors;
using BackupTools.Formats.Sqlite;
using BackupTools.Tests.Formats.Sqlite;
using BackupTools.Tests.Operations;

namespace BackupTools.Tests.Engines.Sqlite;

/// <summary>LTX files that carry the checksums of their states, as other writers make them.</summary>
public sealed class SqliteVerifyTests : IDisposable
{
    private readonly SqliteBox _box = new();

    [Fact]
    public void States_that_match_their_checksums_are_restored_without_a_warning()
    {
        var replica = Replica(before: null, leaveOut: null);
        Assert.Empty(_box.Harness.Verify(_box.Plan(replica, RestoreTarget.Latest).Bundles));
        Assert.Equal(SqliteFixtures.State(2), File.ReadAllBytes(_box.Restore(replica, RestoreTarget.Latest)));
        Assert.Empty(_box.Harness.Warnings);
    }

    [Fact]
    public void An_increment_made_on_another_state_is_refused_before_a_byte_is_written()
    {
        var replica = Replica(before: SqliteChecksum.Flag | 1, leaveOut: null);
        var way = _box.Plan(replica, RestoreTarget.Latest).Bundles;
        var found = Assert.Single(_box.Harness.Verify(way, VerifyDepth.Checksums));
        Assert.Equal((ProblemSeverity.Error, ErrorCode.ForeignEpoch), (found.Severity, found.Code));
        var error = Assert.Throws<BackupException>(() => _box.Restore(replica, RestoreTarget.Latest));
        Assert.Equal(ErrorCode.ForeignEpoch, error.Code);
    }

    [Fact]
    public void An_increment_that_lacks_a_changed_page_is_refused()
    {
        var replica = Replica(before: null, leaveOut: 1);
        var way = _box.Plan(replica, RestoreTarget.Latest).Bundles;
        Assert.Empty(_box.Harness.Verify(way, VerifyDepth.Checksums));
        var found = Assert.Single(_box.Harness.Verify(way));
        Assert.Equal((ProblemSeverity.Error, ErrorCode.VerificationFailed), (found.Severity, found.Code));
        Assert.Equal(way[1].FullName, found.FullName);
        var error = Assert.Throws<BackupException>(() => _box.Restore(replica, RestoreTarget.Latest));
        Assert.Equal(ErrorCode.VerificationFailed, error.Code);
    }

    /// <summary>The planner makes no such way; a restore does not rely on that.</summary>
    [Fact]
    public void A_way_with_a_hole_is_refused_before_a_byte_is_written()
    {
        foreach (
            var replica in new[]
            {
                SqliteFixtures.Handmade(_box.Harness.At("a")),
                SqliteFixtures.Litestream03(_box.Harness.At("b")),
            }
        )
        {
            var way = _box.Plan(replica, RestoreTarget.Latest).Bundles.ToList();
            way.RemoveAt(2);
            var error = Assert.Throws<BackupException>(() => _box.Harness.Restore(way, _box.Harness.At("out.db")));
            Assert.Equal(ErrorCode.ChainGap, error.Code);
        }
    }

    [Fact]
    public void A_damaged_full_does_not_hide_what_else_is_damaged()
    {
        var replica = SqliteFixtures.Handmade(_box.Folder);
        var way = _box.Plan(replica, RestoreTarget.Latest).Bundles;
        foreach (var bundle in new[] { way[0], way[3] })
        {
            var bytes = File.ReadAllBytes(bundle.FullName);
            bytes[bytes.Length / 2] ^= 4;
            File.WriteAllBytes(bundle.FullName, bytes);
        }
        Assert.Equal(
            [way[0].FullName, way[3].FullName],
            _box.Harness.Verify(way).Where(p => p.Severity == ProblemSeverity.Error).Select(p => p.FullName)
        );
    }

    [Fact]
    public void A_damaged_side_file_is_told_with_the_bundle_that_it_is_of()
    {
        using var box = EngineSandbox.Of(EngineNames.Sqlite);
        var chain = box.Chain();
        var side = SideFiles.PathOf(chain[1].FullName);
        var bytes = File.ReadAllBytes(side);
        bytes[60] ^= 1;
        File.WriteAllBytes(side, bytes);

        var report = box.Test();

        Assert.True(report.IsValid);
        Assert.All(report.Problems, p => Assert.Equal("Warning", p.Severity));
        Assert.Equal(
            [chain[1].FullName, side],
            report.Problems.Select(p => p.FullName).OrderDescending(StringComparer.Ordinal)
        );
        Assert.Equal(box.Content(box.Source), box.Content(box.RestoreFrom(box.Bundles)));
    }

    [Fact]
    public void An_increment_alone_is_checked_as_far_as_it_goes()
    {
        foreach (
            var replica in new[]
            {
                SqliteFixtures.Litestream05(_box.Harness.At("a")),
                SqliteFixtures.Litestream03(_box.Harness.At("b")),
            }
        )
        {
            foreach (var bundle in _box.Harness.Read(replica))
            {
                Assert.DoesNotContain(_box.Harness.Verify([bundle]), p => p.Severity == ProblemSeverity.Error);
            }
        }
    }

    /// <summary>Transactions 1 and 2 of the handmade states, with checksums.</summary>
    private string Replica(ulong? before, uint? leaveOut)
    {
        var replica = _box.Harness.At("sums");
        var one = Sums(SqliteFixtures.State(1));
        var two = Sums(SqliteFixtures.State(2));
        Write(Path.Combine(replica, "ltx", "9"), 1, SqliteFixtures.State(1), [], 0, one, leaveOut: null);
        Write(
            Path.Combine(replica, "ltx", "0"),
            2,
            SqliteFixtures.State(2),
            SqliteFixtures.State(1),
            before ?? one,
            two,
            leaveOut
        );
        return replica;
    }

    private static ulong Sums(byte[] state)
    {
        var size = SqliteHeader.Parse(state).PageSize;
        var sums = new PageSums(size);
        for (var at = 0; at < state.Length; at += size)
        {
            sums.Set((uint)(at / size) + 1, state.AsSpan(at, size));
        }
        sums.Resize((uint)(state.Length / size));
        return sums.OfState;
    }

    private static void Write(
        string folder,
        ulong txid,
        byte[] state,
        byte[] parent,
        ulong pre,
        ulong post,
        uint? leaveOut
    )
    {
        var size = SqliteHeader.Parse(state).PageSize;
        var header = new LtxHeader
        {
            HasNoStateChecksums = false,
            PageSize = size,
            Commit = (uint)(state.Length / size),
            MinTxid = txid,
            MaxTxid = txid,
            TimeMs = 1_700_000_000_000 + (long)txid,
            PreApply = pre,
        };
        var buffer = new ArrayBufferWriter<byte>();
        var writer = new LtxWriter(buffer, header);
        for (var at = 0; at < state.Length; at += size)
        {
            var page = state.AsSpan(at, size);
            var number = (uint)(at / size) + 1;
            if (number != leaveOut && !(at < parent.Length && page.SequenceEqual(parent.AsSpan(at, size))))
            {
                writer.Page(number, page);
            }
        }
        writer.Finish(post);
        Directory.CreateDirectory(folder);
        File.WriteAllBytes(Path.Combine(folder, $"{txid:x16}-{txid:x16}.ltx"), buffer.WrittenSpan);
    }

    public void Dispose() => _box.Dispose();
}
