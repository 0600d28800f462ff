using BackupTools.Errors;
using BackupTools.Reports;

namespace BackupTools.Operations;

/// <summary>Finds the chains in a folder from the bundles' own headers.</summary>
public static class ReadChains
{
    /// <summary>
    /// The chains, folder by folder, oldest first. Bundles that cannot be read come as their errors; they are also
    /// among the problems of the newest chain of their folder.
    /// </summary>
    /// <param name="path">A folder of bundles, or a bundle; absolute.</param>
    /// <param name="recurse">Include subfolders.</param>
    /// <param name="engine">Only this engine's chains; null for all.</param>
    /// <param name="host">The front end.</param>
    /// <exception cref="BackupException">PathNotFound, UnknownEngine, IdentityRequired, IdentityMismatch.</exception>
    public static IEnumerable<ChainReading> Read(string path, bool recurse, string? engine, OperationHost host) =>
        Read(new BundleSet(path, null), recurse, engine, host);

    /// <summary>The same for a set of bundles: only they count, and subfolders are not read.</summary>
    /// <param name="set">What <see cref="BundleSets"/> made of what was given.</param>
    /// <param name="recurse">Include subfolders, if the set is a whole folder.</param>
    /// <param name="engine">Only this engine's chains; null for all.</param>
    /// <param name="host">The front end.</param>
    /// <exception cref="BackupException">PathNotFound, UnknownEngine, IdentityRequired, IdentityMismatch.</exception>
    public static IEnumerable<ChainReading> Read(BundleSet set, bool recurse, string? engine, OperationHost host)
    {
        var (path, only) = set;
        var engines = host.Engines.Candidates(engine);
        path = host.Opens(path);
        var any = false;
        // With subfolders, bundles are met again in folders of their own, alone: what was listed with its chain stays so.
        var listed = new HashSet<string>(StringComparer.Ordinal);
        foreach (var folder in BundleFolder.Walk(path, recurse && only is null, host.Disk))
        {
            var found = BundleFolder.ReadPublic(folder, engines, host, only);
            foreach (var chain in found.Chains)
            {
                if (!listed.IsSupersetOf(chain.Bundles.Select(b => b.FullName)))
                {
                    any = true;
                    listed.UnionWith(chain.Bundles.Select(b => b.FullName));
                    yield return new ChainReading(chain.ToInfo(), null);
                }
            }
            foreach (var bad in found.Unreadable.Where(b => listed.Add(b.FullName)))
            {
                any = true;
                yield return new ChainReading(null, bad.Error);
            }
        }
        if (!any)
        {
            yield return new ChainReading(null, BundleFolder.NoBundles(path));
        }
    }
}

/// <summary>Either a chain or why a bundle could not be read.</summary>
/// <param name="Chain">The chain; null when <paramref name="Error"/> is set.</param>
/// <param name="Error">The error; null when <paramref name="Chain"/> is set.</param>
public sealed record ChainReading(ChainInfo? Chain, BackupException? Error);
