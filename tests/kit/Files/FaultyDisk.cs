using BackupTools.Errors;
using BackupTools.Files;

namespace BackupTools.Tests.Files;

/// <summary>Thrown by a <see cref="FaultyDisk"/> once the process is to be dead; nothing may catch it.</summary>
public sealed class KilledException : Exception
{
    public KilledException()
        : base("killed") { }
}

/// <summary>
/// A disk on which everything that changes or flushes something is a step, and on which step n goes wrong: it fails
/// with an error (<see cref="FailAt"/>), or the process dies before it is done (<see cref="KillAt"/>). A dead process
/// does nothing more, not even clean up; its locks are free, as the operating system would see to. Run something once
/// without a fault to learn how many <see cref="Steps"/> there are, then once for every n.
/// </summary>
internal sealed class FaultyDisk(IDisk inner) : IDisk
{
    private readonly Lock _gate = new();
    private readonly HashSet<FaultyFile> _open = [];
    private readonly HashSet<(ulong, ulong)> _unflushed = [];
    private readonly Dictionary<(ulong, ulong), byte[]> _durable = [];
    private UnflushedNames? _names;
    private bool _killed;

    /// <summary>The steps so far.</summary>
    public int Steps { get; private set; }

    /// <summary>The step that fails, counted from 1; 0 for none.</summary>
    public int FailAt { get; init; }

    /// <summary>What it fails with.</summary>
    public ErrorCode FailWith { get; init; } = ErrorCode.DiskFull;

    /// <summary>The last step that fails, when more than one does: int.MaxValue for a disk that stays broken.</summary>
    public int FailUntil { get; init; }

    /// <summary>The step that is no longer done, counted from 1; 0 for none. A write is done by half.</summary>
    public int KillAt { get; init; }

    /// <summary>
    /// When killed, the power goes too: in this folder, files are what they were when they were last flushed, new ones
    /// empty. (Names are taken to reach the disk in order, so that losing them equals being killed earlier.)
    /// </summary>
    public string? PowerLossIn { get; init; }

    /// <summary>
    /// The power takes names along as well: in that folder whatever was created, renamed or removed is undone, unless
    /// the folder that it concerns was flushed since.
    /// </summary>
    public bool LosesNames { get; init; }

    /// <summary>False for a file system without hard links.</summary>
    public bool HardLinks { get; init; } = true;

    /// <summary>False for a file system that cannot swap names.</summary>
    public bool Exchanges { get; init; } = true;

    /// <summary>Called before every step, to look at what the world sees then.</summary>
    public Action OnStep { get; init; } = static () => { };

    /// <summary>What happened, for the message of a test that fails.</summary>
    public List<string> Log { get; } = [];

    /// <summary>The paths in a folder whose content, or for folders names, would not survive a power loss.</summary>
    public IReadOnlyList<string> UnflushedIn(string folder)
    {
        lock (_gate)
        {
            var all = Tree(folder).Append(inner.Stat(folder)!);
            return [.. all.Where(e => _unflushed.Contains((e.Device, e.Inode))).Select(e => e.Path)];
        }
    }

    /// <summary>This is the disk of the next process: what the dead one has not flushed still is not.</summary>
    public void GoOnAfter(FaultyDisk dead) => _unflushed.UnionWith(dead._unflushed);

    /// <summary>The power goes now, between two steps.</summary>
    public void CutPower()
    {
        lock (_gate)
            Kill();
    }

    public IDiskFile OpenRead(string path) => Wrap(Alive().OpenRead(path));

    /// <summary>Root may write what is read-only; here nobody may, so that it makes no difference who runs the tests.</summary>
    public IDiskFile OpenWrite(string path)
    {
        var file = Wrap(Alive().OpenWrite(path));
        if (
            OperatingSystem.IsWindows()
            || inner is not LocalDisk
            || File.GetUnixFileMode(path).HasFlag(UnixFileMode.UserWrite)
        )
        {
            return file;
        }

        file.Dispose();
        throw new BackupException(ErrorCode.AccessDenied, "read-only", path);
    }

    public IDiskFile CreateNew(string path, long preallocate = 0)
    {
        Step("create", path);
        var file = Wrap(inner.CreateNew(path, preallocate));
        NamesChanged(path);
        Names?.Created(path);
        return file;
    }

    public void CreateDirectory(string path)
    {
        if (Alive().Stat(path) is not null)
        {
            inner.CreateDirectory(path);
            return;
        }
        if (Path.GetDirectoryName(path) is { } parent)
            CreateDirectory(parent);
        Step("mkdir", path);
        inner.CreateDirectory(path);
        NamesChanged(path);
        Names?.Created(path);
    }

    public void Move(string from, string to)
    {
        Step("move", $"{from} -> {to}");
        inner.Move(from, to);
        NamesChanged(to);
        Names?.Moved(from, to);
    }

    public void Replace(string from, string to)
    {
        Step("replace", $"{from} -> {to}");
        Names?.Removing(to);
        if (inner.Stat(to) is null)
            inner.Move(from, to);
        else
            inner.Replace(from, to);
        NamesChanged(to);
        Names?.Moved(from, to);
    }

    public bool TryExchange(string path, string other)
    {
        Step("exchange", $"{path} <-> {other}");
        if (!Exchanges || !inner.TryExchange(path, other))
            return false;
        NamesChanged(path);
        NamesChanged(other);
        Names?.Exchanged(path, other);
        return true;
    }

    public IDiskFile? TryLock(string path)
    {
        Step("lock", path);
        var isNew = inner.Stat(path) is null;
        if (inner.TryLock(path) is not { } file)
            return null;
        if (isNew)
            Names?.Created(path);
        return Wrap(file);
    }

    public bool AdoptAccess(string path, string model)
    {
        Step("access", path);
        return inner.AdoptAccess(path, model);
    }

    public bool IsMountPoint(string path) => Alive().IsMountPoint(path);

    public string? LinkTarget(string path) => Alive().LinkTarget(path);

    public void DeleteFile(string path)
    {
        Step("delete", path);
        Names?.Removing(path);
        inner.DeleteFile(path);
    }

    /// <summary>File by file, as the real one does it and is interrupted in it.</summary>
    public void DeleteDirectory(string path)
    {
        if (Alive().Stat(path) is null)
            return;
        foreach (var entry in inner.List(path))
        {
            if (entry.Kind == DiskEntryKind.Directory)
                DeleteDirectory(entry.Path);
            else
                DeleteFile(entry.Path);
        }
        Step("rmdir", path);
        Names?.Removing(path);
        inner.DeleteDirectory(path);
    }

    public bool TryDeleteEmptyDirectory(string path)
    {
        Step("rmdir", path);
        if (inner.Stat(path) is { Kind: DiskEntryKind.Directory } && inner.List(path).Count == 0)
            Names?.Removing(path);
        return inner.TryDeleteEmptyDirectory(path);
    }

    public bool TryCreateHardLink(string path, string existing)
    {
        Step("link", $"{existing} -> {path}");
        if (!HardLinks || !inner.TryCreateHardLink(path, existing))
            return false;
        NamesChanged(path);
        Names?.Created(path);
        return true;
    }

    public void FlushDirectory(string path)
    {
        Step("flush", path);
        inner.FlushDirectory(path);
        Flushed(inner.Stat(path)!);
        Names?.Flushed(path);
    }

    public DiskEntry? Stat(string path) => Alive().Stat(path);

    public IReadOnlyList<DiskEntry> List(string folder) => Alive().List(folder);

    private UnflushedNames? Names
    {
        get
        {
            lock (_gate)
                return _names ??= LosesNames ? new UnflushedNames(inner, PowerLossIn!) : null;
        }
    }

    private IDisk Alive()
    {
        lock (_gate)
            return _killed ? throw new KilledException() : inner;
    }

    private FaultyFile Wrap(IDiskFile file)
    {
        lock (_gate)
        {
            var wrapped = new FaultyFile(this, file);
            _open.Add(wrapped);
            return wrapped;
        }
    }

    private void Step(string what, string path, Action? half = null)
    {
        lock (_gate)
        {
            Alive();
            Steps++;
            Log.Add($"{Steps} {what} {path.Replace(Path.DirectorySeparatorChar, '/')}");
            OnStep();
            if (Steps == KillAt)
            {
                half?.Invoke();
                Kill();
                throw new KilledException();
            }
            if (Steps == FailAt || (FailAt != 0 && Steps > FailAt && Steps <= FailUntil))
                throw new BackupException(FailWith, $"fault at step {Steps}, {what}", path);
        }
    }

    private void Kill()
    {
        _killed = true;
        foreach (var file in _open)
            file.Inner.Dispose();
        if (PowerLossIn is null)
            return;
        Names?.TakeBack();
        foreach (var entry in Tree(PowerLossIn))
        {
            if (entry.Kind != DiskEntryKind.File || !_durable.TryGetValue((entry.Device, entry.Inode), out var content))
                continue;
            using var file = inner.OpenWrite(entry.Path);
            file.SetLength(0);
            file.Write(content, 0);
        }
    }

    private IEnumerable<DiskEntry> Tree(string folder) =>
        inner.List(folder).SelectMany(e => e.Kind == DiskEntryKind.Directory ? Tree(e.Path).Append(e) : [e]);

    private void NamesChanged(string path) => Unflushed(inner.Stat(Path.GetDirectoryName(path)!)!);

    /// <summary>Content that is about to change is what the disk holds until the next flush.</summary>
    private void Unflushed(IDiskFile file)
    {
        var entry = file.Stat();
        lock (_gate)
        {
            if (PowerLossIn is not null && !_durable.ContainsKey((entry.Device, entry.Inode)))
            {
                var content = new byte[file.Length];
                HashingCopy.ReadExactly(file, content, 0);
                _durable.Add((entry.Device, entry.Inode), content);
            }
            _unflushed.Add((entry.Device, entry.Inode));
        }
    }

    private void Unflushed(DiskEntry entry)
    {
        lock (_gate)
            _unflushed.Add((entry.Device, entry.Inode));
    }

    private void Flushed(DiskEntry entry)
    {
        lock (_gate)
        {
            _unflushed.Remove((entry.Device, entry.Inode));
            _durable.Remove((entry.Device, entry.Inode));
        }
    }

    private sealed class FaultyFile(FaultyDisk disk, IDiskFile file) : IDiskFile
    {
        public IDiskFile Inner => file;

        public string Path => file.Path;

        public long Length => Alive().Length;

        public DiskEntry Stat() => Alive().Stat();

        public int Read(Span<byte> buffer, long offset) => Alive().Read(buffer, offset);

        public void Write(ReadOnlySpan<byte> buffer, long offset)
        {
            disk.Alive();
            disk.Unflushed(file);
            var half = buffer[..(buffer.Length / 2)].ToArray();
            disk.Step("write", Path, () => file.Write(half, offset));
            file.Write(buffer, offset);
        }

        public void SetLength(long length)
        {
            disk.Step("setlength", Path);
            disk.Unflushed(file);
            file.SetLength(length);
        }

        public void SetModified(DateTimeOffset time)
        {
            disk.Step("time", Path);
            file.SetModified(time);
        }

        public void Flush()
        {
            disk.Step("flush", Path);
            file.Flush();
            disk.Flushed(file.Stat());
        }

        public IReadOnlyList<FileRange> DataRanges() => Alive().DataRanges();

        public void Dispose()
        {
            lock (disk._gate)
                disk._open.Remove(this);
            file.Dispose();
        }

        private IDiskFile Alive()
        {
            disk.Alive();
            return file;
        }
    }
}
