using BackupTools.Chains;
using BackupTools.Engines.PowDb;

namespace BackupTools.Tests.Engines.PowDb;

/// <summary>Fulls and increments of the engine's states, ours and the engine's own.</summary>
public sealed class PowDbChainTests : IDisposable
{
    private readonly EngineHarness _harness = new(new PowDbEngine(), clock: new FixedClock(PowDbFixtures.EngineTime));

    public void Dispose() => _harness.Dispose();

    [Fact]
    public void A_full_equals_the_engines_own_byte_for_byte()
    {
        var full = _harness.Full(PowDbFixtures.At("S0"), _harness.At("backups"));

        PowDbFixtures.AssertSame(PowDbFixtures.At("full_S0"), full.FullName, ".backuptools.json", ".backuptools.pages");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Chained_increments_restore_every_state(bool deep)
    {
        var path = Chain("S0", "S1", "S2");

        for (var i = 0; i < path.Count; i++)
        {
            var restored = _harness.At($"restored{i}");
            _harness.Restore(path.Take(i + 1).ToArray(), restored, deep: deep);
            PowDbFixtures.AssertSame(PowDbFixtures.At($"S{i}"), restored);
            Assert.Empty(_harness.Verify(path.Take(i + 1).ToArray()));
        }
        Assert.Empty(_harness.Warnings);
    }

    [Theory]
    [InlineData("U/U1")]
    [InlineData("E/E1")]
    [InlineData("L/L1")]
    public void Increments_lose_nothing_where_the_engines_own_do(string state)
    {
        var path = Chain("S0", state);

        _harness.Restore(path, _harness.At("restored"), deep: true);

        PowDbFixtures.AssertSame(PowDbFixtures.At(state), _harness.At("restored"));
        Assert.Empty(_harness.Verify(path));
        Assert.Empty(_harness.Warnings);
    }

    private List<BundleHeader> Chain(params string[] states)
    {
        var path = new List<BundleHeader>();
        var source = _harness.At("data");
        foreach (var state in states)
        {
            if (Directory.Exists(source))
            {
                Directory.Delete(source, recursive: true);
            }
            PowDbFixtures.Copy(PowDbFixtures.At(state), source);
            path.Add(
                path.Count == 0
                    ? _harness.Full(source, _harness.At("backups"))
                    : _harness.Increment(source, _harness.At("backups"), path)
            );
        }
        return path;
    }
}
