using BackupTools.Engines;
using BackupTools.Errors;
using BackupTools.Files;

namespace BackupTools.Operations;

/// <summary>
/// Tells which of several given paths are bundles of one folder. A chain is built from all of them together: one by one,
/// an increment is a chain without its full.
/// </summary>
public static class BundleSets
{
    /// <summary>
    /// The paths as they are to be read: bundles of one folder as one set, anything else separately, in the order
    /// given. What lies beside the bundles of a set and holds none (the engine's manifest, a note) is left out with a
    /// verbose line.
    /// </summary>
    /// <param name="paths">Bundles and folders of bundles; absolute.</param>
    /// <param name="engine">Only this engine's bundles; null for all.</param>
    /// <param name="host">The front end.</param>
    /// <exception cref="BackupException">UnknownEngine; a folder cannot be read.</exception>
    public static IEnumerable<BundleSet> Of(IEnumerable<string> paths, string? engine, OperationHost host) =>
        paths
            .Select(host.Opens)
            .Distinct(StringComparer.Ordinal)
            .GroupBy(path => HomeOf(path, host), StringComparer.Ordinal)
            .SelectMany(beside => OfFolder(beside.Key, [.. beside], engine, host));

    private static IEnumerable<BundleSet> OfFolder(
        string folder,
        IReadOnlyList<string> paths,
        string? engine,
        OperationHost host
    )
    {
        if (paths.Count == 1)
        {
            return [new BundleSet(paths[0], null)];
        }
        var engines = host.Engines.Candidates(engine);
        var present = host.Disk.Stat(folder) is null ? [] : BundlesOf(folder, engines, host);
        var bundles = paths.Where(present.Contains).ToList();
        if (bundles.Count == 0 && !present.Select(bundle => HomeOf(bundle, host)).Any(paths.Contains))
        {
            return paths.Select(path => new BundleSet(path, null));
        }
        var alone = paths
            .Except(bundles, StringComparer.Ordinal)
            .Where(path => host.Disk.Stat(path) is not { } there || Holds(there));
        return
        [
            .. bundles.Count == 0 ? [] : new[] { new BundleSet(folder, bundles) },
            .. alone.Select(path => new BundleSet(path, null)),
        ];

        bool Holds(DiskEntry entry)
        {
            // A manifest is a file and would stand for the whole folder, of which only a part was given.
            if (entry.Kind == DiskEntryKind.Directory && BundlesOf(entry.Path, engines, host).Count > 0)
            {
                return true;
            }
            host.Verbose?.Invoke($"{entry.Path} is not a bundle and is skipped");
            return false;
        }
    }

    private static string HomeOf(string bundle, OperationHost host) =>
        StoreAddress.Of(
            host.Engines.Candidates(null)
                .Select(engine => engine.HomeOf(bundle))
                .FirstOrDefault(home => home is not null)
                ?? Path.GetDirectoryName(bundle)
                ?? ""
        );

    private static HashSet<string> BundlesOf(string path, IReadOnlyList<IBackupEngine> engines, OperationHost host)
    {
        var read = BundleFolder.ReadPublic(path, engines, host);
        return read
            .Chains.SelectMany(chain => chain.Bundles)
            .Select(bundle => bundle.FullName)
            .Concat(read.Unreadable.Select(bad => bad.FullName))
            .ToHashSet(StringComparer.Ordinal);
    }
}

/// <summary>A path to read chains from.</summary>
/// <param name="Path">A folder of bundles, or one bundle; absolute.</param>
/// <param name="Bundles">The bundles of the folder that count, full names; null for all.</param>
public sealed record BundleSet(string Path, IReadOnlyList<string>? Bundles);
