using BackupTools.Files;

namespace BackupTools.Engines;

/// <summary>
/// What the next increment must know of a bundle that it builds on, where the bundle itself cannot be read: nothing of what
/// the database holds.
/// </summary>
/// <param name="Files">Parts of the bundle's files, kept as they are: headers, lists, page sums.</param>
/// <param name="Facts">What the engine found in the rest, as it reads it again; null for nothing.</param>
internal sealed record BundleTraces(IReadOnlyList<KeptFile> Files, byte[]? Facts = null);

/// <summary>Parts of a file that are kept.</summary>
/// <param name="Path">Absolute, where the bundle lies.</param>
/// <param name="Ranges">In ascending order, none touching another.</param>
internal sealed record KeptFile(string Path, IReadOnlyList<FileRange> Ranges)
{
    /// <summary>The whole of a file.</summary>
    public static KeptFile Whole(string path, IReadingDisk disk) =>
        new(path, disk.Stat(path) is { Length: > 0 } entry ? [new FileRange(0, entry.Length)] : []);
}
