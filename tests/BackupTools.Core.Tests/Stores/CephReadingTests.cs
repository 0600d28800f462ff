using BackupTools.Errors;
using BackupTools.Files.Stores;
using BackupTools.Operations;
using BackupTools.Tests.Operations;

namespace BackupTools.Tests.Stores;

/// <summary>Reading from a real store.</summary>
[Collection(CephGroup.Name)]
public sealed class CephReadingTests(CephFixture ceph)
{
    public static TheoryData<string> Engines => [.. EngineSandbox.Names];

    [CephTheory]
    [MemberData(nameof(Engines))]
    public void Headers_chains_tests_restores_copies_and_reports_are_those_of_the_folder(string engine)
    {
        using var box = EngineSandbox.Of(engine);
        // Nothing is dated after it was brought up.
        box.Clock!.Now -= TimeSpan.FromMinutes(10);
        box.Chain();
        ceph.PutFolder(box.Bundles, $"a b+c%é/{engine}/b");
        StoreReading.IsThatOfTheFolder(box, $"s3://{CephFixture.Bucket}/a b+c%é/{engine}/b", ceph.Settings);
    }

    [CephFact]
    public async Task Keys_are_paged_by_the_thousand()
    {
        await Parallel.ForEachAsync(
            Enumerable.Range(0, 1001),
            new ParallelOptions { MaxDegreeOfParallelism = 8 },
            async (i, _) => await ceph.PutAsync($"many/{i:D4}", [1])
        );
        using var host = Host();
        Assert.Equal(1001, host.Disk.List($"s3://{CephFixture.Bucket}/many").Count);
        // What has come just now may have come between the pages: then marks are looked for once more.
        Assert.InRange(host.Requests!.Count(StoreVerb.List), 2, 3);
    }

    [CephFact]
    public void An_object_that_is_replaced_after_the_listing_is_not_mixed_with_the_old_one()
    {
        ceph.Put("replaced/x", [1, 2, 3]);
        using var host = Host();
        using var file = host.Disk.OpenRead($"s3://{CephFixture.Bucket}/replaced/x");
        ceph.Put("replaced/x", [4, 5, 6]);
        Assert.Equal(ErrorCode.ReadFailed, Assert.Throws<BackupException>(() => file.Read(new byte[3], 0)).Code);
    }

    [CephFact]
    public void Wrong_keys_and_missing_buckets_are_told_apart()
    {
        using var wrong = Host(ceph.Settings with { Credential = new("test", "wr0ngS3cret") });
        var denied = Assert.Throws<BackupException>(() => wrong.Disk.Stat($"s3://{CephFixture.Bucket}/x"));
        Assert.Equal(ErrorCode.StoreAccessDenied, denied.Code);
        Assert.DoesNotContain("wr0ngS3cret", denied.ToString(), StringComparison.Ordinal);
        using var host = Host();
        Assert.Equal(
            ErrorCode.PathNotFound,
            Assert.Throws<BackupException>(() => host.Disk.Stat("s3://nobucket/x")).Code
        );
        Assert.Null(host.Disk.Stat($"s3://{CephFixture.Bucket}/none"));
    }

    private OperationHost Host(StoreSettings? settings = null) => new() { Stores = settings ?? ceph.Settings };
}
