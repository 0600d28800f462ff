using BackupTools.Files;

namespace BackupTools.Tests.Engines.Alopex;

/// <summary>
/// A disk that lets a test do something just before each of its steps: every look at a name and every read is a step.
/// So everything that a writer can do can be put between any two steps of a capture.
/// </summary>
internal sealed class SteppingDisk(IDisk inner, Action<int> before) : ForwardingDisk(inner)
{
    private readonly Lock _gate = new();
    private int _step;

    /// <summary>The steps so far.</summary>
    public int Steps => _step;

    public override IDiskFile OpenRead(string path)
    {
        Step();
        return new SteppingFile(this, Inner.OpenRead(path));
    }

    public override DiskEntry? Stat(string path)
    {
        Step();
        return Inner.Stat(path);
    }

    public override IReadOnlyList<DiskEntry> List(string folder)
    {
        Step();
        return Inner.List(folder);
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
