using BackupTools.Errors;
using BackupTools.Reports;
using BackupTools.Tests.Operations;

namespace BackupTools.Tests.Stores;

/// <summary>Bundles that go from a store, and what may not.</summary>
public sealed class StoreRemovalTests : OnFakeS3
{
    [Theory]
    [MemberData(nameof(Engines))]
    public void A_pruned_store_is_the_pruned_folder(string engine)
    {
        using var box = TwoChains(engine);
        var writing = new StoreWriting(box, Address, Settings);
        writing.Copy();
        var report = writing.Expire();
        Assert.Equal(box.Expire().RemovedCount, report.RemovedCount);
        Assert.InRange(report.RemovedCount, 3, 4);
        var local = StoreFolder.Files(box.Bundles, Prefix).ToDictionary(f => f.Key, f => f.File);
        Assert.Equal(local.Keys.Order(StringComparer.Ordinal), Data());
        Assert.All(
            // Alopex' marker names a folder of this machine.
            local.Where(f => Path.GetFileName(f.Value) != "latest"),
            f => Assert.Equal(File.ReadAllBytes(f.Value), Store.Content(f.Key))
        );
        Assert.Equal(Ids(box), writing.Seen());
        Assert.DoesNotContain(Store.Keys, k => k.Contains("removal", StringComparison.Ordinal));
        Assert.Equal(0, writing.Expire().RemovedCount);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void Killed_after_any_request_of_a_prune_readers_see_old_or_new_and_the_next_run_finishes(string engine)
    {
        using var box = TwoChains(engine);
        var writing = new StoreWriting(box, Address, Settings);
        writing.Copy();
        var (before, old) = (Store.Snapshot(), writing.Seen());
        writing.Expire();
        var (after, @new) = (Store.Keys, writing.Seen());
        Assert.NotEqual(old, @new);

        var killed = 0;
        for (var isDone = false; !isDone; killed += SoakBudget.Step(5))
        {
            Store.Bring(before);
            isDone = Store.DiesAfter(killed, () => writing.Expire());
            var seen = writing.Seen();
            Assert.True(seen.SequenceEqual(old) || seen.SequenceEqual(@new), $"{killed}: {string.Join(' ', seen)}");
            Assert.True(!isDone || seen.SequenceEqual(@new));
            // A store dates by when a bundle came: of snapshots that come again it is not told which is the newest.
            if (killed % 2 == 0 || engine == EngineNames.Alopex)
            {
                writing.Expire();
                Assert.Equal(after, Store.Keys);
                Assert.Equal(@new, writing.Seen());
            }
            else
            {
                // What was about to go comes again.
                writing.Copy();
                Assert.Equal(old.Order(), writing.Seen().Order());
                Assert.DoesNotContain(Store.Keys, k => k.Contains("removal", StringComparison.Ordinal));
                writing.Expire();
                Assert.Equal(@new, writing.Seen());
            }
            Assert.Empty(Store.OpenUploads);
        }
        Assert.InRange(killed, 10, 200);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void Killed_after_any_request_of_a_merge_readers_see_old_or_new_and_the_next_run_finishes(string engine)
    {
        using var box = Box(engine);
        var writing = new StoreWriting(box, Address, Settings);
        writing.Copy();
        var (before, old) = (Store.Snapshot(), writing.Seen());
        var made = writing.Merge();
        var (keys, ids) = (Store.Keys.Count, writing.Seen());
        Assert.Equal(old.Count + made.Count, ids.Count);
        Assert.Equal(EngineSandbox.Bytes(box.RestoreFrom(box.Bundles)), EngineSandbox.Bytes(Restored(box, made[^1])));

        var killed = 0;
        for (var isDone = false; !isDone; killed += SoakBudget.Step(5))
        {
            Store.Bring(before);
            isDone = Store.DiesAfter(killed, () => writing.Merge());
            var seen = writing.Seen().Count;
            Assert.True(seen == ids.Count || (seen == old.Count && !isDone), $"{killed}: {seen}");
            if (seen == old.Count)
            {
                writing.Merge();
            }
            Assert.Equal(ids.Count, writing.Seen().Count);
            Assert.Equal(keys, Store.Keys.Count);
            Assert.Empty(Store.OpenUploads);
        }
        Assert.InRange(killed, 10, 200);
    }

    /// <summary>A user who may not remove anything can back up all the same, whatever died before.</summary>
    [Theory]
    [MemberData(nameof(Engines))]
    public void Nothing_needs_to_be_removed_for_a_copy(string engine)
    {
        using var box = Box(engine);
        var writing = new StoreWriting(box, Address, Settings);
        writing.Copy();
        var (keys, ids) = (Store.Keys, writing.Seen());
        for (var (killed, isDone) = (0, false); !isDone; killed += SoakBudget.Step(5))
        {
            Store.Clear();
            isDone = Store.DiesAfter(killed, () => writing.Copy());
            var seen = writing.Seen();
            Assert.Equal(ids.Take(seen.Count), seen);
            Store.Misbehave = r => r.Method == "DELETE" ? Trouble.Denied : Trouble.None;
            writing.Copy();
            Assert.Equal(ids, writing.Seen());
            Assert.Equal(keys, Store.Keys);
        }
    }

    [Fact]
    public void Where_nothing_may_be_removed_a_prune_says_so_and_changes_nothing()
    {
        using var box = TwoChains(EngineNames.Grafeo);
        var writing = new StoreWriting(box, Address, Settings);
        writing.Copy();
        var (keys, ids) = (Store.Keys, writing.Seen());
        Store.Misbehave = r => r.Method == "DELETE" ? Trouble.Denied : Trouble.None;
        var report = writing.Expire();
        Assert.Equal((0, ids.Count), (report.RemovedCount, report.KeptCount));
        var problem = Assert.Single(report.Problems);
        Assert.Equal(("Warning", nameof(ErrorCode.StoreRetained)), (problem.Severity, problem.Code));
        Assert.Contains("credentials", Assert.Single(writing.Warnings), StringComparison.Ordinal);
        Assert.Equal(keys, Store.Keys);
        Assert.Equal(ids, writing.Seen());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_the_store_retains_stays_with_all_that_it_builds_on_and_it_is_said_until_when(bool isHeld)
    {
        using var box = TwoChains(EngineNames.Spg);
        var chain = box.Chains().MinBy(c => c.CreatedUtc)!;
        var writing = new StoreWriting(box, Address, Settings);
        writing.Copy();
        var key = $"{Prefix}/{chain.Bundles[1].Name}";
        if (isHeld)
        {
            Store.Held.Add(key);
        }
        Store.Retained[key] = new DateTimeOffset(2099, 1, 2, 3, 4, 5, TimeSpan.Zero);
        // Over is over.
        Store.Retained[$"{Prefix}/{chain.Bundles[2].Name}"] = DateTimeOffset.UtcNow.AddMinutes(-1);
        var report = writing.Expire();
        Assert.Equal(1, report.RemovedCount);
        Assert.Contains(
            isHeld ? "legal hold" : "until 2099-01-02 03:04Z",
            Assert.Single(report.Problems).Message,
            StringComparison.Ordinal
        );
        Assert.Equal(Ids(box).Except([chain.Bundles[2].Id]).Order(), writing.Seen().Order());
        Assert.Contains(
            report.Decisions,
            d => d.Name == chain.Bundles[0].Name && d.Keep && d.Reasons[0] == $"needed by {chain.Bundles[1].Name}"
        );
        Assert.Contains(Store.Keys, k => k == key);
    }

    private string Restored(EngineSandbox box, BundleInfo bundle)
    {
        using var host = new StoreWriting(box, Address, Settings).Host();
        var to = box.At("from-store", Path.GetFileName(box.Restored));
        Verbs.Restore(
            new BackupTools.Operations.RestoreSettings
            {
                Path = Address,
                DestinationPath = to,
                ChainId = bundle.ChainId,
            },
            host
        );
        return to;
    }

    private static List<string> Ids(EngineSandbox box) =>
        [.. box.Chains().SelectMany(c => c.Bundles).Select(b => b.Id)];

    /// <summary>The keys of what is no mark.</summary>
    private IEnumerable<string> Data() =>
        Store.Keys.Where(k => !k.Contains("/.backuptools/", StringComparison.Ordinal));

    private static EngineSandbox TwoChains(string engine)
    {
        var box = Box(engine);
        box.Full();
        return box;
    }
}
