using BackupTools.Files.Stores;
using BackupTools.Tests.Operations;

namespace BackupTools.Tests.Stores;

/// <summary>Copies to a store that die, at whatever request.</summary>
public sealed class StoreKillTests : OnFakeS3
{
    [Theory]
    [MemberData(nameof(Engines))]
    public void Killed_after_any_request_readers_see_old_or_new_and_the_next_run_finishes(string engine)
    {
        using var box = Box(engine);
        var writing = new StoreWriting(box, Address, InParts(box));
        writing.Copy();
        var (keys, ids) = (Store.Keys, writing.Seen());
        Assert.Contains(Store.Requests, r => r.Query.ContainsKey("partNumber"));

        var killed = 0;
        for (var isDone = false; !isDone; killed += SoakBudget.Step(5))
        {
            Store.Clear();
            isDone = Store.DiesAfter(killed, () => writing.Copy(), Trouble.Denied);
            var seen = Seen(writing);
            Assert.Equal(ids.Take(seen.Count), seen);
            var sent = Data().ToHashSet();
            Store.ForgetRequests();
            writing.Copy();
            Assert.DoesNotContain(Data(), sent.Contains);
            Assert.Equal(keys, Store.Keys);
            Assert.Empty(Store.OpenUploads);
            Assert.Equal(ids, writing.Seen());
        }
        Assert.InRange(killed, 20, 400);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void What_was_done_and_not_answered_counts_as_done(string engine)
    {
        using var box = Box(engine);
        var writing = new StoreWriting(
            box,
            Address,
            InParts(box) with
            {
                Lease = TimeSpan.FromSeconds(20),
                Patience = TimeSpan.FromMinutes(1),
            }
        );
        var lost = new HashSet<string>();
        // Each request is answered when it is made for the second time.
        Store.Misbehave = r =>
        {
            lock (lost)
            {
                return
                    r.Method != "GET"
                    && lost.Add($"{r.Method} {r.Key} {string.Join(',', r.Query)} {Convert.ToHexString(r.Body)}")
                    ? Trouble.LostAnswer
                    : Trouble.None;
            }
        };
        Assert.Equal(3, writing.Copy().Copied.Count);
        Store.Misbehave = _ => Trouble.None;
        Assert.Empty(Store.OpenUploads);
        Assert.Empty(writing.Copy().Copied);
        Assert.Equal(3, writing.Seen().Count);
    }

    [Fact]
    public void What_nobody_goes_on_with_is_removed_and_where_it_may_not_be_it_stays_hidden()
    {
        using var dead = EngineSandbox.Of(EngineNames.Spg);
        using var box = EngineSandbox.Of(EngineNames.PowDb);
        dead.Clock!.Now = box.Clock!.Now -= TimeSpan.FromMinutes(10);
        dead.Chain();
        box.Chain();
        // The lease, the begin, the upload and a part of it.
        Assert.False(Store.DiesAfter(11, () => new StoreWriting(dead, Address, InParts(dead)).Copy(), Trouble.Denied));
        Assert.Single(Store.OpenUploads);
        var writing = new StoreWriting(box, Address, InParts(box));
        Store.Misbehave = r => r.Method == "DELETE" ? Trouble.Denied : Trouble.None;
        Assert.Equal(3, writing.Copy().Copied.Count);
        Assert.Contains("remains, hidden", Assert.Single(writing.Warnings), StringComparison.Ordinal);
        Assert.Equal(3, writing.Seen().Count);

        Store.Misbehave = _ => Trouble.None;
        Assert.Equal(3, writing.Copy().PresentCount);
        Assert.Empty(Store.OpenUploads);
        var names = StoreFolder.Files(box.Bundles, Prefix).Select(f => f.Key).ToList();
        Assert.Equal(
            names.Order(StringComparer.Ordinal),
            Store.Keys.Where(k => !k.Contains("/.backuptools/", StringComparison.Ordinal))
        );
        Assert.Equal(7, Store.Keys.Count(k => k.Contains("/.backuptools/", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_run_that_is_stopped_leaves_no_upload_and_no_lease()
    {
        using var box = Box(EngineNames.Spg);
        var writing = new StoreWriting(box, Address, InParts(box) with { Lease = TimeSpan.FromMinutes(5) });
        using var stop = new CancellationTokenSource();
        Store.Misbehave = r =>
        {
            if (r.Query.GetValueOrDefault("partNumber") == "2")
            {
                stop.Cancel();
            }
            return Trouble.None;
        };
        Assert.ThrowsAny<OperationCanceledException>(() => writing.Copy(cancellation: stop.Token));
        Assert.Empty(Store.OpenUploads);
        // It does not wait for the lease.
        Assert.Equal(3, writing.Copy().Copied.Count);
    }

    /// <summary>The largest files go in three parts.</summary>
    private StoreSettings InParts(EngineSandbox box) =>
        Settings with
        {
            PartSize = (StoreFolder.Files(box.Bundles, "").Max(f => new FileInfo(f.File).Length) / 3) + 1,
        };

    private IReadOnlyList<string> Seen(StoreWriting writing)
    {
        try
        {
            return writing.Seen();
        }
        catch (Exception e)
        {
            throw new InvalidOperationException(
                string.Join(
                    "\n",
                    Store.Keys.Select(k =>
                        k.EndsWith(".begin", StringComparison.Ordinal)
                            ? $"{k} {System.Text.Encoding.UTF8.GetString(Store.Content(k))}"
                            : k
                    )
                ),
                e
            );
        }
    }

    /// <summary>What was sent and taken of the bundles' own objects.</summary>
    private IEnumerable<string> Data() =>
        Store
            .Requests.Where(r => r.Method == "PUT" && !r.IsRefused)
            .Where(r => !r.Headers.ContainsKey("if-match") && !r.Headers.ContainsKey("if-none-match"))
            .Select(r => $"{r.Key} {r.Query.GetValueOrDefault("partNumber")}");
}
