using BackupTools.Engines;
using BackupTools.Errors;
using BackupTools.Files.Stores;
using BackupTools.Tests.Operations;

namespace BackupTools.Tests.Stores;

/// <summary>Copies to a store that die, at whatever request.</summary>
public sealed class StoreKillTests : IDisposable
{
    private const string Prefix = "p/b";
    private const string Address = $"s3://{FakeS3.Bucket}/{Prefix}";

    private readonly FakeS3 _store = new();

    public static TheoryData<string> Engines => [.. EngineSandbox.Names];

    private StoreSettings Settings =>
        new()
        {
            Endpoint = _store.Endpoint,
            AccessKey = "key",
            SecretKey = "secret",
            Lease = TimeSpan.FromMilliseconds(200),
        };

    public void Dispose() => _store.Dispose();

    [Theory]
    [MemberData(nameof(Engines))]
    public void Killed_after_any_request_readers_see_old_or_new_and_the_next_run_finishes(string engine)
    {
        using var box = EngineSandbox.Of(engine);
        box.Clock!.Now -= TimeSpan.FromMinutes(10);
        box.Chain();
        var writing = new StoreWriting(box, Address, InParts(box));
        writing.Copy();
        var (keys, ids) = (_store.Keys, writing.Seen());
        Assert.Contains(_store.Requests, r => r.Query.ContainsKey("partNumber"));

        var killed = 0;
        for (var isDone = false; !isDone; killed += SoakBudget.Step(5))
        {
            _store.Clear();
            isDone = DiesAfter(killed, () => writing.Copy());
            var seen = Seen(writing);
            Assert.Equal(ids.Take(seen.Count), seen);
            var sent = Data().ToHashSet();
            _store.ForgetRequests();
            writing.Copy();
            Assert.DoesNotContain(Data(), sent.Contains);
            Assert.Equal(keys, _store.Keys);
            Assert.Empty(_store.OpenUploads);
            Assert.Equal(ids, writing.Seen());
        }
        Assert.InRange(killed, 20, 400);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void What_was_done_and_not_answered_counts_as_done(string engine)
    {
        using var box = EngineSandbox.Of(engine);
        box.Clock!.Now -= TimeSpan.FromMinutes(10);
        box.Chain();
        var writing = new StoreWriting(box, Address, InParts(box) with { Lease = TimeSpan.FromSeconds(20) });
        var lost = new HashSet<string>();
        // Each request is answered when it is made for the second time.
        _store.Misbehave = r =>
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
        _store.Misbehave = _ => Trouble.None;
        Assert.Empty(_store.OpenUploads);
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
        Assert.False(DiesAfter(11, () => new StoreWriting(dead, Address, InParts(dead)).Copy()));
        Assert.Single(_store.OpenUploads);
        var writing = new StoreWriting(box, Address, InParts(box));
        _store.Misbehave = r => r.Method == "DELETE" ? Trouble.Denied : Trouble.None;
        Assert.Equal(3, writing.Copy().Copied.Count);
        Assert.Contains("remains, hidden", Assert.Single(writing.Warnings), StringComparison.Ordinal);
        Assert.Equal(3, writing.Seen().Count);

        _store.Misbehave = _ => Trouble.None;
        Assert.Equal(3, writing.Copy().PresentCount);
        Assert.Empty(_store.OpenUploads);
        var names = StoreFolder.Files(box.Bundles, Prefix).Select(f => f.Key).ToList();
        Assert.Equal(
            names.Order(StringComparer.Ordinal),
            _store.Keys.Where(k => !k.Contains("/.backuptools/", StringComparison.Ordinal))
        );
        Assert.Equal(7, _store.Keys.Count(k => k.Contains("/.backuptools/", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_run_that_is_stopped_leaves_no_upload_and_no_lease()
    {
        using var box = EngineSandbox.Of(EngineNames.Spg);
        box.Clock!.Now -= TimeSpan.FromMinutes(10);
        box.Chain();
        var writing = new StoreWriting(box, Address, InParts(box) with { Lease = TimeSpan.FromMinutes(5) });
        using var stop = new CancellationTokenSource();
        _store.Misbehave = r =>
        {
            if (r.Query.GetValueOrDefault("partNumber") == "2")
            {
                stop.Cancel();
            }
            return Trouble.None;
        };
        Assert.ThrowsAny<OperationCanceledException>(() => writing.Copy(cancellation: stop.Token));
        Assert.Empty(_store.OpenUploads);
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
                    _store.Keys.Select(k =>
                        k.EndsWith(".begin", StringComparison.Ordinal)
                            ? $"{k} {System.Text.Encoding.UTF8.GetString(_store.Content(k))}"
                            : k
                    )
                ),
                e
            );
        }
    }

    /// <summary>True when nothing was left to die for.</summary>
    private bool DiesAfter(int requests, Action act)
    {
        var count = 0;
        _store.Misbehave = _ => Interlocked.Increment(ref count) > requests ? Trouble.Denied : Trouble.None;
        try
        {
            act();
            return true;
        }
        catch (BackupException e) when (e.Code == ErrorCode.StoreAccessDenied)
        {
            return false;
        }
        finally
        {
            _store.Misbehave = _ => Trouble.None;
        }
    }

    /// <summary>What was sent and taken of the bundles' own objects.</summary>
    private IEnumerable<string> Data() =>
        _store
            .Requests.Where(r => r.Method == "PUT" && !r.IsRefused)
            .Where(r => !r.Headers.ContainsKey("if-match") && !r.Headers.ContainsKey("if-none-match"))
            .Select(r => $"{r.Key} {r.Query.GetValueOrDefault("partNumber")}");
}
