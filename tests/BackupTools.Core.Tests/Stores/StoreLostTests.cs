using BackupTools.Operations;

namespace BackupTools.Tests.Stores;

/// <summary>What <see cref="Engines.Sqlite.SqliteLostTests"/> has of a folder, of a store.</summary>
public sealed class StoreLostTests : OnFakeS3
{
    [Fact]
    public void A_newest_bundle_of_which_only_the_side_file_is_left_is_missed()
    {
        using var box = Box("SQLite");
        var writing = new StoreWriting(box, Address, Settings);
        writing.Copy();
        var newest = Store
            .Keys.Where(k => k.Contains("/ltx/0/0", StringComparison.Ordinal))
            .Max(StringComparer.Ordinal)!;
        Store.Remove(newest);

        using var host = writing.Host();
        var report = Assert.Single(VerifyChain.Run(new VerifySettings { Path = Address }, host));

        Assert.False(report.IsValid);
        var problem = Assert.Single(report.Problems, p => p.Severity == "Error");
        Assert.Equal(("MissingFile", $"s3://{FakeS3.Bucket}/{newest}"), (problem.Code, problem.FullName));
    }
}
