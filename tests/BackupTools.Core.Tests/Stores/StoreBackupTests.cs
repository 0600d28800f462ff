using BackupTools.Errors;
using BackupTools.Operations;
using BackupTools.Tests.Operations;

namespace BackupTools.Tests.Stores;

/// <summary>Backups that go straight to a store.</summary>
public sealed class StoreBackupTests : OnFakeS3
{
    [Theory]
    [MemberData(nameof(Engines))]
    public void A_chain_that_goes_straight_to_a_store_is_that_of_a_folder(string engine)
    {
        using var box = Empty(engine);
        var writing = new StoreWriting(box, Address, Settings);
        // Each state goes to both.
        box.Become("S0");
        var there = new List<BackupTools.Reports.BundleInfo> { writing.Back(incremental: false)[0] };
        var here = new List<BackupTools.Reports.BundleInfo> { box.Full() };
        foreach (var state in new[] { "S1", "S2" })
        {
            box.Become(state);
            there.Add(writing.Back()[0]);
            here.Add(box.Increment());
        }
        Assert.All(there, b => Assert.StartsWith(Address + "/", b.FullName, StringComparison.Ordinal));
        Assert.Equal(here.Select(b => (b.Kind, b.EndPosition)), there.Select(b => (b.Kind, b.EndPosition)));
        Assert.Equal(box.Count(), writing.Seen().Count);

        var down = box.At("down");
        foreach (var key in Store.Keys.Where(k => !k.Contains("/.backuptools/", StringComparison.Ordinal)))
        {
            var file = Path.Combine(down, key[(Prefix.Length + 1)..]);
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllBytes(file, Store.Content(key));
        }
        Assert.Equal(StoreFolder.Files(box.Bundles, "").Count(), StoreFolder.Files(down, "").Count());
        for (var i = 0; i < here.Count; i++)
        {
            Assert.Equal(
                EngineSandbox.Bytes(box.RestoreFrom(box.Bundles, here[i])),
                EngineSandbox.Bytes(box.RestoreFrom(down, there[i]))
            );
        }
        using var host = writing.Host();
        Assert.All(
            VerifyChain.Run(new VerifySettings { Path = Address, RestoreDrill = true }, host),
            r => Assert.True(r.IsValid, string.Join("; ", r.Problems))
        );
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void Killed_after_any_request_of_a_backup_readers_see_old_or_new_and_the_next_run_finishes(string engine)
    {
        using var box = Empty(engine);
        var writing = new StoreWriting(box, Address, Settings);
        box.Become("S0");
        KilledAnywhere(box, writing, incremental: false);
        box.Become("S1");
        KilledAnywhere(box, writing, incremental: true);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void Where_nothing_has_changed_the_store_is_told_until_when_its_newest_state_is_current(string engine)
    {
        using var box = Empty(engine);
        var writing = new StoreWriting(box, Address, Settings);
        box.Become("S0");
        Assert.Equal("Full", writing.Back(fullIfNeeded: true)[0].Kind);
        var (keys, ids) = (Store.Keys, writing.Seen());
        Assert.Empty(writing.Back(allowEmpty: false));
        Assert.Equal(ids, writing.Seen());
        Assert.Single(Store.Keys.Except(keys), k => k.Contains("/.backuptools-current-", StringComparison.Ordinal));
        using var host = writing.Host();
        var chain = Assert.Single(ReadChains.Read(Address, false, null, host).ToList()).Chain!;
        Assert.Equal(box.Clock!.Now.UtcDateTime, chain.CurrentUntilUtc);
    }

    [Fact]
    public void A_plan_writes_nothing()
    {
        using var box = Empty(EngineNames.Spg);
        box.Become("S0");
        var writing = new StoreWriting(box, Address, Settings);
        using var host = writing.Host();
        var plan = TakeBackup.Plan(box.Settings() with { DestinationPath = Address }, host);
        Assert.StartsWith(Address + "/", plan.BundlePath, StringComparison.Ordinal);
        Assert.All(Store.Requests, r => Assert.Equal("GET", r.Method));
        Assert.False(Directory.Exists(box.At("spool")));
    }

    [Fact]
    public void A_database_in_a_store_is_no_source()
    {
        using var box = Empty(EngineNames.Spg);
        using var host = new StoreWriting(box, Address, Settings).Host();
        var error = Assert.Throws<BackupException>(() =>
            TakeBackup.Plan(box.Settings() with { SourcePath = Address }, host)
        );
        Assert.Equal(ErrorCode.ProviderNotSupported, error.Code);
        Assert.Empty(Store.Requests);
    }

    /// <summary>Every address is a destination of its own, for which the engine keeps its log until it is forgotten.</summary>
    [Fact]
    public void The_cursor_of_Grafeo_knows_a_store_by_its_address()
    {
        using var box = Empty(EngineNames.Grafeo);
        box.Become("S0");
        new StoreWriting(box, Address, Settings).Back(incremental: false);
        Assert.Contains(Files(), text => text.Contains(Address, StringComparison.Ordinal));
        box.Full(box.Settings() with { ForgetDestination = [Address] });
        Assert.DoesNotContain(Files(), text => text.Contains(Address, StringComparison.Ordinal));
        IEnumerable<string> Files() =>
            Directory
                .EnumerateFiles(Path.GetDirectoryName(box.Source)!, "backup_*", SearchOption.AllDirectories)
                .Where(f => !f.StartsWith(box.Bundles, StringComparison.Ordinal))
                .Select(f => System.Text.Encoding.UTF8.GetString(File.ReadAllBytes(f)));
    }

    private void KilledAnywhere(EngineSandbox box, StoreWriting writing, bool incremental)
    {
        var before = Store.Snapshot();
        var old = writing.Seen();
        writing.Back(incremental);
        var (keys, bundles) = (Store.Keys.Count, writing.Seen().Count);
        var killed = 0;
        for (var isDone = false; !isDone; killed += SoakBudget.Step(5))
        {
            Store.Bring(before);
            isDone = Store.DiesAfter(killed, () => writing.Back(incremental));
            var seen = writing.Seen();
            Assert.Equal(old, seen.Take(old.Count));
            Assert.True(seen.Count == bundles || (seen.Count == old.Count && !isDone), $"{killed}: {seen.Count}");
            if (seen.Count == old.Count)
            {
                writing.Back(incremental);
            }
            Assert.Equal(bundles, writing.Seen().Count);
            Assert.Equal(keys, Store.Keys.Count);
            Assert.Empty(Store.OpenUploads);
        }
        Assert.InRange(killed, 8, 200);
        // What was taken last restores to what the database is now.
        using var host = writing.Host();
        var to = box.At("from-store", $"{incremental}", Path.GetFileName(box.Restored));
        Verbs.Restore(new RestoreSettings { Path = Address, DestinationPath = to }, host);
        box.Full();
        Assert.Equal(box.Content(box.RestoreFrom(box.Bundles)), box.Content(to));
    }
}
