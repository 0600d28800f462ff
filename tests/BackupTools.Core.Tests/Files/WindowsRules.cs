using BackupTools.Errors;
using BackupTools.Files;

namespace BackupTools.Tests.Files;

/// <summary>
/// A disk that refuses what Windows refuses while files are open, however they were opened to be shared: to remove or
/// rename a folder with an open file in it, and to replace an open file. A file that is deleted while it is open keeps
/// its name until it is closed.
/// </summary>
internal sealed class WindowsRules(IDisk inner) : IDisk
{
    private readonly Lock _gate = new();
    private readonly List<OpenFile> _open = [];
    private readonly HashSet<string> _going = new(StringComparer.Ordinal);

    /// <summary>What was refused, for the message of a test that fails.</summary>
    public List<string> Refused { get; } = [];

    public IDiskFile OpenRead(string path) => Open(path, () => inner.OpenRead(path));

    public IDiskFile OpenWrite(string path) => Open(path, () => inner.OpenWrite(path));

    public IDiskFile CreateNew(string path, long preallocate = 0) =>
        Open(path, () => inner.CreateNew(path, preallocate));

    public IDiskFile? TryLock(string path) => inner.TryLock(path) is { } file ? Open(path, () => file) : null;

    public void CreateDirectory(string path) => inner.CreateDirectory(path);

    public void Move(string from, string to)
    {
        if (inner.Stat(from)?.Kind == DiskEntryKind.Directory)
            RefuseIfOpen(from, below: true, "rename");
        inner.Move(from, to);
    }

    public void Replace(string from, string to)
    {
        RefuseIfOpen(to, below: false, "replace");
        inner.Replace(from, to);
    }

    /// <summary>Windows has no such call.</summary>
    public bool TryExchange(string path, string other) => false;

    public void DeleteFile(string path)
    {
        lock (_gate)
        {
            if (_open.Exists(f => f.Path == path))
            {
                _going.Add(path);
                return;
            }
        }
        inner.DeleteFile(path);
    }

    public void DeleteDirectory(string path)
    {
        RefuseIfOpen(path, below: true, "remove");
        inner.DeleteDirectory(path);
    }

    public bool TryDeleteEmptyDirectory(string path) => inner.TryDeleteEmptyDirectory(path);

    public bool TryCreateHardLink(string path, string existing) => inner.TryCreateHardLink(path, existing);

    public bool AdoptAccess(string path, string model) => inner.AdoptAccess(path, model);

    public bool IsMountPoint(string path) => inner.IsMountPoint(path);

    public string? LinkTarget(string path) => inner.LinkTarget(path);

    public void FlushDirectory(string path) => inner.FlushDirectory(path);

    public DiskEntry? Stat(string path) => inner.Stat(path);

    public IReadOnlyList<DiskEntry> List(string folder) => inner.List(folder);

    private OpenFile Open(string path, Func<IDiskFile> open)
    {
        lock (_gate)
        {
            if (_going.Contains(path))
                throw new BackupException(ErrorCode.AccessDenied, "this file is being deleted", path);
            var file = new OpenFile(this, open());
            _open.Add(file);
            return file;
        }
    }

    private void RefuseIfOpen(string path, bool below, string what)
    {
        lock (_gate)
        {
            var prefix = path + Path.DirectorySeparatorChar;
            var file = _open.Find(f => f.Path == path || below && f.Path.StartsWith(prefix, StringComparison.Ordinal));
            if (file is null)
                return;
            Refused.Add($"{what} {path}");
            throw new BackupException(ErrorCode.AccessDenied, $"'{file.Path}' is open", path);
        }
    }

    private void Closed(OpenFile file)
    {
        lock (_gate)
        {
            if (_open.Remove(file) && !_open.Exists(f => f.Path == file.Path) && _going.Remove(file.Path))
                inner.DeleteFile(file.Path);
        }
    }

    private sealed class OpenFile(WindowsRules disk, IDiskFile inner) : IDiskFile
    {
        public string Path => inner.Path;

        public long Length => inner.Length;

        public DiskEntry Stat() => inner.Stat();

        public int Read(Span<byte> buffer, long offset) => inner.Read(buffer, offset);

        public void Write(ReadOnlySpan<byte> buffer, long offset) => inner.Write(buffer, offset);

        public void SetLength(long length) => inner.SetLength(length);

        public void SetModified(DateTimeOffset time) => inner.SetModified(time);

        public void Flush() => inner.Flush();

        public IReadOnlyList<FileRange> DataRanges() => inner.DataRanges();

        public void Dispose()
        {
            inner.Dispose();
            disk.Closed(this);
        }
    }
}
