using BackupTools.Operations;
using BackupTools.Reports;
using BackupTools.Tests.Engines.Spg;

namespace BackupTools.Tests.Operations;

public sealed class VerifyChainTests : IDisposable
{
    private readonly EngineSandbox _box = EngineSandbox.Of(EngineNames.PowDb);

    public void Dispose() => _box.Dispose();

    [Fact]
    public void A_full_that_carries_many_differentials_is_read_once()
    {
        var bundles = FullAndDifferentials();
        var disk = new HookedDisk();
        var report = Test(disk);

        Assert.True(report.IsValid);
        Assert.Equal(bundles.Sum(b => b.Length), report.Length);
        foreach (var heap in Directory.GetFiles(bundles[0].FullName, "*.heap"))
        {
            Assert.Equal(new FileInfo(heap).Length, disk.BytesRead[heap]);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void Damage_in_a_full_or_any_of_its_differentials_is_told_once(int damaged)
    {
        var bundles = FullAndDifferentials();
        EngineSandbox.Damage(bundles[damaged]);
        var report = Test();

        Assert.False(report.IsValid);
        var problem = Assert.Single(report.Problems, p => p.Code == "ChecksumMismatch");
        Assert.StartsWith(bundles[damaged].FullName, problem.FullName, StringComparison.Ordinal);
    }

    private IReadOnlyList<BundleInfo> FullAndDifferentials()
    {
        var differential = _box.Settings() with { Differential = true };
        _box.Become("S0");
        var full = _box.Full();
        _box.Become("S1");
        var first = _box.Increment(differential);
        _box.Become("S2");
        return [full, first, _box.Increment(differential)];
    }

    private ChainReport Test(HookedDisk? disk = null) =>
        Assert.Single(VerifyChain.Run(new VerifySettings { Path = _box.Bundles }, _box.Host(disk)));
}
