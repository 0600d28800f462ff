using BackupTools.Chains;
using BackupTools.Engines;
using BackupTools.Engines.Sqlite;
using BackupTools.Errors;

namespace BackupTools.Tests.Engines.Sqlite;

/// <summary>Which bundles a path names, and how they chain.</summary>
public sealed class SqliteBundlesTests : IDisposable
{
    private readonly SqliteBox _box = new();

    [Fact]
    public void A_destination_a_database_in_it_and_its_ltx_folder_all_name_the_replica()
    {
        var replica = SqliteFixtures.Handmade(_box.Harness.At("b"));
        var all = _box.Harness.Read(replica);
        Assert.Equal(5, all.Count);
        Assert.Equal(all.Select(h => h.Id), _box.Harness.Read(_box.Harness.At("b")).Select(h => h.Id));
        Assert.Equal(all.Select(h => h.Id), _box.Harness.Read(Path.Combine(replica, "ltx")).Select(h => h.Id));
        Assert.All(all, h => Assert.Equal("made", h.Series));
        Assert.Equal(
            all[0],
            (BundleHeader<SqliteBundle>)Assert.Single(_box.Harness.Read(all[0].FullName)) with
            {
                Parsed = SqliteBundle.Of(all[0]),
                Notes = all[0].Notes,
            }
        );
        Assert.Empty(_box.Harness.Read(_box.Folder));
    }

    [Fact]
    public void Two_databases_in_one_destination_make_two_chains()
    {
        SqliteFixtures.Handmade(_box.Harness.At("b"));
        SqliteFixtures.Litestream03(_box.Harness.At("b"));
        Assert.Equal(
            ["made", "shop"],
            _box.Chains(_box.Harness.At("b")).Chains.Select(c => c.Series).Distinct().Order()
        );
    }

    [Fact]
    public void Levels_that_repeat_each_other_make_chains_without_a_finding()
    {
        var replica = SqliteFixtures.Litestream05(_box.Folder);
        var chains = _box.Chains(replica).Chains;
        Assert.All(chains, c => Assert.Empty(c.Problems));
        // Transactions 4 alone were merged into 1-4, and nothing reaches them without.
        var listed = _box.Harness.Read(replica).Select(h => h.FullName).ToHashSet();
        var left = Directory.GetFiles(replica, "*.ltx", SearchOption.AllDirectories).Where(f => !listed.Contains(f));
        Assert.Equal("0000000000000004-0000000000000004.ltx", Path.GetFileName(Assert.Single(left)));
        Assert.All(chains, c => Assert.All(c.Reachable(), Assert.True));
    }

    /// <summary>Litestream's retention leaves this: a snapshot in the middle of what a lower level has merged.</summary>
    [Fact]
    public void An_increment_that_reaches_back_over_the_snapshot_is_laid_on_it()
    {
        var replica = SqliteFixtures.Litestream05(_box.Folder);
        foreach (var level in new[] { "0", "2", "3" })
        {
            Directory.Delete(Path.Combine(replica, "ltx", level), recursive: true);
        }
        foreach (var old in new[] { "0000000000000001-0000000000000004", "0000000000000005-0000000000000006" })
        {
            File.Delete(Path.Combine(replica, "ltx", "1", old + ".ltx"));
        }
        var chain = Assert.Single(_box.Chains(replica).Chains);
        Assert.Empty(chain.Problems);
        Assert.Equal([9, 10, 13], chain.Bundles.Select(b => (int)b.End.Value));
        foreach (var step in SqliteFixtures.Steps05.Where(s => s.Txid is 9 or 10 or 13))
        {
            Assert.Equal(("ok", step.Rows, step.Sha256), SqliteFixtures.Look(_box.Restore(replica, step.Txid)));
        }
    }

    [Fact]
    public void Chains_of_03_have_no_finding_but_that_their_times_are_uploads()
    {
        var chains = _box.Chains(SqliteFixtures.Litestream03(_box.Folder)).Chains;
        Assert.Equal(3, chains.Count);
        Assert.All(chains, c => Assert.Equal(ProblemSeverity.Info, Assert.Single(c.Problems).Severity));
        Assert.All(chains, c => Assert.All(c.Reachable(), Assert.True));
    }

    [Fact]
    public void A_file_with_the_name_of_another_is_named_as_what_it_is()
    {
        var ltx = Path.Combine(SqliteFixtures.Handmade(_box.Folder), "ltx", "0");
        File.Move(
            Path.Combine(ltx, "0000000000000005-0000000000000005.ltx"),
            Path.Combine(ltx, "0000000000000006-0000000000000006.ltx")
        );
        var bad = _box.Chains(ltx + "/../..").Unreadable;
        Assert.Equal(ErrorCode.Malformed, Assert.Single(bad).Error!.Code);
    }

    [Fact]
    public void Every_flipped_byte_of_a_replica_is_found_by_the_quick_check()
    {
        foreach (
            var replica in new[]
            {
                SqliteFixtures.Handmade(_box.Harness.At("a")),
                SqliteFixtures.Litestream03(_box.Harness.At("b")),
            }
        )
        {
            var random = new Random(4);
            foreach (var bundle in _box.Harness.Read(replica))
            {
                var sound = File.ReadAllBytes(bundle.FullName);
                var time = File.GetLastWriteTimeUtc(bundle.FullName);
                for (var i = 0; i < 6; i++)
                {
                    var bad = (byte[])sound.Clone();
                    bad[random.Next(bad.Length)] ^= 0x81;
                    File.WriteAllBytes(bundle.FullName, bad);
                    var chains = _box.Chains(replica);
                    Assert.True(
                        chains.Unreadable.Count > 0
                            || chains.Chains.Any(c => c.Problems.Any(p => p.Severity == ProblemSeverity.Error))
                            || Found(chains.Chains, bundle.FullName)
                            || StillHolds(bundle, sound),
                        bundle.FullName
                    );
                }
                File.WriteAllBytes(bundle.FullName, sound);
                File.SetLastWriteTimeUtc(bundle.FullName, time);
            }
        }
        bool Found(IReadOnlyList<BackupChain> chains, string path) =>
            chains
                .SelectMany(c => Enumerable.Range(0, c.Bundles.Count).Select(i => c.PathTo(i)!))
                .Where(p => p[^1].FullName == path)
                .Any(p => _box.Harness.Verify(p, VerifyDepth.Checksums).Any(f => f.Severity == ProblemSeverity.Error));
        // LZ4 has several ways to write the same bytes.
        static bool StillHolds(BundleHeader bundle, byte[] sound) =>
            Unpacked(File.ReadAllBytes(bundle.FullName)) == Unpacked(sound);
        static string Unpacked(byte[] frame)
        {
            using var stream = K4os.Compression.LZ4.Streams.LZ4Stream.Decode(new MemoryStream(frame));
            var plain = new MemoryStream();
            stream.CopyTo(plain);
            return Convert.ToHexString(plain.ToArray());
        }
    }

    [Fact]
    public void A_database_is_recognised_by_its_content_and_an_encrypted_one_is_not()
    {
        var path = _box.Harness.At("anything");
        File.WriteAllBytes(path, SqliteFixtures.State(3));
        Assert.True(_box.Harness.Engine.RecognisesSource(path, _box.Harness.Context()));
        var noise = new byte[4096];
        new Random(1).NextBytes(noise);
        File.WriteAllBytes(path, noise);
        Assert.False(_box.Harness.Engine.RecognisesSource(path, _box.Harness.Context()));
        File.WriteAllBytes(path, []);
        Assert.False(_box.Harness.Engine.RecognisesSource(path, _box.Harness.Context()));
    }

    public void Dispose() => _box.Dispose();
}
