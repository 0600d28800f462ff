using BackupTools.Files.Stores;
using BackupTools.Tests.Operations;

namespace BackupTools.Tests.Stores;

/// <summary>Reading from a store that behaves.</summary>
public sealed class FakeReadingTests
{
    public static TheoryData<string> Engines => [.. EngineSandbox.Names];

    [Theory]
    [MemberData(nameof(Engines))]
    public void Headers_chains_tests_restores_copies_and_reports_are_those_of_the_folder(string engine)
    {
        using var box = EngineSandbox.Of(engine);
        // Nothing is dated after it was brought up.
        box.Clock!.Now -= TimeSpan.FromMinutes(10);
        box.Chain();
        using var store = new FakeS3();
        store.PutFolder(box.Bundles, "backups/a b+c/b");
        StoreReading.IsThatOfTheFolder(
            box,
            $"s3://{FakeS3.Bucket}/backups/a b+c/b",
            new StoreSettings { Endpoint = store.Endpoint, Credential = new("key", "secret") }
        );
        Assert.All(store.Requests, r => Assert.Equal("GET", r.Method));
        Assert.All(store.Requests.Where(r => !r.IsList), r => Assert.True(r.Headers.ContainsKey("If-Match")));
    }
}
