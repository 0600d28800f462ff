namespace BackupTools.Files;

/// <summary>What the last part of a path is called, also of a path that has only one.</summary>
internal static class LastName
{
    /// <summary>
    /// The name of a file or folder; for a root, which has none, what can be read from it: E of E:\, backups of
    /// \\server\backups, and root of /.
    /// </summary>
    public static string Of(string path)
    {
        path = Path.TrimEndingDirectorySeparator(path);
        if (Path.GetFileName(path) is { Length: > 0 } name)
            return name;
        var last = path.TrimEnd('/', '\\').Split('/', '\\')[^1].TrimEnd(':');
        return last.Length > 0 ? last : "root";
    }
}
