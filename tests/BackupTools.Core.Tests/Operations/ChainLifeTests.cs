using BackupTools.Errors;
using BackupTools.Operations;
using BackupTools.Reports;

namespace BackupTools.Tests.Operations;

/// <summary>Merge, copy and expire, with every engine whose chains can be.</summary>
public sealed class ChainLifeTests : IDisposable
{
    private EngineSandbox _box = null!;

    public static TheoryData<string> Engines => new(EngineSandbox.All);

    [Theory]
    [MemberData(nameof(Engines))]
    public void A_full_merged_up_to_any_bundle_restores_to_what_the_chain_restores_to(string engine)
    {
        var bundles = Chain(engine);
        foreach (var bundle in bundles)
        {
            var folder = _box.At($"m{bundle.EndPosition}");
            var merged = _box.Merge(bundle: bundle, folder: folder);

            Assert.Equal(bundle.EndPosition, merged.EndPosition);
            Assert.InRange((bundle.CreatedUtc - merged.CreatedUtc).Duration(), TimeSpan.Zero, TimeSpan.FromSeconds(1));
            Assert.Equal(
                EngineSandbox.Bytes(_box.RestoreFrom(_box.Bundles, bundle)),
                EngineSandbox.Bytes(_box.RestoreFrom(folder))
            );
        }
        Assert.Empty(_box.Warnings);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(49)]
    [InlineData(166)]
    [InlineData(508)]
    public void A_log_is_merged_up_to_any_position(int position)
    {
        Chain("SPG");
        var target = (ulong)position;

        Assert.Equal(target, _box.Merge(target).EndPosition);
        Assert.Equal(
            EngineSandbox.Bytes(_box.RestoreFrom(_box.Bundles, position: target)),
            EngineSandbox.Bytes(_box.RestoreFrom(_box.At("m")))
        );
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void Increments_go_on_from_a_merged_full_and_the_originals_stay(string engine)
    {
        _box = EngineSandbox.Of(engine);
        _box.Become("S0");
        _box.Full();
        _box.Become("S1");
        _box.Increment();
        var before = _box.Inventory();
        var merged = _box.Merge();
        Assert.All(before, file => Assert.Equal(file.Value, _box.Inventory()[file.Key]));

        _box.Become("S2");
        var next = _box.Increment(_box.Settings() with { DestinationPath = _box.At("m") });
        Assert.Equal(next.Kind == "Full" ? next.EndPosition : merged.EndPosition, next.StartPosition);
        RequireContent(_box.RestoreFrom(_box.At("m")));
        Assert.Empty(_box.Lies());
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void A_merge_into_the_folder_of_the_chain_becomes_the_chain_that_is_continued(string engine)
    {
        _box = EngineSandbox.Of(engine);
        _box.Become("S0");
        _box.Full();
        _box.Become("S1");
        _box.Increment();
        var merged = _box.Merge(folder: _box.Bundles);
        Assert.Empty(_box.Lies());
        _box.Become("S2");
        var next = _box.Increment();

        var chains = _box.Chains();
        Assert.All(chains, c => Assert.True(c.IsValid));
        Assert.Contains(chains, c => c.ChainId == merged.ChainId);
        if (next.Kind != "Full")
        {
            Assert.Equal(merged.ChainId, next.ChainId);
        }
        RequireContent(_box.RestoreFrom(_box.Bundles, next));
        Assert.Empty(_box.Lies());
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void A_damaged_chain_is_not_merged(string engine)
    {
        var bundles = Chain(engine);
        EngineSandbox.Damage(bundles[2]);

        Assert.Equal(ErrorCode.ChecksumMismatch, Assert.Throws<BackupException>(() => _box.Merge()).Code);
        Assert.False(Directory.Exists(_box.At("m")));
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void A_copy_is_resumed_where_it_stopped_and_copies_only_what_is_missing(string engine)
    {
        _box = EngineSandbox.Of(engine);
        _box.Become("S0");
        var full = _box.Full();
        _box.Become("S1");
        var increment = _box.Increment();
        var count = _box.Count();
        var first = _box.Copy();
        Assert.Equal(count, first.Copied.Count);
        _box.Become("S2");
        var last = _box.Increment();
        var second = _box.Copy(verify: true);

        Assert.Equal([last.Id], second.Copied.Select(b => b.Id));
        Assert.Equal((count, true), (second.PresentCount, second.IsValid!.Value));
        Assert.All([full, increment, last], b => Assert.Equal(Bytes(b.FullName), Bytes(Copied(b))));
        Assert.Empty(_box.Copy().Copied);
        Assert.Empty(_box.Lies());
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void A_damaged_bundle_is_found_while_it_is_copied_and_other_chains_are_copied_all_the_same(string engine)
    {
        var bundles = Chain(engine);
        var other = _box.Full();
        EngineSandbox.Damage(bundles[2]);

        var report = _box.Copy();
        var problem = Assert.Single(report.Problems);
        Assert.Equal((nameof(ErrorCode.ChecksumMismatch), false), (problem.Code, report.IsValid!.Value));
        Assert.StartsWith(bundles[2].FullName, problem.FullName, StringComparison.Ordinal);
        Assert.Contains(other.Id, report.Copied.Select(b => b.Id));
        Assert.False(Path.Exists(Copied(bundles[2])));
        Assert.True(Path.Exists(Copied(bundles[0])));
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void What_no_rule_keeps_goes_and_every_kept_bundle_still_restores(string engine)
    {
        Chain(engine);
        _box.Full();
        _box.Full();
        File.WriteAllText(Path.Combine(_box.Bundles, "notes.txt"), "mine");
        var settings = new ExpirySettings { Path = _box.Bundles, KeepLast = 1 };

        var before = _box.Inventory();
        var plan = ExpireBackups.Plan(settings, _box.Host()).Report;
        Assert.Equal(before, _box.Inventory());
        var report = _box.Expire(settings);

        Assert.Equal((plan.KeptCount, plan.RemovedCount), (report.KeptCount, report.RemovedCount));
        Assert.InRange(report.RemovedCount, 4, report.Decisions.Count - 1);
        Assert.Equal(report.KeptCount, _box.Count());
        Assert.Single(_box.Chains());
        Assert.True(File.Exists(Path.Combine(_box.Bundles, "notes.txt")));
        RequireContent(_box.RestoreFrom(_box.Bundles));
        Assert.Empty(_box.Lies());
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void The_newest_restore_point_goes_only_by_force(string engine)
    {
        Chain(engine);
        var settings = new ExpirySettings { Path = _box.Bundles, KeepLast = 0 };

        _box.Expire(settings);
        RequireContent(_box.RestoreFrom(_box.Bundles));
        Assert.Empty(_box.Lies());
        _box.Expire(settings with { Force = true });
        Assert.Empty(_box.BundleNames());
        Assert.Empty(_box.Lies());
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void A_bundle_is_no_folder_to_be_thinned_out(string engine)
    {
        var bundle = Chain(engine)[0];
        var before = _box.Inventory();

        var error = Assert.Throws<BackupException>(() =>
            _box.Expire(new ExpirySettings { Path = bundle.FullName, KeepLast = 0 })
        );

        Assert.Equal(ErrorCode.InvalidOption, error.Code);
        Assert.Equal(before, _box.Inventory());
    }

    [Fact]
    public void What_a_bundle_builds_on_is_copied_first_although_the_clock_was_set_back()
    {
        _box = EngineSandbox.Of("PowDB");
        var full = _box.Full();
        _box.Become("S1");
        _box.Clock!.Now -= TimeSpan.FromDays(1);
        var increment = _box.Increment();

        Assert.Equal([full.Id, increment.Id], _box.Copy().Copied.Select(b => b.Id));
    }

    private IReadOnlyList<Reports.BundleInfo> Chain(string engine)
    {
        _box = EngineSandbox.Of(engine);
        return _box.Chain();
    }

    private void RequireContent(string restored) => Assert.Equal(_box.Content(_box.Source), _box.Content(restored));

    /// <summary>Where the copy of a bundle lies: a destination of several databases has a folder for each.</summary>
    private string Copied(BundleInfo bundle) => _box.At("c", Path.GetRelativePath(_box.Bundles, bundle.FullName));

    private static string Bytes(string bundle) =>
        File.Exists(bundle) ? Convert.ToHexString(File.ReadAllBytes(bundle)) : EngineSandbox.Tree(bundle);

    public void Dispose() => _box?.Dispose();
}
