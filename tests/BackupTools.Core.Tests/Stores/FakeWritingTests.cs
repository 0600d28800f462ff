using BackupTools.Engines;
using BackupTools.Errors;
using BackupTools.Files.Stores;
using BackupTools.Operations;
using BackupTools.Tests.Operations;

namespace BackupTools.Tests.Stores;

/// <summary>Copies to a store that behaves.</summary>
public sealed class FakeWritingTests : IDisposable
{
    private const string Prefix = "backups/a b+c/b";
    private const string Address = $"s3://{FakeS3.Bucket}/{Prefix}";

    private readonly FakeS3 _store = new();

    public static TheoryData<string> Engines => [.. EngineSandbox.Names];

    private StoreSettings Settings =>
        new()
        {
            Endpoint = _store.Endpoint,
            AccessKey = "key",
            SecretKey = "secret",
            PartSize = 1000,
        };

    public void Dispose() => _store.Dispose();

    [Theory]
    [MemberData(nameof(Engines))]
    public void A_copy_is_the_chain_of_the_folder(string engine)
    {
        using var box = Box(engine);
        new StoreWriting(box, Address, Settings).IsThatOfTheFolder(Down);
        Assert.Empty(_store.OpenUploads);
        Assert.DoesNotContain(_store.Requests, r => r.Method == "DELETE");
        Assert.All(
            _store.Requests.Where(r => r.Method == "PUT"),
            r => Assert.True(r.Headers.ContainsKey("Content-MD5"), r.ToString())
        );
    }

    /// <summary>Nothing depends on how many bundles are there already but the listings.</summary>
    [Theory]
    [MemberData(nameof(Engines))]
    public void A_copy_takes_two_requests_for_a_bundle_and_one_for_each_object(string engine)
    {
        using var box = Box(engine);
        var writing = new StoreWriting(box, Address, Settings with { PartSize = 16 << 20 });
        writing.Copy();
        // Alopex changes its marker, and Grafeo its manifest, with every bundle.
        var again = engine is EngineNames.Alopex or EngineNames.Grafeo ? 2 : 0;
        var objects = StoreFolder.Files(box.Bundles, "x").Count() + again;
        // The lease is taken, tried out and given back.
        Assert.Equal(3 + (3 * 2) + objects, _store.Requests.Count(r => r.Method == "PUT"));
        // Planned, for the lease, and planned again; of an empty prefix it is also asked whether it is an object itself.
        Assert.Equal(4, _store.Requests.Count(r => r.IsList));
        Assert.DoesNotContain(_store.Requests, r => r.Method is "POST" or "DELETE");
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void A_second_run_sends_nothing(string engine)
    {
        using var box = Box(engine);
        var writing = new StoreWriting(box, Address, Settings);
        writing.Copy();
        var keys = _store.Keys;
        var before = _store.Requests.Count;
        var report = writing.Copy();
        Assert.Empty(report.Copied);
        Assert.Equal(3, report.PresentCount);
        Assert.Equal(keys, _store.Keys);
        Assert.All(
            _store.Requests.Skip(before).Where(r => r.Method != "GET"),
            r => Assert.Equal($"{Prefix}/.backuptools/lease", r.Key)
        );
    }

    [Theory]
    [InlineData(nameof(Conditions.PassedOver))]
    [InlineData(nameof(Conditions.Unknown))]
    public void A_store_that_cannot_keep_two_writers_apart_is_written_by_one_only(string conditions)
    {
        using var box = Box(EngineNames.Grafeo);
        _store.Conditions = Enum.Parse<Conditions>(conditions);
        var error = Assert.Throws<BackupException>(() => new StoreWriting(box, Address, Settings).Copy());
        Assert.Equal(ErrorCode.ConditionalWritesMissing, error.Code);
        Assert.DoesNotContain(_store.Keys, k => !k.EndsWith("/lease", StringComparison.Ordinal));

        new StoreWriting(box, Address, Settings with { SingleWriter = true }).IsThatOfTheFolder(Down);
    }

    [Fact]
    public void Sixteen_runs_into_one_prefix_lose_nothing()
    {
        using var box = Box(EngineNames.Grafeo);
        // On a busy machine the last of them waits for longer than a user would.
        var writing = new StoreWriting(box, Address, Settings with { Lease = TimeSpan.FromSeconds(20) })
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
        _store.Keys.ToDictionary(k => k[(Prefix.Length + 1)..], _store.Content);

    private static EngineSandbox Box(string engine)
    {
        var box = EngineSandbox.Of(engine);
        // Nothing is dated after it was brought up.
        box.Clock!.Now -= TimeSpan.FromMinutes(10);
        box.Chain();
        return box;
    }
}
