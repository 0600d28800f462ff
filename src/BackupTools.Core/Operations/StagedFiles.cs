using BackupTools.Encryption;
using BackupTools.Errors;
using BackupTools.Files;

namespace BackupTools.Operations;

/// <summary>The files that stand in staging, under the names that they will have.</summary>
internal static class StagedFiles
{
    /// <summary>A staged file, or all files of a staged folder: each as it lies there, and where it goes.</summary>
    public static IEnumerable<(DiskEntry Entry, string Final)> Of(AgeDisk disk, string staged, string final)
    {
        var real = disk.Real(staged);
        var entry = disk.Outer.Stat(real)!;
        return entry.Kind == DiskEntryKind.Directory
            ? disk.List(staged).SelectMany(e => Of(disk, e.Path, Path.Combine(final, e.Name)))
            : [(entry, real == staged ? final : final + AgeDisk.Extension)];
    }

    /// <summary>What a step publishes, with its digests, as it is known below a folder.</summary>
    public static IEnumerable<FileRecord> RecordsOf(
        AgeDisk disk,
        string folder,
        PublishStep step,
        StagingArea staging,
        CancellationToken stop
    ) =>
        Of(disk, staging.PathOf(step.StagedName), step.FinalPath)
            .Select(f => new FileRecord(
                Below(folder, f.Final),
                f.Entry.Length,
                // What was linked to was encrypted by an earlier run.
                disk.DigestOf(f.Entry) ?? OuterDigest.Of(disk.Outer, f.Entry.Path, new TransferProgress(), stop)
            ));

    /// <summary>The path of what has a name below a folder, as the disk and the engines spell it.</summary>
    public static string At(string folder, string name) =>
        StoreAddress.Is(folder)
            ? StoreAddress.Of($"{folder}/{name}")
            : Path.Combine(folder, name.Replace('/', Path.DirectorySeparatorChar));

    /// <summary>The name of what lies below a folder, with slashes.</summary>
    public static string Below(string folder, string path) =>
        StoreAddress.Is(path)
            ? StoreAddress.Of(path)[(StoreAddress.Of(folder).Length + 1)..]
            : Path.GetRelativePath(folder, path).Replace('\\', '/');
}
