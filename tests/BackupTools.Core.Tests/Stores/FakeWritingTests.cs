using BackupTools.Errors;
using BackupTools.Files.Stores;
using BackupTools.Operations;

namespace BackupTools.Tests.Stores;

/// <summary>Copies to a store that behaves.</summary>
public sealed class FakeWritingTests : OnFakeS3
{
    private StoreSettings Parts => Settings with { PartSize = 1000, Lease = TimeSpan.FromSeconds(30) };

    [Theory]
    [MemberData(nameof(Engines))]
    public void A_copy_is_the_chain_of_the_folder(string engine)
    {
        using var box = Box(engine);
        new StoreWriting(box, Address, Parts).IsThatOfTheFolder(Down);
        Assert.Empty(Store.OpenUploads);
        Assert.DoesNotContain(Store.Requests, r => r.Method == "DELETE");
        Assert.All(
            Store.Requests.Where(r => r.Method == "PUT"),
            r => Assert.True(r.Headers.ContainsKey("Content-MD5"), r.ToString())
        );
    }

    /// <summary>Nothing depends on how many bundles are there already but the listings.</summary>
    [Theory]
    [MemberData(nameof(Engines))]
    public void A_copy_takes_two_requests_for_a_bundle_and_one_for_each_object(string engine)
    {
        using var box = Box(engine);
        var writing = new StoreWriting(box, Address, Parts with { PartSize = 16 << 20 });
        writing.Copy();
        // Alopex changes its marker, and Grafeo its manifest, with every bundle.
        var again = engine is EngineNames.Alopex or EngineNames.Grafeo ? 2 : 0;
        var objects = StoreFolder.Files(box.Bundles, "x").Count() + again;
        // The lease is taken, tried out, made the lowest that counts and given back.
        Assert.Equal(4 + (3 * 2) + objects, Store.Requests.Count(r => r.Method == "PUT"));
        // Planned, for the lease, and planned again; of an empty prefix it is also asked whether it is an object itself.
        Assert.Equal(4, Store.Requests.Count(r => r.IsList));
        Assert.DoesNotContain(Store.Requests, r => r.Method is "POST" or "DELETE");
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void A_second_run_sends_nothing(string engine)
    {
        using var box = Box(engine);
        var writing = new StoreWriting(box, Address, Parts);
        writing.Copy();
        var keys = Store.Keys;
        var before = Store.Requests.Count;
        var report = writing.Copy();
        Assert.Empty(report.Copied);
        Assert.Equal(3, report.PresentCount);
        Assert.Equal(keys, Store.Keys);
        Assert.All(
            Store.Requests.Skip(before).Where(r => r.Method != "GET"),
            r => Assert.Equal($"{Prefix}/.backuptools/lease", r.Key)
        );
    }

    [Theory]
    [InlineData(nameof(Conditions.PassedOver))]
    [InlineData(nameof(Conditions.Unknown))]
    public void A_store_that_cannot_keep_two_writers_apart_is_written_by_one_only(string conditions)
    {
        using var box = Box(EngineNames.Grafeo);
        Store.Conditions = Enum.Parse<Conditions>(conditions);
        var error = Assert.Throws<BackupException>(() => new StoreWriting(box, Address, Parts).Copy());
        Assert.Equal(ErrorCode.ConditionalWritesMissing, error.Code);
        Assert.DoesNotContain(Store.Keys, k => !k.EndsWith("/lease", StringComparison.Ordinal));

        new StoreWriting(box, Address, Parts with { SingleWriter = true }).IsThatOfTheFolder(Down);
    }

    [Fact]
    public void Sixteen_runs_into_one_prefix_lose_nothing()
    {
        using var box = Box(EngineNames.Grafeo);
        // On a busy machine the last of them waits for longer than a user would.
        var writing = new StoreWriting(box, Address, Parts with { Lease = TimeSpan.FromSeconds(20) })
        {
            LockTimeout = TimeSpan.FromMinutes(5),
        };
        var reports = new BackupTools.Reports.CopyReport[16];
        Parallel.For(
            0,
            reports.Length,
            new ParallelOptions { MaxDegreeOfParallelism = reports.Length },
            i =>
            {
                using var host = writing.Host();
                reports[i] = Verbs.Copy(new CopySettings { Path = box.Bundles, DestinationPath = Address }, host);
            }
        );
        Assert.Equal(3, reports.Sum(r => r.Copied.Count));
        Assert.Equal(box.Chains()[0].Bundles.Select(b => b.Id), writing.Seen());
    }

    private IReadOnlyDictionary<string, byte[]> Down() =>
        Store.Keys.ToDictionary(k => k[(Prefix.Length + 1)..], Store.Content);
}
