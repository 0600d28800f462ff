using BackupTools.Engines;
using BackupTools.Errors;
using BackupTools.Files;

namespace BackupTools.Operations;

/// <summary>A database that is named by a link.</summary>
internal static class LinkedDatabase
{
    /// <summary>
    /// Refuses a link that has a log of its own beside it. An engine that opens the link by its name keeps its log there,
    /// one that follows the link keeps it beside the file: which of them holds the newest commits, nothing says.
    /// </summary>
    /// <param name="named">The path that the user gave.</param>
    /// <param name="real">Where it leads; the same path for what is not a link.</param>
    /// <param name="engine">Whose database it is.</param>
    /// <param name="disk">The disk.</param>
    /// <exception cref="BackupException">PathIsAmbiguous.</exception>
    public static void RefuseLogBesideLink(string named, string real, IBackupEngine engine, IDisk disk)
    {
        named = Path.TrimEndingDirectorySeparator(named);
        if (string.Equals(named, real, StringComparison.Ordinal))
        {
            return;
        }
        var beside = engine
            .Capabilities.Beside(named)
            .Zip(engine.Capabilities.Beside(real))
            .FirstOrDefault(pair =>
                disk.Stat(pair.First) is not null && RealPath.Of(pair.First, disk) != RealPath.Of(pair.Second, disk)
            );
        if (beside.First is not null)
        {
            throw new BackupException(
                ErrorCode.PathIsAmbiguous,
                $"this is a link to '{real}', but '{beside.First}' lies beside the link and not beside the database",
                named,
                recommendation: "Name the database itself, or move what lies beside the link to its target."
            );
        }
    }
}
