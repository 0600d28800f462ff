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

    /// <summary>The fingerprints of version 1 were made in another way: nothing can be compared with them.</summary>
    [Fact]
    public void A_full_of_an_older_version_goes_on_with_an_increment_made_from_its_pages()
    {
        var source = _harness.At("data");
        var bundle = _harness.At("backups/data-20261120T032646000Z-full");
        PowDbFixtures.Copy(PowDbFixtures.At("full_S0"), bundle);
        foreach (var name in new[] { "backuptools.json", "backuptools.pages" })
        {
            File.Copy(PowDbFixtures.At("side_v1", name), Path.Combine(bundle, $".{name}"));
        }
        PowDbFixtures.Copy(PowDbFixtures.At("U/U1"), source);
        var full = Assert.Single(_harness.Read(bundle));
        Assert.Equal("data", full.Series);

        var first = _harness.Increment(source, _harness.At("backups"), [full]);
        var second = _harness.Increment(source, _harness.At("backups"), [full, first]);

        // What changed, and no more: the pages were compared, and the second time by fingerprints again.
        Assert.Equal(
            ["increment.json", "orders.heap.delta", "orders_user_id.idx", "users.heap.delta", "users_age.idx"],
            Names(first)
        );
        Assert.Equal(["increment.json"], Names(second));
        _harness.Restore([full, first, second], _harness.At("restored"), deep: true);
        PowDbFixtures.AssertSame(PowDbFixtures.At("U/U1"), _harness.At("restored"));
        Assert.Empty(_harness.Verify([full, first, second]));
        Assert.Empty(_harness.Warnings);
    }

    /// <summary>The files of a bundle that are not ours.</summary>
    private static IEnumerable<string?> Names(BundleHeader bundle) =>
        Directory
            .GetFiles(bundle.FullName)
            .Select(Path.GetFileName)
            .Where(n => !n!.StartsWith('.'))
            .Order(StringComparer.Ordinal);

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
