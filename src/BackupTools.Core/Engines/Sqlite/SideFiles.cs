using BackupTools.Chains;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.Sqlite;

namespace BackupTools.Engines.Sqlite;

/// <summary>Our side file of an LTX file: found, and read whole.</summary>
internal static class SideFiles
{
    /// <summary>Where the side file of a bundle lies, whether it is there or not.</summary>
    public static string PathOf(string bundlePath) =>
        Path.Combine(Path.GetDirectoryName(bundlePath)!, LitestreamNames.SideFile(Path.GetFileName(bundlePath)));

    /// <summary>The description in the side file of a bundle; null when there is none that can be used.</summary>
    /// <param name="bundlePath">The LTX file.</param>
    /// <param name="id">The bundle's id: a side file of another bundle of the same name is none.</param>
    /// <param name="disk">The disk.</param>
    /// <param name="notes">Gets the reason why a side file that exists is not used.</param>
    public static (SqliteSideFile Content, long Length)? Find(
        string bundlePath,
        string id,
        IDisk disk,
        List<ChainProblem> notes
    )
    {
        var path = PathOf(bundlePath);
        if (disk.Stat(path) is not { Kind: DiskEntryKind.File } entry)
        {
            return null;
        }
        try
        {
            using var file = disk.OpenRead(path);
            var side = ReadDescription(file);
            if (side.BundleId == id)
            {
                return (side, entry.Length);
            }
            notes.Add(Unused(path, ErrorCode.ForeignEpoch, "the side file belongs to another bundle of the same name"));
        }
        catch (BackupException e) when (e.Kind is ErrorKind.Damaged or ErrorKind.Unsupported)
        {
            notes.Add(Unused(path, e.Code, e.Message));
        }
        return null;
    }

    /// <summary>The fingerprints in a side file, compared with its own digest.</summary>
    /// <exception cref="BackupException">Truncated, ChecksumMismatch.</exception>
    public static byte[] PageMacs(string bundlePath, SqliteSideFile side, IDisk disk)
    {
        var path = PathOf(bundlePath);
        using var file = disk.OpenRead(path);
        var start = SqliteFile.Start(file, SqliteSideFile.HeadLength);
        var before = SqliteSideFile.HeadLength + SqliteSideFile.DescriptionLength(start);
        if (file.Length != before + side.PageMacsLength || side.PageMacsLength > Array.MaxLength)
        {
            throw new BackupException(
                ErrorCode.LengthMismatch,
                $"the side file is not as long as {side.Pages} pages need",
                path,
                expected: $"{before + side.PageMacsLength} bytes",
                actual: $"{file.Length} bytes"
            );
        }
        var macs = file.Bytes(before, side.PageMacsLength);
        return Blake3.Hasher.Hash(macs).ToString() == side.PageMacsDigest
            ? macs
            : throw new BackupException(
                ErrorCode.ChecksumMismatch,
                "the fingerprints of the pages do not match their digest",
                path,
                before
            );
    }

    private static SqliteSideFile ReadDescription(IDiskFile file)
    {
        var head = SqliteFile.Start(file, SqliteSideFile.HeadLength);
        var length = SqliteSideFile.HeadLength + SqliteSideFile.DescriptionLength(head);
        return SqliteSideFile.Parse(SqliteFile.Start(file, length));
    }

    private static ChainProblem Unused(string path, ErrorCode code, string message) =>
        ChainProblem.Warning(
            code,
            $"{message}; it is ignored, so the states up to here are joined by transaction numbers only",
            path,
            advice: "Take a new full backup, which has an intact side file."
        );
}
