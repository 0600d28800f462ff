namespace BackupTools.Benchmarks.Compare;

/// <summary>What a folder of bundles held, so that what a run adds to it can be taken away again, and nothing is touched but that.</summary>
internal sealed class FolderState
{
    private readonly string _folder;
    private readonly Dictionary<string, DateTime> _files;
    private readonly Dictionary<string, byte[]> _shared;

    public FolderState(string folder)
    {
        _folder = folder;
        _files = Files().ToDictionary(f => f, File.GetLastWriteTimeUtc, StringComparer.Ordinal);
        _shared = Directory
            .GetFiles(folder)
            .Where(f => f.EndsWith(".json", StringComparison.Ordinal) || Path.GetFileName(f) == "latest")
            .ToDictionary(f => f, File.ReadAllBytes, StringComparer.Ordinal);
    }

    /// <summary>Removes what is new, and writes the engine's own lists again that were changed.</summary>
    public void PutBack()
    {
        foreach (var file in Files().Where(f => !_files.ContainsKey(f)).ToList())
        {
            File.Delete(file);
        }
        foreach (var (path, content) in _shared)
        {
            if (File.GetLastWriteTimeUtc(path) != _files[path])
            {
                File.WriteAllBytes(path, content);
                File.SetLastWriteTimeUtc(path, _files[path]);
            }
        }
        foreach (var inner in Directory.GetDirectories(_folder, "*", SearchOption.AllDirectories).OrderDescending())
        {
            if (!Directory.EnumerateFileSystemEntries(inner).Any())
            {
                Directory.Delete(inner);
            }
        }
    }

    private string[] Files() => Directory.GetFiles(_folder, "*", SearchOption.AllDirectories);
}
