using BackupTools.Errors;
using BackupTools.Files.Stores;
using BackupTools.Tests.Operations;

namespace BackupTools.Tests.Stores;

/// <summary>Bundles that are larger than the spool that they are put together in.</summary>
public sealed class StoreSpoolTests : OnFakeS3
{
    private long _page;
    private long _largest;
    private string _spool = "";

    private StoreSettings InPages => Settings with { PartSize = _page, SpoolLimit = 4 * _page };

    [Theory]
    [MemberData(nameof(Engines))]
    public void The_spool_holds_no_more_than_it_may_and_the_bundles_are_those_of_a_folder(string engine)
    {
        using var box = Large(engine);
        var writing = new StoreWriting(box, Address, InPages);
        Watch();
        var full = writing.Back(incremental: false);
        box.Become("S1");
        var increment = writing.Back();
        Assert.Contains(Store.Requests, r => r.Headers.ContainsKey("x-amz-copy-source"));
        Assert.InRange(_largest, _page, 4 * _page);
        Assert.Empty(Store.OpenUploads);
        Assert.DoesNotContain(Store.Keys, k => k.Contains("/spool/", StringComparison.Ordinal));

        box.Full();
        Assert.Equal(box.Content(box.RestoreFrom(box.Bundles)), box.Content(Restored(box, writing)));
        Assert.Equal(full.Count + increment.Count, writing.Seen().Count);
        Assert.NotEmpty(writing.Merge());
        using var host = writing.Host();
        Assert.All(
            BackupTools.Operations.VerifyChain.Run(
                new BackupTools.Operations.VerifySettings { Path = Address, RestoreDrill = true },
                host
            ),
            r => Assert.True(r.IsValid, string.Join("; ", r.Problems))
        );
        Assert.InRange(_largest, _page, 4 * _page);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void Killed_after_any_request_readers_see_old_or_new_and_nothing_that_waited_stays(string engine)
    {
        using var box = Large(engine);
        var writing = new StoreWriting(box, Address, InPages);
        writing.Back(incremental: false);
        var (before, old) = (Store.Snapshot(), writing.Seen());
        var wasParked = false;
        for (var (killed, isDone) = (4, false); !isDone; killed += SoakBudget.Step(7))
        {
            Store.Bring(before);
            isDone = Store.DiesAfter(killed, () => writing.Back(incremental: false));
            wasParked |= Store.Keys.Any(k => k.Contains("/spool/", StringComparison.Ordinal));
            var seen = writing.Seen();
            Assert.Equal(old, seen.Take(old.Count));
            writing.Back(incremental: false);
            Assert.InRange(writing.Seen().Count, seen.Count + 1, seen.Count + 2);
            Assert.DoesNotContain(Store.Keys, k => k.Contains("/spool/", StringComparison.Ordinal));
            Assert.Empty(Store.OpenUploads);
        }
        Assert.True(wasParked);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Where_what_is_put_stays_nothing_waits_there(bool mayDelete)
    {
        using var box = Large(EngineNames.Spg);
        Store.Misbehave = r => r.Method == "DELETE" && !mayDelete ? Trouble.Denied : Trouble.None;
        Store.RetainsAll = mayDelete;
        var writing = new StoreWriting(box, Address, InPages);
        writing.Back(incremental: false);
        // What it was found out with.
        Assert.Single(Store.Requests, r => r.Method == "PUT" && r.Key.Contains("/spool/", StringComparison.Ordinal));
        Assert.Contains(writing.Verbose, v => v.Contains("the spool holds the whole bundle", StringComparison.Ordinal));
        Assert.Single(writing.Seen());
    }

    [Fact]
    public void What_comes_back_as_something_else_is_no_part_of_a_bundle()
    {
        using var box = Large(EngineNames.Spg);
        Store.Misbehave = r =>
            r.Method == "GET" && r.Key.Contains("/spool/", StringComparison.Ordinal)
                ? Trouble.FlippedByte
                : Trouble.None;
        var writing = new StoreWriting(box, Address, InPages with { SpoolLimit = 2 * _page });
        // The header of SPG is written last, into a page that has gone by then.
        var error = Assert.Throws<BackupException>(() => writing.Back(incremental: false));
        Assert.Equal(ErrorCode.ReadFailed, error.Code);
        Assert.Empty(writing.Seen());
    }

    [Fact]
    public void A_run_that_is_stopped_leaves_nothing_that_waited()
    {
        using var box = Large(EngineNames.Sqlite);
        using var stop = new CancellationTokenSource();
        var waited = 0;
        Store.Misbehave = r =>
        {
            if (r.Key.Contains("/spool/", StringComparison.Ordinal) && Interlocked.Increment(ref waited) == 3)
            {
                stop.Cancel();
            }
            return Trouble.None;
        };
        var writing = new StoreWriting(box, Address, InPages);
        using var host = writing.Host(stop.Token);
        Assert.ThrowsAny<OperationCanceledException>(() =>
            Verbs.Fulls(box.Settings() with { DestinationPath = Address }, host)
        );
        Assert.False(Directory.Exists(box.At("spool")));
        Assert.Empty(Store.OpenUploads);
        writing.Back(incremental: false);
        Assert.DoesNotContain(Store.Keys, k => k.Contains("/spool/", StringComparison.Ordinal));
    }

    private static string Restored(EngineSandbox box, StoreWriting writing)
    {
        using var host = writing.Host();
        var to = box.At("from-store", Path.GetFileName(box.Restored));
        Verbs.Restore(new BackupTools.Operations.RestoreSettings { Path = Address, DestinationPath = to }, host);
        return to;
    }

    /// <summary>Looks into the spool whenever something is asked of the store.</summary>
    private void Watch() =>
        Store.Misbehave = _ =>
        {
            lock (Store)
            {
                var now = Directory.Exists(_spool)
                    ? StoreFolder.Files(_spool, "").Sum(f => File.Exists(f.File) ? LengthOf(f.File) : 0)
                    : 0;
                _largest = Math.Max(_largest, now);
            }
            return Trouble.None;
        };

    private static long LengthOf(string file)
    {
        try
        {
            return new FileInfo(file).Length;
        }
        catch (FileNotFoundException)
        {
            return 0;
        }
    }

    private EngineSandbox Large(string engine)
    {
        var box = Empty(engine);
        box.Become("S0");
        _spool = box.At("spool");
        _page =
            (File.Exists(box.Source) ? [box.Source] : StoreFolder.Files(box.Source, "").Select(f => f.File)).Sum(
                LengthOf
            ) / 16;
        return box;
    }
}
