using BackupTools.Chains;
using BackupTools.Engines.Sqlite;
using BackupTools.Errors;
using BackupTools.Tests.Formats;
using BackupTools.Tests.Formats.Sqlite;
using BackupTools.Tests.Operations;

namespace BackupTools.Tests.Engines.Sqlite;

/// <summary>Merging, copying and removing, and what the side files of merged fulls find.</summary>
public sealed class SqliteKeeperTests : IDisposable
{
    private readonly SqliteBox _box = new();

    [PythonFact]
    public void A_merge_restores_to_the_same_bytes_and_the_independent_reader_reads_it()
    {
        var replica = SqliteFixtures.Handmade(_box.Folder);
        for (var txid = 1; txid <= 5; txid++)
        {
            var destination = _box.Harness.At($"merged-{txid}");
            var plan = _box.Plan(replica, new RestoreTarget.PositionTarget((ulong)txid));
            var merged = _box.Harness.Merge(plan.Bundles, destination);
            Assert.Equal(BundleKind.Full, merged.Kind);
            Assert.Equal(plan.Last.CreatedUtc, merged.CreatedUtc);
            Assert.Equal((ulong)txid, merged.End.Value);
            Assert.Equal(
                Path.Combine(destination, "made", "ltx", "9", $"0000000000000001-000000000000000{txid}.ltx"),
                merged.FullName
            );
            Assert.Equal(SqliteFixtures.State(txid), File.ReadAllBytes(_box.Restore(destination, (ulong)txid)));
            LtxChecker.Check(merged.FullName);
            var independent = _box.Harness.At($"independent-{txid}.db");
            LtxChecker.Apply(independent, merged.FullName);
            Assert.Equal(SqliteFixtures.State(txid), File.ReadAllBytes(independent));
            // Litestream tells the time of a bundle by that of its file.
            Assert.Equal(plan.Last.CreatedUtc.UtcDateTime, File.GetLastWriteTimeUtc(merged.FullName));
            Assert.Empty(_box.Harness.Verify([merged]));
        }
    }

    [Fact]
    public void A_full_of_the_same_transactions_is_not_merged_over_and_the_advice_can_be_followed()
    {
        using var box = EngineSandbox.Of(EngineNames.Sqlite);
        box.Chain();
        var merged = box.Merge();

        var error = Assert.Throws<BackupException>(() => box.Merge());

        Assert.Equal((ErrorCode.DestinationExists, merged.FullName), (error.Code, error.FullName));
        Assert.Equal("Merge into another folder, or up to another position.", error.Recommendation);
        box.Merge(folder: box.At("another"));
        box.Merge(position: 2);
    }

    [Fact]
    public void What_version_0_1_has_written_is_proved_and_restored()
    {
        var replica = SqliteFixtures.Own(_box.Folder);
        var way = _box.Plan(replica, RestoreTarget.Latest).Bundles;
        Assert.Equal([1ul, 2ul], way.Select(b => b.End.Value));
        Assert.All(way, b => Assert.Equal("/srv/sq/app.db", ((LtxBundle)SqliteBundle.Of(b)).Side!.SourcePath));
        Assert.Empty(_box.Harness.Verify(way));
        Assert.Equal(
            ["ok\nt\n1|one\n2|" + new string('0', 1400), "ok\nt\n1|1\n2|" + new string('0', 1400) + "\n3|three"],
            new[] { 1ul, 2ul }.Select(txid => SqliteRows.Dump(_box.Restore(replica, txid)))
        );
    }

    [Fact]
    public void Increments_go_on_from_a_merged_full()
    {
        var replica = SqliteFixtures.Handmade(_box.Folder);
        var destination = _box.Harness.At("merged");
        _box.Harness.Merge(_box.Plan(replica, new RestoreTarget.PositionTarget(3)).Bundles, destination);
        foreach (var increment in _box.Harness.Read(replica).Where(h => h.End.Value > 3))
        {
            _box.Harness.Copy(increment, destination);
        }
        var chain = Assert.Single(_box.Chains(destination).Chains);
        Assert.Empty(chain.Problems);
        Assert.Equal([3, 4, 5], chain.Bundles.Select(b => (int)b.End.Value));
        Assert.Equal(SqliteFixtures.State(5), File.ReadAllBytes(_box.Restore(destination, RestoreTarget.Latest)));
    }

    [Fact]
    public void A_copied_replica_restores_like_the_original_and_keeps_ids_and_times()
    {
        foreach (
            var replica in new[]
            {
                SqliteFixtures.Litestream05(_box.Harness.At("a")),
                SqliteFixtures.Litestream03(_box.Harness.At("b")),
            }
        )
        {
            var destination = replica + "-copy";
            var bundles = _box.Harness.Read(replica);
            foreach (var bundle in bundles)
            {
                var copy = _box.Harness.Copy(bundle, destination);
                Assert.Equal(bundle.Id, copy.Id);
                Assert.Equal(
                    File.GetLastWriteTimeUtc(bundle.FullName).Ticks / 10_000,
                    File.GetLastWriteTimeUtc(copy.FullName).Ticks / 10_000
                );
            }
            Assert.Equal(
                bundles.Select(b => (b.Id, b.Start, b.End, b.CreatedUtc)).OrderBy(b => b.Id),
                _box.Harness.Read(destination).Select(b => (b.Id, b.Start, b.End, b.CreatedUtc)).OrderBy(b => b.Id)
            );
            Assert.Equal(
                SqliteFixtures.Look(_box.Restore(replica, RestoreTarget.Latest)),
                SqliteFixtures.Look(_box.Restore(destination, RestoreTarget.Latest))
            );
        }
    }

    [Fact]
    public void A_damaged_bundle_is_not_copied()
    {
        foreach (
            var replica in new[]
            {
                SqliteFixtures.Litestream05(_box.Harness.At("a")),
                SqliteFixtures.Litestream03(_box.Harness.At("b")),
            }
        )
        {
            var bundle = _box.Harness.Read(replica)[0];
            var bytes = File.ReadAllBytes(bundle.FullName);
            bytes[bytes.Length / 2] ^= 4;
            File.WriteAllBytes(bundle.FullName, bytes);
            var error = Assert.Throws<BackupException>(() => _box.Harness.Copy(bundle, replica + "-copy"));
            Assert.Equal(ErrorKind.Damaged, error.Kind);
            Assert.Equal(bundle.FullName, error.FullName);
        }
    }

    [Fact]
    public void A_side_file_finds_a_page_that_its_bundle_lacks()
    {
        // A full of ours whose side file says more than its pages hold: state 2, as the increment without a page gives it.
        var replica = SqliteFixtures.Handmade(_box.Folder);
        var right = _box.Harness.Merge(Way(replica, 2), _box.Harness.At("right"));
        File.Copy(
            SqliteFixtures.IncrementWithoutAPage,
            Path.Combine(replica, "ltx", "0", "0000000000000002-0000000000000002.ltx"),
            overwrite: true
        );
        var wrong = _box.Harness.Merge(Way(replica, 2), _box.Harness.At("wrong"));
        Assert.NotEqual(File.ReadAllBytes(right.FullName), File.ReadAllBytes(wrong.FullName));
        var side = (LtxBundle)SqliteBundle.Of(right);
        var lying = (BundleHeader<SqliteBundle>)wrong with
        {
            Parsed = (LtxBundle)SqliteBundle.Of(wrong) with { Side = side.Side },
        };
        File.Copy(SideFiles.PathOf(right.FullName), SideFiles.PathOf(wrong.FullName), overwrite: true);

        var found = Assert.Single(_box.Harness.Verify([lying]), p => p.Severity == ProblemSeverity.Error);
        Assert.Equal(ErrorCode.VerificationFailed, found.Code);
        Assert.Contains("does not yield the state", found.Message, StringComparison.Ordinal);
        var error = Assert.Throws<BackupException>(() => _box.Harness.Restore([lying], _box.Harness.At("x", "out.db")));
        Assert.Equal(ErrorCode.VerificationFailed, error.Code);
        Assert.False(File.Exists(_box.Harness.At("x", "out.db")));
    }

    [Fact]
    public void A_side_file_of_another_bundle_is_not_used_and_that_is_said()
    {
        var replica = SqliteFixtures.Handmade(_box.Folder);
        var one = _box.Harness.Merge(Way(replica, 1), _box.Harness.At("one"));
        var two = _box.Harness.Merge(Way(replica, 2), _box.Harness.At("two"));
        File.Copy(SideFiles.PathOf(one.FullName), SideFiles.PathOf(two.FullName), overwrite: true);
        var read = Assert.Single(_box.Harness.Read(_box.Harness.At("two")));
        Assert.Null(((LtxBundle)SqliteBundle.Of(read)).Side);
        Assert.Equal(ErrorCode.ForeignEpoch, Assert.Single(read.Notes).Code);
    }

    [Fact]
    public void Every_flipped_bit_of_a_side_file_is_found()
    {
        var full = _box.Harness.Merge(Way(SqliteFixtures.Handmade(_box.Folder), 1), _box.Harness.At("one"));
        var path = SideFiles.PathOf(full.FullName);
        var sound = File.ReadAllBytes(path);
        for (var at = 0; at < sound.Length; at++)
        {
            var bad = (byte[])sound.Clone();
            bad[at] ^= 1;
            File.WriteAllBytes(path, bad);
            var read = Assert.Single(_box.Harness.Read(_box.Harness.At("one")));
            Assert.True(read.Notes.Count > 0 || Throws(read), $"byte {at}");
        }
        bool Throws(BundleHeader read)
        {
            try
            {
                SideFiles.PageMacs(read.FullName, ((LtxBundle)SqliteBundle.Of(read)).Side!, _box.Harness.Disk);
                return false;
            }
            catch (BackupException)
            {
                return true;
            }
        }
    }

    [Fact]
    public void Nothing_is_written_into_a_folder_of_Litestream_and_nothing_removed()
    {
        var replica = SqliteFixtures.Litestream05(_box.Folder);
        var before = Directory.GetFiles(_box.Folder, "*", SearchOption.AllDirectories).Order().ToArray();
        var plan = _box.Plan(replica, RestoreTarget.Latest);
        Assert.Equal(
            ErrorCode.InvalidOption,
            Assert.Throws<BackupException>(() => _box.Harness.Merge(plan.Bundles, replica)).Code
        );
        Assert.Equal(
            ErrorCode.InvalidOption,
            Assert.Throws<BackupException>(() => _box.Harness.Remove(replica, plan.Last)).Code
        );
        Assert.Equal(before, Directory.GetFiles(_box.Folder, "*", SearchOption.AllDirectories).Order());
    }

    [Fact]
    public void A_removed_bundle_takes_its_side_file_along()
    {
        var destination = _box.Harness.At("merged");
        var full = _box.Harness.Merge(Way(SqliteFixtures.Handmade(_box.Folder), 1), destination);
        _box.Harness.Remove(destination, full);
        Assert.Empty(Directory.GetFiles(destination, "*", SearchOption.AllDirectories));
    }

    private IReadOnlyList<BundleHeader> Way(string replica, ulong txid) =>
        _box.Plan(replica, new RestoreTarget.PositionTarget(txid)).Bundles;

    public void Dispose() => _box.Dispose();
}
