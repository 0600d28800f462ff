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

    /// <summary>A disk in memory, for tests that write much; null where there is none.</summary>
    public static string? Memory { get; } =
        OperatingSystem.IsLinux() && Directory.Exists("/dev/shm") ? "/dev/shm" : null;

    public string Path { get; }

    /// <summary>The absolute path of a name in it, as the system writes it.</summary>
    public string this[string name] =>
        System.IO.Path.Combine(Path, name.Replace('/', System.IO.Path.DirectorySeparatorChar));

    /// <summary>The way from a folder to what is in it, with slashes on every system.</summary>
    public static string Relative(string folder, string path) =>
        System.IO.Path.GetRelativePath(folder, path).Replace(System.IO.Path.DirectorySeparatorChar, '/');

    /// <summary>A file that may be open for writing: .NET's own reading would refuse that.</summary>
    public static byte[] ReadShared(string path)
    {
        using var file = BackupTools.Files.LocalDisk.Instance.OpenRead(path);
        var bytes = new byte[file.Length];
        file.Read(bytes, 0);
        return bytes;
    }

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
                    Relative(Path, p)
                    + (Directory.Exists(p) ? "/" : "=" + System.Text.Encoding.UTF8.GetString(ReadShared(p)))
                )
        );

    /// <summary>False while another program works in it, on Windows.</summary>
    public bool TryDelete()
    {
        try
        {
            Dispose();
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    public void Dispose()
    {
        if (Directory.Exists(Path))
            Directory.Delete(Path, recursive: true);
    }
}
