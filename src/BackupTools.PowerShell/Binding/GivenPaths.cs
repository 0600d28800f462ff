namespace BackupTools.PowerShell.Binding;

/// <summary>
/// The folders and bundles that were given for one destination, until the end of the pipe: only all the bundles of a
/// folder together make its chains.
/// </summary>
/// <param name="destination">Where they go; empty for commands that have no destination.</param>
internal sealed class GivenPaths(string destination)
{
    private readonly List<(string Path, string? ChainId)> _given = [];

    /// <summary>Where they go.</summary>
    public string Destination => destination;

    /// <summary>Keeps one path, and the chain that goes with it where it is known.</summary>
    public void Add(string path, string? chainId) => _given.Add((path, chainId));

    /// <summary>Every path, once.</summary>
    public IEnumerable<string> Paths => _given.Select(g => g.Path).Distinct(StringComparer.Ordinal);

    /// <summary>The chains that are meant at a path: one or several ids, or one null for whatever is there.</summary>
    public IEnumerable<string?> ChainsAt(string path) =>
        _given.Where(g => g.Path == path).Select(g => g.ChainId).Distinct(StringComparer.OrdinalIgnoreCase);
}
