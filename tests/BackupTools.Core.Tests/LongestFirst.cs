using Xunit.Sdk;
using Xunit.v3;

[assembly: TestCollectionOrderer(typeof(BackupTools.Tests.LongestFirst))]

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
        ".StoreKillTests",
        ".StoreRemovalTests",
        ".StoreBackupTests",
        ".ConsoleStreamTests",
        ".ConsoleContractTests",
    ];

    public IReadOnlyCollection<T> OrderTestCollections<T>(IReadOnlyCollection<T> testCollections)
        where T : ITestCollection =>
        [.. testCollections.OrderBy(Rank).ThenBy(c => c.TestCollectionDisplayName, StringComparer.Ordinal)];

    private static int Rank<T>(T collection)
        where T : ITestCollection
    {
        var rank = Array.FindIndex(
            Long,
            name => collection.TestCollectionDisplayName.Contains(name, StringComparison.Ordinal)
        );
        return rank < 0 ? Long.Length : rank;
    }
}
