using BackupTools.Errors;
using BackupTools.Files;

namespace BackupTools.Engines.Spg;

/// <summary>Embedded SPG keeps its log in a folder of chunks: another format, with a tool of its own (SPG format, §7).</summary>
internal static class SpgEmbedded
{
    /// <summary>Refuses a database whose log is a folder.</summary>
    /// <exception cref="BackupException">UnsupportedFormat.</exception>
    public static void Refuse(SpgFiles files, IDisk disk)
    {
        foreach (var path in new[] { files.EmbeddedWal, files.Wal })
        {
            if (disk.Stat(path) is { Kind: DiskEntryKind.Directory })
            {
                throw new BackupException(
                    ErrorCode.UnsupportedFormat,
                    "this is a database of embedded SPG: its log is a folder",
                    path,
                    recommendation: "Use the backup commands of embedded SPG (spgctl backup-pitr) for it."
                );
            }
        }
    }
}
