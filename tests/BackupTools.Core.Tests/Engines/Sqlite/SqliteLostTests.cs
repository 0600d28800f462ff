using BackupTools.Engines.Sqlite;
using BackupTools.Errors;
using BackupTools.Reports;
using BackupTools.Tests.Operations;

namespace BackupTools.Tests.Engines.Sqlite;

/// <summary>
/// An LTX file that was deleted while its side file was not: of the newest state nothing else tells. It was valid, and a
/// restore of the newest state gave the one before.
/// </summary>
public sealed class SqliteLostTests : IDisposable
{
    private readonly EngineSandbox _box = EngineSandbox.Of(EngineNames.Sqlite);
    private readonly IReadOnlyList<BundleInfo> _chain;

    public SqliteLostTests() => _chain = _box.Chain();

    public void Dispose() => _box.Dispose();

    [Fact]
    public void The_newest_bundle_is_missed_and_not_passed_over()
    {
        File.Delete(_chain[^1].FullName);

        var problem = Assert.Single(_box.Test().Problems);
        Assert.Equal(("MissingFile", "Error"), (problem.Code, problem.Severity));
        Assert.False(_box.Test().IsValid);
        var copied = _box.Copy();
        Assert.Contains(copied.Problems, p => p is { Code: "MissingFile", Severity: "Error" });
        string?[] chains = [null, _chain[0].ChainId];
        foreach (var chain in chains)
        {
            var error = Assert.Throws<BackupException>(() =>
                _box.Restore(_box.RestoreTo("r", "x") with { ChainId = chain })
            );
            Assert.Equal((ErrorCode.MissingFile, _chain[^1].FullName), (error.Code, error.FullName));
            Assert.Contains($"position {_chain[^2].EndPosition}", error.Recommendation, StringComparison.Ordinal);
        }
        _box.RestoreFrom(_box.Bundles, position: _chain[^2].EndPosition);
    }

    [Fact]
    public void The_chain_goes_on_where_it_ends_now()
    {
        File.Delete(_chain[^1].FullName);
        var again = _box.Increment();
        Assert.Equal((_chain[^2].EndPosition, _chain[^1].EndPosition), (again.StartPosition, again.EndPosition));
        Assert.True(_box.Test().IsValid);
    }

    [Fact]
    public void As_advised_it_is_done_with_once_the_side_file_is_deleted()
    {
        File.Delete(_chain[^1].FullName);
        var advice = _box.Test().Problems[0].Recommendation;
        var side = SideFiles.PathOf(_chain[^1].FullName);
        Assert.Contains(side, advice, StringComparison.Ordinal);
        File.Delete(side);
        Assert.True(_box.Test().IsValid);
    }

    /// <summary>Litestream merges files into those of the next level, and removes them; it does not know of side files.</summary>
    [Fact]
    public void What_another_file_holds_is_not_missed()
    {
        var merged = _box.Merge(folder: _box.Bundles);
        Assert.Equal(_chain[^1].EndPosition, merged.EndPosition);
        foreach (var bundle in _chain)
        {
            File.Delete(bundle.FullName);
        }
        Assert.True(_box.Test().IsValid);
    }
}
