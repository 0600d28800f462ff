namespace BackupTools.Tests.Files;

/// <summary>A folder of its own for a test, removed with the test.</summary>
internal sealed class TempFolder : IDisposable
{
    public TempFolder(string? under = null)
    {
        Path = System.IO.Path.Combine(
            under ?? System.IO.Path.GetTempPath(),
            "backuptools-test-" + Guid.NewGuid().ToString("n")
        );
        Directory.CreateDirectory(Path);
    }

    public string Path { get; }

    public string this[string name] => System.IO.Path.Combine(Path, name);

    /// <summary>Writes a file and returns its path.</summary>
    public string Write(string name, byte[] content)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(this[name])!);
        File.WriteAllBytes(this[name], content);
        return this[name];
    }

    public string Write(string name, string content) => Write(name, System.Text.Encoding.UTF8.GetBytes(content));

    /// <summary>Every file with its content and every folder, as one text: two equal texts are two equal trees.</summary>
    public string Show(string name = "") =>
        string.Join(
            '\n',
            Directory
                .EnumerateFileSystemEntries(this[name], "*", SearchOption.AllDirectories)
                .Order(StringComparer.Ordinal)
                .Select(p =>
                    System.IO.Path.GetRelativePath(Path, p).Replace('\\', '/')
                    + (Directory.Exists(p) ? "/" : "=" + Text(p))
                )
        );

    /// <summary>Read without a lock, which .NET's own reading would take.</summary>
    private static string Text(string path)
    {
        using var file = BackupTools.Files.LocalDisk.Instance.OpenRead(path);
        var bytes = new byte[file.Length];
        file.Read(bytes, 0);
        return System.Text.Encoding.UTF8.GetString(bytes);
    }

    public void Dispose()
    {
        if (Directory.Exists(Path))
            Directory.Delete(Path, recursive: true);
    }
}
