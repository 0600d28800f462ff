using Xunit.Abstractions;

[assembly: TestCollectionOrderer("BackupTools.Tests.LongestFirst", "BackupTools.Core.Tests")]

namespace BackupTools.Tests;

/// <summary>
/// Classes run side by side, as many as there are processors. The longest begin first, or one of them would be running
/// alone at the end: those that start PowerShell, then those named here.
/// </summary>
public sealed class LongestFirst : ITestCollectionOrderer
{
    private static readonly string[] Long =
    [
        ".InPowerShell.",
        ".FaultTests",
        ".LivesTests",
        ".ConcurrencyTests",
        ".GrafeoChainFaultTests",
        ".ChainDamageTests",
        ".AlopexRestoreTests",
        ".GrafeoChainLifeTests",
        ".ConsoleStreamTests",
        ".ConsoleContractTests",
    ];

    public IEnumerable<ITestCollection> OrderTestCollections(IEnumerable<ITestCollection> testCollections) =>
        testCollections.OrderBy(Rank).ThenBy(c => c.DisplayName, StringComparer.Ordinal);

    private static int Rank(ITestCollection collection)
    {
        var rank = Array.FindIndex(Long, name => collection.DisplayName.Contains(name, StringComparison.Ordinal));
        return rank < 0 ? Long.Length : rank;
    }
}
