using BackupTools.Errors;
using BackupTools.Files;

namespace BackupTools.Tests.Files;

/// <summary>
/// A disk that refuses what Windows refuses while files are open, however they were opened to be shared: to remove or
/// rename a folder with an open file in it, and to replace an open file. A file that is deleted while it is open keeps
/// its name until it is closed.
/// </summary>
internal sealed class WindowsRules(IDisk inner) : ForwardingDisk(inner)
{
    private readonly Lock _gate = new();
    private readonly List<OpenFile> _open = [];
    private readonly HashSet<string> _going = new(StringComparer.Ordinal);

    /// <summary>What was refused, for the message of a test that fails.</summary>
    public List<string> Refused { get; } = [];

    public override IDiskFile OpenRead(string path) => Open(path, () => Inner.OpenRead(path));

    public override IDiskFile OpenWrite(string path) => Open(path, () => Inner.OpenWrite(path));

    public override IDiskFile CreateNew(string path, long preallocate = 0) =>
        Open(path, () => Inner.CreateNew(path, preallocate));

    public override IDiskFile? TryLock(string path) => Inner.TryLock(path) is { } file ? Open(path, () => file) : null;

    public override void Move(string from, string to)
    {
        if (Inner.Stat(from)?.Kind == DiskEntryKind.Directory)
            RefuseIfOpen(from, below: true, "rename");
        Inner.Move(from, to);
    }

    public override void Replace(string from, string to)
    {
        RefuseIfOpen(to, below: false, "replace");
        Inner.Replace(from, to);
    }

    /// <summary>Windows has no such call.</summary>
    public override bool TryExchange(string path, string other) => false;

    public override void DeleteFile(string path)
    {
        lock (_gate)
        {
            if (_open.Exists(f => f.Path == path))
            {
                _going.Add(path);
                return;
            }
        }
        Inner.DeleteFile(path);
    }

    public override void DeleteDirectory(string path)
    {
        RefuseIfOpen(path, below: true, "remove");
        Inner.DeleteDirectory(path);
    }

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
                Inner.DeleteFile(file.Path);
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
