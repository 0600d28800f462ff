using BackupTools.Files;

namespace BackupTools.Tests.Engines.Alopex;

/// <summary>
/// A disk that lets a test do something just before each of its steps: every look at a name and every read is a step.
/// So everything that a writer can do can be put between any two steps of a capture.
/// </summary>
internal sealed class SteppingDisk(IDisk inner, Action<int> before) : IDisk
{
    private readonly Lock _gate = new();
    private int _step;

    /// <summary>The steps so far.</summary>
    public int Steps => _step;

    public IDiskFile OpenRead(string path)
    {
        Step();
        return new SteppingFile(this, inner.OpenRead(path));
    }

    public IDiskFile CreateNew(string path, long preallocate = 0) => inner.CreateNew(path, preallocate);

    public IDiskFile OpenWrite(string path) => inner.OpenWrite(path);

    public void CreateDirectory(string path) => inner.CreateDirectory(path);

    public void Move(string from, string to) => inner.Move(from, to);

    public void Replace(string from, string to) => inner.Replace(from, to);

    public bool TryExchange(string path, string other) => inner.TryExchange(path, other);

    public IDiskFile? TryLock(string path) => inner.TryLock(path);

    public bool AdoptAccess(string path, string model) => inner.AdoptAccess(path, model);

    public bool IsMountPoint(string path) => inner.IsMountPoint(path);

    public string? LinkTarget(string path) => inner.LinkTarget(path);

    public void DeleteFile(string path) => inner.DeleteFile(path);

    public void DeleteDirectory(string path) => inner.DeleteDirectory(path);

    public bool TryDeleteEmptyDirectory(string path) => inner.TryDeleteEmptyDirectory(path);

    public bool TryCreateHardLink(string path, string existing) => inner.TryCreateHardLink(path, existing);

    public void FlushDirectory(string path) => inner.FlushDirectory(path);

    public DiskEntry? Stat(string path)
    {
        Step();
        return inner.Stat(path);
    }

    public IReadOnlyList<DiskEntry> List(string folder)
    {
        Step();
        return inner.List(folder);
    }

    private void Step()
    {
        lock (_gate)
        {
            before(++_step);
        }
    }

    private sealed class SteppingFile(SteppingDisk disk, IDiskFile inner) : IDiskFile
    {
        public string Path => inner.Path;

        public long Length => inner.Length;

        public DiskEntry Stat() => inner.Stat();

        public int Read(Span<byte> buffer, long offset)
        {
            disk.Step();
            return inner.Read(buffer, offset);
        }

        public void Write(ReadOnlySpan<byte> buffer, long offset) => inner.Write(buffer, offset);

        public void SetLength(long length) => inner.SetLength(length);

        public void SetModified(DateTimeOffset time) => inner.SetModified(time);

        public void Flush() => inner.Flush();

        public IReadOnlyList<FileRange> DataRanges() => inner.DataRanges();

        public void Dispose() => inner.Dispose();
    }
}
