using BackupTools.Errors;
using BackupTools.Operations;

namespace BackupTools.Tests.Operations;

/// <summary>Merge, copy and expire, on chains of SPG bundles.</summary>
public sealed class ChainLifeTests : IDisposable
{
    private readonly SpgSandbox _box = new();

    [Theory]
    [InlineData(0)]
    [InlineData(49)]
    [InlineData(166)]
    [InlineData(508)]
    public void A_merged_full_restores_to_what_the_chain_restores_to(int position)
    {
        _box.Chain();
        var target = (ulong)position;
        var merged = Merge(target);

        _box.Restore(_box.RestoreTo("chain", "rec.db") with { ToPosition = target });
        _box.Restore(new RestoreSettings { Path = _box.At("m"), DestinationPath = _box.At("merged", "rec.db") });
        Assert.Equal(target, merged.EndPosition);
        foreach (var file in new[] { "rec.db", "rec.wal" })
        {
            Assert.Equal(File.ReadAllBytes(_box.At("chain", file)), File.ReadAllBytes(_box.At("merged", file)));
        }
    }

    [Fact]
    public void Increments_go_on_from_a_merged_full_and_the_originals_stay()
    {
        _box.Full();
        _box.GrowTo("S1");
        _box.Increment();
        var before = _box.Inventory();
        Merge(null);
        Assert.All(before, file => Assert.Equal(file.Value, _box.Inventory()[file.Key]));

        _box.GrowTo("S2");
        var next = _box.Increment(_box.Settings() with { DestinationPath = _box.At("m") });
        Assert.Equal(166ul, next.StartPosition);
        _box.Restore(new RestoreSettings { Path = _box.At("m"), DestinationPath = _box.At("r", "rec.db") });
        Assert.Equal(File.ReadAllBytes(_box.Wal), File.ReadAllBytes(_box.At("r", "rec.wal")));
    }

    [Fact]
    public void A_merge_into_the_folder_of_the_chain_becomes_the_chain_that_is_continued()
    {
        _box.Full();
        _box.GrowTo("S1");
        _box.Increment();
        var merged = Merge(null, _box.Bundles);
        _box.GrowTo("S2");
        var next = _box.Increment();

        var chains = _box.Chains();
        Assert.Equal(2, chains.Count);
        var chain = Assert.Single(chains, c => c.ChainId == merged.ChainId);
        Assert.Contains(chain.Bundles, b => b.Id == next.Id);
        Assert.True(chain.IsValid);
    }

    [Fact]
    public void A_damaged_chain_is_not_merged()
    {
        var bundles = _box.Chain();
        Damage(bundles[1].FullName);

        Assert.Equal(ErrorCode.ChecksumMismatch, Assert.Throws<BackupException>(() => Merge(null)).Code);
        Assert.False(Directory.Exists(_box.At("m")));
    }

    [Fact]
    public void A_copy_is_resumed_where_it_stopped_and_copies_only_what_is_missing()
    {
        var bundles = _box.Chain();
        var first = Copy();
        Assert.Equal(3, first.Copied.Count);
        File.Delete(_box.At("copy", bundles[2].Name));
        var second = Copy(verify: true);

        Assert.Equal([bundles[2].Id], second.Copied.Select(b => b.Id));
        Assert.Equal((2, true), (second.PresentCount, second.IsValid!.Value));
        Assert.All(
            bundles,
            b => Assert.Equal(File.ReadAllBytes(b.FullName), File.ReadAllBytes(_box.At("copy", b.Name)))
        );
    }

    [Fact]
    public void A_damaged_bundle_is_found_while_it_is_copied()
    {
        var bundles = _box.Chain();
        Damage(bundles[1].FullName);

        var error = Assert.Throws<BackupException>(() => Copy());
        Assert.Equal((ErrorCode.ChecksumMismatch, bundles[1].FullName), (error.Code, error.FullName));
        Assert.Equal([bundles[0].Name], Directory.GetFiles(_box.At("copy")).Select(Path.GetFileName));
    }

    [Fact]
    public void What_no_rule_keeps_goes_and_every_kept_bundle_still_restores()
    {
        _box.Chain();
        _box.Full();
        _box.Full();
        File.WriteAllText(Path.Combine(_box.Bundles, "notes.txt"), "mine");
        var settings = new ExpirySettings { Path = _box.Bundles, KeepLast = 1 };

        var before = _box.Inventory();
        var plan = ExpireBackups.Plan(settings, _box.Host());
        Assert.Equal(before, _box.Inventory());
        var report = ExpireBackups.Execute(settings, _box.Host());

        Assert.Equal((plan.KeptCount, plan.RemovedCount), (report.KeptCount, report.RemovedCount));
        Assert.Equal((1, 4), (report.KeptCount, report.RemovedCount));
        Assert.Equal(2, Directory.GetFiles(_box.Bundles).Length);
        Assert.Equal(508ul, _box.Restore().EndPosition);
    }

    [Fact]
    public void The_newest_restore_point_goes_only_by_force()
    {
        _box.Chain();
        var settings = new ExpirySettings { Path = _box.Bundles, KeepLast = 0 };

        Assert.Equal(0, ExpireBackups.Execute(settings, _box.Host()).RemovedCount);
        Assert.Equal(3, ExpireBackups.Execute(settings with { Force = true }, _box.Host()).RemovedCount);
    }

    private Reports.BundleInfo Merge(ulong? position, string? folder = null)
    {
        var host = _box.Host();
        var settings = new MergeSettings
        {
            Path = _box.Bundles,
            ToPosition = position,
            DestinationPath = folder ?? _box.At("m"),
        };
        return MergeChain.Execute(MergeChain.Plan(settings, host), host);
    }

    private Reports.CopyReport Copy(bool verify = false) =>
        CopyChain.Execute(
            new CopySettings
            {
                Path = _box.Bundles,
                DestinationPath = _box.At("copy"),
                Verify = verify,
            },
            _box.Host()
        );

    private static void Damage(string path)
    {
        var bytes = File.ReadAllBytes(path);
        bytes[^20] ^= 1;
        File.WriteAllBytes(path, bytes);
    }

    public void Dispose() => _box.Dispose();
}
