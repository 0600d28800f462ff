using BackupTools.Errors;
using BackupTools.Files;

namespace BackupTools.Tests.Files;

/// <summary>
/// A file system in memory, for properties that need thousands of small databases. One thread at a time may change
/// names; files may be read and written by several.
/// </summary>
internal sealed class MemoryDisk : IDisk
{
    private readonly Node _root = new(isFolder: true);
    private readonly Lock _gate = new();
    private ulong _inodes;

    /// <summary>Makes a file hold these bytes, with its folders.</summary>
    public void Put(string path, ReadOnlySpan<byte> bytes)
    {
        CreateDirectory(Path.GetDirectoryName(path)!);
        DeleteFile(path);
        using var file = CreateNew(path);
        file.Write(bytes, 0);
    }

    /// <summary>The files of a folder with their bytes.</summary>
    public SortedDictionary<string, byte[]> Content(string folder)
    {
        var content = new SortedDictionary<string, byte[]>(StringComparer.Ordinal);
        foreach (var (name, node) in Folder(folder).Children)
        {
            content.Add(name, node.Bytes.AsSpan(0, node.Length).ToArray());
        }
        return content;
    }

    public IDiskFile OpenRead(string path) => new Handle(path, File(path));

    public IDiskFile OpenWrite(string path) => new Handle(path, File(path));

    public IDiskFile CreateNew(string path, long preallocate = 0)
    {
        lock (_gate)
        {
            var node = NewNode(isFolder: false);
            Place(path, node);
            return new Handle(path, node);
        }
    }

    public void CreateDirectory(string path)
    {
        lock (_gate)
        {
            var at = _root;
            foreach (var part in Parts(path))
            {
                if (!at.Children.TryGetValue(part, out var next))
                {
                    at.Children.Add(part, next = NewNode(isFolder: true));
                }
                at = next;
            }
        }
    }

    public void Move(string from, string to)
    {
        lock (_gate)
        {
            var node = Find(from) ?? throw NotFound(from);
            Place(to, node);
            Folder(Path.GetDirectoryName(from)!).Children.Remove(Path.GetFileName(from));
        }
    }

    public void Replace(string from, string to)
    {
        lock (_gate)
        {
            Folder(Path.GetDirectoryName(to)!).Children.Remove(Path.GetFileName(to));
            Move(from, to);
        }
    }

    public bool TryExchange(string path, string other) => false;

    public IDiskFile? TryLock(string path) => Find(path) is null ? CreateNew(path) : OpenWrite(path);

    public void DeleteFile(string path) => Remove(path);

    public void DeleteDirectory(string path) => Remove(path);

    public bool TryDeleteEmptyDirectory(string path)
    {
        lock (_gate)
        {
            if (Find(path) is { Children.Count: > 0 })
            {
                return false;
            }
            Remove(path);
            return true;
        }
    }

    public bool TryCreateHardLink(string path, string existing) => false;

    public bool AdoptAccess(string path, string model) => true;

    public bool IsMountPoint(string path) => false;

    public string? LinkTarget(string path) => null;

    public void FlushDirectory(string path) { }

    public DiskEntry? Stat(string path)
    {
        lock (_gate)
        {
            return Find(path)?.Entry(path);
        }
    }

    public IReadOnlyList<DiskEntry> List(string folder)
    {
        lock (_gate)
        {
            return [.. Folder(folder).Children.Select(c => c.Value.Entry(Path.Combine(folder, c.Key)))];
        }
    }

    private Node NewNode(bool isFolder) => new(isFolder) { Inode = ++_inodes };

    private void Place(string path, Node node)
    {
        if (!Folder(Path.GetDirectoryName(path)!).Children.TryAdd(Path.GetFileName(path), node))
        {
            throw new BackupException(ErrorCode.DestinationExists, "something with this name already exists", path);
        }
    }

    private void Remove(string path)
    {
        lock (_gate)
        {
            (Find(Path.GetDirectoryName(path)!) ?? _root).Children.Remove(Path.GetFileName(path));
        }
    }

    private Node File(string path)
    {
        lock (_gate)
        {
            return Find(path) is { IsFolder: false } node ? node : throw NotFound(path);
        }
    }

    private Node Folder(string path) => Find(path) is { IsFolder: true } node ? node : throw NotFound(path);

    private Node? Find(string path)
    {
        var at = _root;
        foreach (var part in Parts(path))
        {
            if (!at.Children.TryGetValue(part, out at!))
            {
                return null;
            }
        }
        return at;
    }

    private static string[] Parts(string path) =>
        path.Split(['/', Path.DirectorySeparatorChar], StringSplitOptions.RemoveEmptyEntries);

    private static BackupException NotFound(string path) =>
        new(ErrorCode.PathNotFound, "there is no such file or folder", path);

    private sealed class Node(bool isFolder)
    {
        public bool IsFolder => isFolder;

        public ulong Inode { get; init; }

        public SortedDictionary<string, Node> Children { get; } = new(StringComparer.Ordinal);

        public byte[] Bytes { get; set; } = [];

        public int Length { get; set; }

        public long Changes { get; set; }

        public DiskEntry Entry(string path)
        {
            var time = DateTimeOffset.UnixEpoch.AddTicks(Changes);
            var kind = isFolder ? DiskEntryKind.Directory : DiskEntryKind.File;
            return new DiskEntry(path, kind, Length, time, time, 1, Inode, 1, Length);
        }
    }

    private sealed class Handle(string path, Node node) : IDiskFile
    {
        public string Path => path;

        public long Length => node.Length;

        public DiskEntry Stat() => node.Entry(path);

        public int Read(Span<byte> buffer, long offset)
        {
            lock (node)
            {
                var length = (int)Math.Clamp(node.Length - offset, 0, buffer.Length);
                node.Bytes.AsSpan((int)Math.Min(offset, node.Length), length).CopyTo(buffer);
                return length;
            }
        }

        public void Write(ReadOnlySpan<byte> buffer, long offset)
        {
            lock (node)
            {
                Grow((int)offset + buffer.Length);
                buffer.CopyTo(node.Bytes.AsSpan((int)offset));
                node.Changes++;
            }
        }

        public void SetLength(long length)
        {
            lock (node)
            {
                Grow((int)length);
                node.Bytes.AsSpan((int)length, node.Length - (int)length).Clear();
                node.Length = (int)length;
                node.Changes++;
            }
        }

        public void SetModified(DateTimeOffset time)
        {
            lock (node)
            {
                node.Changes = (time - DateTimeOffset.UnixEpoch).Ticks;
            }
        }

        public void Flush() { }

        public IReadOnlyList<FileRange> DataRanges() => [new FileRange(0, Length)];

        public void Dispose() { }

        private void Grow(int length)
        {
            if (length > node.Bytes.Length)
            {
                var bytes = new byte[Math.Max(length, 2 * node.Bytes.Length)];
                node.Bytes.CopyTo(bytes, 0);
                node.Bytes = bytes;
            }
            node.Length = Math.Max(node.Length, length);
        }
    }
}
