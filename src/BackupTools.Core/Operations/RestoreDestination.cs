using BackupTools.Chains;
using BackupTools.Engines;
using BackupTools.Errors;
using BackupTools.Files;

namespace BackupTools.Operations;

/// <summary>Where a restore goes that was given a folder: to the folder itself, or into it.</summary>
internal static class RestoreDestination
{
    /// <summary>
    /// A database that is one file goes into an existing folder, and into any that is given with a separator at its end.
    /// One that is a folder is the folder that was given; only a separator at its end means into it. Nothing is put into a
    /// database: a separator after the name of one says nothing.
    /// </summary>
    /// <returns>The database to make, absolute; what was given, where that is it.</returns>
    public static string Of(string given, RestorePlan plan, IBackupEngine engine, EngineContext context)
    {
        var path = Path.TrimEndingDirectorySeparator(given);
        var real = RealPath.Follow(path, context.Disk);
        var isInto =
            path.Length < given.Length
            || engine.Capabilities.IsOneFile
                // A root is a folder, also that of a drive that is not there.
                && (
                    Path.GetDirectoryName(real) is null || context.Disk.Stat(real) is { Kind: DiskEntryKind.Directory }
                );
        return isInto && !engine.RecognisesSource(real, context)
            ? Path.Combine(path, Safe(engine.NameOf(plan.Full), plan.Full))
            : path;
    }

    /// <summary>A name that a bundle says is not a path.</summary>
    private static string Safe(string name, BundleHeader full) =>
        name is "" or "." or ".." || name.AsSpan().IndexOfAny('/', '\\', '\0') >= 0
            ? throw new BackupException(
                ErrorCode.UnsafeName,
                $"the bundle calls its database '{name}', which is not a file name",
                full.FullName,
                recommendation: "Give the full path of the database to create."
            )
            : name;
}
