using BackupTools.Files;

namespace BackupTools.Tests.Engines.Spg;

/// <summary>The real disk, with something that happens whenever a file is opened, and a count of what is read.</summary>
internal sealed class HookedDisk() : ForwardingDisk(LocalDisk.Instance)
{
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

    /// <summary>A disk on which a byte of every file of a name reads differently than it was written.</summary>
    public static HookedDisk Misreading(string fileName, long offset) =>
        new()
        {
            Changing = (path, at, bytes) =>
            {
                if (Path.GetFileName(path) == fileName && offset >= at && offset < at + bytes.Length)
                {
                    bytes[(int)(offset - at)] ^= 0x10;
                }
            },
        };

    public override IDiskFile OpenRead(string path)
    {
        Opening?.Invoke(path);
        return new CountingFile(Inner.OpenRead(path), this);
    }

    public override IDiskFile CreateNew(string path, long preallocate = 0) =>
        new CountingFile(Inner.CreateNew(path, preallocate), this);

    public override DiskEntry? Stat(string path) => Seeing(Inner.Stat(path));

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

        public int ReadWritten(Span<byte> buffer, long offset)
        {
            var read = file.ReadWritten(buffer, offset);
            disk.Changing?.Invoke(Path, offset, buffer[..read]);
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
