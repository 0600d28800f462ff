namespace BackupTools.Files;

/// <summary>Another disk, but for what a derived class does in its own way.</summary>
internal abstract class ForwardingDisk(IDisk inner) : IDisk
{
    protected IDisk Inner { get; } = inner;

    public virtual IDiskFile OpenRead(string path) => Inner.OpenRead(path);

    public virtual IDiskFile CreateNew(string path, long preallocate = 0) => Inner.CreateNew(path, preallocate);

    public virtual IDiskFile OpenWrite(string path) => Inner.OpenWrite(path);

    public virtual void CreateDirectory(string path) => Inner.CreateDirectory(path);

    public virtual void Move(string from, string to) => Inner.Move(from, to);

    public virtual void Replace(string from, string to) => Inner.Replace(from, to);

    public virtual bool TryExchange(string path, string other) => Inner.TryExchange(path, other);

    public virtual IDiskFile? TryLock(string path) => Inner.TryLock(path);

    public virtual void DeleteFile(string path) => Inner.DeleteFile(path);

    public virtual void DeleteDirectory(string path) => Inner.DeleteDirectory(path);

    public virtual bool TryDeleteEmptyDirectory(string path) => Inner.TryDeleteEmptyDirectory(path);

    public virtual bool TryCreateHardLink(string path, string existing) => Inner.TryCreateHardLink(path, existing);

    public virtual bool AdoptAccess(string path, string model) => Inner.AdoptAccess(path, model);

    public virtual bool IsMountPoint(string path) => Inner.IsMountPoint(path);

    public virtual string? LinkTarget(string path) => Inner.LinkTarget(path);

    public virtual void FlushDirectory(string path) => Inner.FlushDirectory(path);

    public virtual DiskEntry? Stat(string path) => Inner.Stat(path);

    public virtual IReadOnlyList<DiskEntry> List(string folder) => Inner.List(folder);

    /// <summary>Of <see cref="List"/>, as a derived class may have its own.</summary>
    public virtual IReadOnlyList<string> Names(string folder) => [.. List(folder).Select(e => e.Name)];

    public IReadOnlyList<string> Begun(string folder) => Inner.Begun(folder);

    public virtual string AsListed(string path) => Inner.AsListed(path);
}
