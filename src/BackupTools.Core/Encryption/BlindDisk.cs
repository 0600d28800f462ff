using BackupTools.Errors;
using BackupTools.Files;

namespace BackupTools.Encryption;

/// <summary>
/// Shows encrypted files as <see cref="AgeDisk"/> does, and opens none of them: whoever looks for bundles meets each as one
/// that is for others, without a byte of it being read.
/// </summary>
/// <param name="inner">The disk of the run.</param>
/// <param name="outer">On which encrypted files are what they are.</param>
internal sealed class BlindDisk(IDisk inner, IReadingDisk outer) : ForwardingDisk(inner)
{
    public override IDiskFile OpenRead(string path) =>
        outer.Stat(path) is null && outer.Stat(path + AgeDisk.Extension) is not null
            ? throw new BackupException(
                ErrorCode.IdentityMismatch,
                "the file is encrypted, and is not opened",
                path + AgeDisk.Extension
            )
            : outer.OpenRead(path);

    public override DiskEntry? Stat(string path) =>
        outer.Stat(path)
        ?? (outer.Stat(path + AgeDisk.Extension) is { Kind: DiskEntryKind.File } entry ? Shown(entry) : null);

    public override IReadOnlyList<DiskEntry> List(string folder) =>
        [.. outer.List(folder).Select(Shown).DistinctBy(e => e.Name).OrderBy(e => e.Name, StringComparer.Ordinal)];

    public override IReadOnlyList<string> Names(string folder) => [.. List(folder).Select(e => e.Name)];

    private static DiskEntry Shown(DiskEntry entry) =>
        entry.Kind == DiskEntryKind.File ? entry with { Path = AgeDisk.NameOf(entry.Path) } : entry;
}
