using BackupTools.Files;

namespace BackupTools.Tests.Engines.Spg;

/// <summary>The real disk, with something that happens whenever a file is opened, and a count of what is read.</summary>
internal sealed class HookedDisk : IDisk
{
    private readonly IDisk _disk = LocalDisk.Instance;

    /// <summary>Called before a file is opened for reading, with its path.</summary>
    public Action<string>? Opening { get; set; }

    /// <summary>Called before something is read from a file.</summary>
    public Action Reading { get; set; } = static () => { };

    /// <summary>May change what was read from a file, by its path and the offset, as a broken disk does.</summary>
    public ReadHook? Changing { get; set; }

    public delegate void ReadHook(string path, long offset, Span<byte> bytes);

    /// <summary>What a look at a path shows instead of the truth.</summary>
    public Func<DiskEntry?, DiskEntry?> Seeing { get; set; } = static entry => entry;

    /// <summary>Bytes read from files by path.</summary>
    public Dictionary<string, long> BytesRead { get; } = [];

    public IDiskFile OpenRead(string path)
    {
        Opening?.Invoke(path);
        return new CountingFile(_disk.OpenRead(path), this);
    }

    public IDiskFile CreateNew(string path, long preallocate = 0) => _disk.CreateNew(path, preallocate);

    public IDiskFile OpenWrite(string path) => _disk.OpenWrite(path);

    public void CreateDirectory(string path) => _disk.CreateDirectory(path);

    public void Move(string from, string to) => _disk.Move(from, to);

    public void Replace(string from, string to) => _disk.Replace(from, to);

    public bool TryExchange(string path, string other) => _disk.TryExchange(path, other);

    public IDiskFile? TryLock(string path) => _disk.TryLock(path);

    public void DeleteFile(string path) => _disk.DeleteFile(path);

    public void DeleteDirectory(string path) => _disk.DeleteDirectory(path);

    public bool TryDeleteEmptyDirectory(string path) => _disk.TryDeleteEmptyDirectory(path);

    public bool TryCreateHardLink(string path, string existing) => _disk.TryCreateHardLink(path, existing);

    public bool AdoptAccess(string path, string model) => _disk.AdoptAccess(path, model);

    public bool IsMountPoint(string path) => _disk.IsMountPoint(path);

    public string? LinkTarget(string path) => _disk.LinkTarget(path);

    public void FlushDirectory(string path) => _disk.FlushDirectory(path);

    public DiskEntry? Stat(string path) => Seeing(_disk.Stat(path));

    public IReadOnlyList<DiskEntry> List(string folder) => _disk.List(folder);

    private sealed class CountingFile(IDiskFile file, HookedDisk disk) : IDiskFile
    {
        public string Path => file.Path;

        public long Length => file.Length;

        public DiskEntry Stat() => file.Stat();

        public int Read(Span<byte> buffer, long offset)
        {
            disk.Reading();
            var read = file.Read(buffer, offset);
            disk.Changing?.Invoke(Path, offset, buffer[..read]);
            lock (disk.BytesRead)
            {
                disk.BytesRead[Path] = disk.BytesRead.GetValueOrDefault(Path) + read;
            }
            return read;
        }

        public void Write(ReadOnlySpan<byte> buffer, long offset) => file.Write(buffer, offset);

        public void SetLength(long length) => file.SetLength(length);

        public void SetModified(DateTimeOffset time) => file.SetModified(time);

        public void Flush() => file.Flush();

        public IReadOnlyList<FileRange> DataRanges() => file.DataRanges();

        public void Dispose() => file.Dispose();
    }
}
