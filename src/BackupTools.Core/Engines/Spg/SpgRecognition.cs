using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.Spg;

namespace BackupTools.Engines.Spg;

/// <summary>Tells SPG's files from others by their first bytes. Never throws for what it finds.</summary>
internal static class SpgRecognition
{
    private const int Most = 1 << 20;

    /// <summary>
    /// True for a database file, and for the name of one that is not there yet while its log is: before the first
    /// CHECKPOINT all is in the log.
    /// </summary>
    public static bool IsDatabase(SpgFiles files, IDisk disk) =>
        disk.Stat(files.Database) switch
        {
            null => IsWal(files.Wal, disk),
            { Kind: DiskEntryKind.Directory or DiskEntryKind.Special } => false,
            _ => disk.Beginning(files.Database, 8) is { } start
                && (SpgSnapshotCheck.ClaimsToBeSnapshot(start) || (start.Length == 0 && IsWal(files.Wal, disk))),
        };

    /// <summary>True when a file begins with a frame of an SPG log.</summary>
    public static bool IsWal(string path, IDisk disk)
    {
        if (disk.Beginning(path, Most) is not { } start)
        {
            return false;
        }
        try
        {
            var scanner = new SpgWalScanner();
            ReadOnlySpan<byte> rest = start;
            // A first frame of more than a MiB: its checksum is not read here, so it must at least announce one.
            return scanner.TryRead(ref rest, out _) || (start.Length == Most && start[3] >= 0x80);
        }
        catch (BackupException)
        {
            return false;
        }
    }

    /// <summary>True when a file begins like a segment manifest.</summary>
    public static bool IsManifest(string path, IDisk disk) =>
        disk.Beginning(path, 8) is { } start && SpgSegmentManifest.ClaimsToBeManifest(start);
}
