using BackupTools.Chains;
using BackupTools.Files;
using BackupTools.Formats.Sqlite;

namespace BackupTools.Engines.Sqlite;

/// <summary>
/// The folder of one database: it holds <c>ltx/0…9</c>, or the generations of Litestream 0.3, or both. A destination
/// holds one such folder per database.
/// </summary>
/// <param name="Folder">Absolute path.</param>
internal sealed record SqliteReplica(string Folder)
{
    /// <summary>The name that tells its chains from those of other databases.</summary>
    public string Name => Path.GetFileName(Folder);

    /// <summary>Where the levels are.</summary>
    public string Ltx => Path.Combine(Folder, LitestreamNames.Ltx);

    /// <summary>Where the generations of 0.3 are.</summary>
    public string Generations => Path.Combine(Folder, LitestreamNames.Generations);

    /// <summary>
    /// The replicas that a folder is or holds: the destination of several databases, the folder of one, and its ltx (or
    /// generations) all name it. The local state of a running Litestream is none.
    /// </summary>
    public static IEnumerable<SqliteReplica> In(string folder, IDisk disk)
    {
        if (Path.GetFileName(folder) is LitestreamNames.Ltx or LitestreamNames.Generations && HoldsParts(folder, disk))
        {
            return [new SqliteReplica(Path.GetDirectoryName(folder)!)];
        }
        var self = new SqliteReplica(folder);
        return self.Exists(disk)
            ? [self]
            : disk.List(folder)
                .Where(e => e.Kind == DiskEntryKind.Directory && !LitestreamNames.IsLocalState(e.Name))
                .Select(e => new SqliteReplica(e.Path))
                .Where(r => r.Exists(disk));
    }

    /// <summary>
    /// The replica that a bundle of a database goes to: the folder itself where it is named (or named like) one, else
    /// the database's own folder in it.
    /// </summary>
    public static SqliteReplica For(string destination, string name, IDisk disk)
    {
        if (Path.GetFileName(destination) == LitestreamNames.Ltx && HoldsParts(destination, disk))
        {
            return new SqliteReplica(Path.GetDirectoryName(destination)!);
        }
        var self = new SqliteReplica(destination);
        return self.Name == name || self.Exists(disk) ? self : new SqliteReplica(Path.Combine(destination, name));
    }

    /// <summary>
    /// The replica of a database: that of its name, and where another database has taken that name, one whose name holds
    /// a digest of the database's path.
    /// </summary>
    /// <param name="destination">The folder that was named.</param>
    /// <param name="name">What the user calls the database: the name of its file, or of a link to it.</param>
    /// <param name="sourcePath">The file itself.</param>
    /// <param name="disk">The disk.</param>
    public static SqliteReplica ForSource(string destination, string name, string sourcePath, IDisk disk)
    {
        var replica = For(destination, name, disk);
        // What the caller named is what he gets.
        if (!SqliteReplica.IsSamePath(Path.GetDirectoryName(replica.Folder) ?? "", destination))
        {
            return replica;
        }
        var owner = replica.SourcePath(disk);
        if (owner is not null && IsSameFile(owner, sourcePath, disk))
        {
            return replica;
        }
        // The database may have been named by a link before, or by its file.
        var known = disk.Stat(destination) is { Kind: DiskEntryKind.Directory }
            ? In(destination, disk).FirstOrDefault(r => r.IsOf(sourcePath, disk))
            : null;
        if (known is not null || owner is null)
        {
            return known ?? replica;
        }
        var digest = Blake3.Hasher.Hash(System.Text.Encoding.UTF8.GetBytes(sourcePath)).ToString()[..8];
        return new SqliteReplica(Path.Combine(destination, $"{name}-{digest}"));
    }

    public static bool IsSamePath(string a, string b) => string.Equals(a, b, RealPath.Comparison);

    /// <summary>Whether the path in a side file, which may lead through links, is that of a file.</summary>
    /// <param name="told">What the side file says.</param>
    /// <param name="file">The file itself.</param>
    /// <param name="disk">The disk.</param>
    public static bool IsSameFile(string told, string file, IDisk disk) =>
        IsSamePath(told, file)
        || (
            Path.IsPathFullyQualified(told)
            && (IsSamePath(RealPath.Of(told, disk), file) || RealPath.AreOne(told, file, disk))
        );

    private bool IsOf(string sourcePath, IDisk disk) =>
        SourcePath(disk) is { } told && IsSameFile(told, sourcePath, disk);

    /// <summary>The database that the newest bundle was made of; null when nothing tells.</summary>
    public string? SourcePath(IDisk disk) =>
        LtxFiles(disk)
            .OrderByDescending(f => LitestreamNames.TryLtx(f.File.Name, out _, out var max) ? max : 0)
            .Select(f => LtxBundles.ReadOne(f.File.Path, Name, disk).Header)
            .OfType<BundleHeader>()
            .Select(h => SqliteBundle.Of(h) is LtxBundle { Side.SourcePath: var told } ? told : null)
            .FirstOrDefault(p => p is { Length: > 0 });

    /// <summary>The folder of the database that a file of a level is of, as its path says; null when it says nothing.</summary>
    public static string? OfLevel(string path)
    {
        var level = Path.GetDirectoryName(path)!;
        var ltx = Path.GetDirectoryName(level);
        return LitestreamNames.TryLevel(Path.GetFileName(level), out _) && Path.GetFileName(ltx) == LitestreamNames.Ltx
            ? Path.GetDirectoryName(ltx)
            : null;
    }

    /// <summary>The last transaction of all files, whether they can be read or not; 0 when there is none.</summary>
    public ulong HighestTxid(IDisk disk) =>
        LtxFiles(disk)
            .Select(f => LitestreamNames.TryLtx(f.File.Name, out _, out var max) ? max : 0)
            .DefaultIfEmpty()
            .Max();

    /// <summary>The files of the levels, whatever their names; level and entry.</summary>
    public IEnumerable<(int Level, DiskEntry File)> LtxFiles(IDisk disk)
    {
        foreach (var folder in Folders(Ltx, disk))
        {
            if (!LitestreamNames.TryLevel(folder.Name, out var level))
            {
                continue;
            }
            foreach (var file in LtxFilesOf(folder.Path, disk))
            {
                yield return (level, file);
            }
        }
    }

    /// <summary>Our side files of bundles that end after a transaction, each with the path of its bundle.</summary>
    public IEnumerable<(string Side, string Bundle)> SideFilesAfter(ulong txid, IDisk disk) =>
        from level in Folders(Ltx, disk)
        where LitestreamNames.TryLevel(level.Name, out _)
        from side in disk.List(level.Path)
        let name = LitestreamNames.OfSideFile(side.Name)
        where name is not null && LitestreamNames.TryLtx(name, out _, out var max) && max > txid
        select (side.Path, Path.Combine(level.Path, name));

    /// <summary>What has the name of an LTX file; where it is none, reading it says so.</summary>
    public static IEnumerable<DiskEntry> LtxFilesOf(string level, IDisk disk) =>
        disk.List(level).Where(e => LitestreamNames.TryLtx(e.Name, out _, out _));

    /// <summary>The folders of a folder, none when it does not exist.</summary>
    public static IEnumerable<DiskEntry> Folders(string folder, IDisk disk) =>
        disk.Stat(folder) is { Kind: DiskEntryKind.Directory }
            ? disk.List(folder).Where(e => e.Kind == DiskEntryKind.Directory)
            : [];

    /// <summary>The files of a folder, none when it does not exist.</summary>
    public static IEnumerable<DiskEntry> Files(string folder, IDisk disk) =>
        disk.Stat(folder) is { Kind: DiskEntryKind.Directory } ? disk.List(folder).Where(IsFile) : [];

    private static bool IsFile(DiskEntry entry) => entry.Kind is DiskEntryKind.File or DiskEntryKind.Link;

    private bool Exists(IDisk disk) => HoldsParts(Ltx, disk) || HoldsParts(Generations, disk);

    private static bool HoldsParts(string folder, IDisk disk) =>
        Folders(folder, disk).Any(e => LitestreamNames.TryLevel(e.Name, out _) || LitestreamNames.IsGeneration(e.Name));
}
