using System.Globalization;
using System.Security.Cryptography;
using BackupTools.Errors;

namespace BackupTools.Files;

/// <summary>
/// A uniquely named sibling folder of the target (<c>.backuptools-PID-TIME-RANDOM.staging</c>), so on the same file system;
/// removed on dispose unless published. Its owner holds a lock on a file in it, so that a dead owner is distinguished from
/// a living one even if process ids are reused.
/// </summary>
internal sealed class StagingArea : IDisposable
{
    /// <summary>Names that begin like this are not for staged items.</summary>
    public const string ReservedPrefix = ".backuptools-";

    /// <summary>Where old items wait, within the staging folder, until all steps are done; they go with it.</summary>
    public const string AsideFolder = ReservedPrefix + "aside";

    private const string OwnerFile = ReservedPrefix + "owner.lock";
    private const string NamePrefix = ".backuptools-";
    private const string NameSuffix = ".staging";
    private const string TimeFormat = "yyyyMMdd'T'HHmmss'Z'";
    private const int Rounds = 10;

    private readonly IDisk _disk;
    private readonly CreatedFolders _parents;
    private readonly IDiskFile _owner;
    private readonly Action<string>? _tell;
    private bool _mustStay;

    private StagingArea(IDisk disk, string folder, CreatedFolders parents, IDiskFile owner, Action<string>? tell)
    {
        _disk = disk;
        Folder = folder;
        _parents = parents;
        _owner = owner;
        _tell = tell;
    }

    /// <summary>Absolute path of the staging folder.</summary>
    public string Folder { get; }

    /// <summary>Absolute path of the file that shows whether the owner lives.</summary>
    public string OwnerPath => _owner.Path;

    /// <summary>
    /// Makes the staging folder inside <paramref name="parentFolder"/> (which is created if missing);
    /// <paramref name="tell"/> hears what could not be removed when it is disposed.
    /// </summary>
    public static StagingArea Create(IDisk disk, string parentFolder, TimeProvider clock, Action<string>? tell = null)
    {
        // Names in it are compared with its own, which on Windows may be written with either slash.
        parentFolder = Path.GetFullPath(parentFolder);
        for (var round = 0; ; round++)
        {
            var parents = CreatedFolders.Ensure(disk, parentFolder, tell);
            var folder = Path.Combine(parentFolder, NewName(clock));
            try
            {
                disk.CreateDirectory(folder);
                // A sweep may take the folder for a leftover until the lock is held: then another is made.
                if (disk.TryLock(Path.Combine(folder, OwnerFile)) is { } owner)
                    return new StagingArea(disk, folder, parents, owner, tell);
                if (round == Rounds)
                    throw new BackupException(ErrorCode.WriteFailed, "a new staging folder cannot be locked", folder);
            }
            catch (BackupException e) when (e.Code == ErrorCode.PathNotFound && round < Rounds) { }
            catch
            {
                Removal.Try(() => disk.DeleteDirectory(folder), tell);
                parents.RemoveIfEmpty();
                throw;
            }
        }
    }

    /// <summary>Absolute path of a staged item.</summary>
    /// <exception cref="BackupException">UnsafeName: the name leads out of the folder or is one of our own.</exception>
    public string PathOf(string relativeName)
    {
        if (!relativeName.Contains('\0', StringComparison.Ordinal))
        {
            var path = Path.GetFullPath(Path.Combine(Folder, relativeName));
            var folder = Folder + Path.DirectorySeparatorChar;
            if (
                path.StartsWith(folder, StringComparison.Ordinal)
                && path.Length > folder.Length
                && !path.AsSpan(folder.Length).StartsWith(ReservedPrefix, StringComparison.Ordinal)
            )
            {
                return path;
            }
        }
        throw new BackupException(ErrorCode.UnsafeName, $"not a name for a staged item: '{relativeName}'", Folder);
    }

    /// <summary>Creates a staged file, and its missing parent folders; <see cref="Publish"/> flushes it.</summary>
    /// <param name="relativeName">Its name in staging.</param>
    /// <param name="preallocate">Bytes to reserve; 0 for none.</param>
    /// <param name="readsBack">What is written is read back at once and compared.</param>
    public IDiskFile CreateFile(string relativeName, long preallocate = 0, bool readsBack = false)
    {
        var path = PathOf(relativeName);
        var folder = Path.GetDirectoryName(path)!;
        if (!string.Equals(folder, Folder, StringComparison.Ordinal))
            _disk.CreateDirectory(folder);
        var file = _disk.CreateNew(path, preallocate);
        return readsBack ? new ReadBackFile(file) : file;
    }

    /// <summary>Stages a small file.</summary>
    public void Write(string relativeName, ReadOnlySpan<byte> bytes)
    {
        using var file = CreateFile(relativeName);
        file.Write(bytes, 0);
    }

    /// <summary>Creates a staged folder.</summary>
    public void CreateDirectory(string relativeName) => _disk.CreateDirectory(PathOf(relativeName));

    /// <summary>Flushes everything staged and carries out the steps in order; all or nothing.</summary>
    public void Publish(IReadOnlyList<PublishStep> steps, CancellationToken cancellation)
    {
        var publication = new Publication(_disk, this);
        try
        {
            publication.Run(steps, cancellation);
        }
        finally
        {
            _mustStay = publication.MustStay;
        }
    }

    /// <summary>
    /// Recovers and removes what killed processes left in a folder; returns the names of what was removed. A
    /// publication that was interrupted is undone, or, when every step had been done, brought to its end. What cannot
    /// be judged or removed stays, and <paramref name="warn"/> is told why.
    /// </summary>
    public static IReadOnlyList<string> Sweep(IDisk disk, string parentFolder, Action<string>? warn = null)
    {
        var removed = new List<string>();
        if (disk.Stat(parentFolder) is null)
            return removed;
        foreach (var entry in StagesIn(disk, parentFolder))
        {
            var obstacle = SweepOne(disk, entry.Path, out var wasRemoved);
            if (wasRemoved)
                removed.Add(entry.Name);
            else if (obstacle is not null)
                warn?.Invoke($"{entry.Path}, left by an interrupted run, is kept: {obstacle}");
        }
        return removed;
    }

    private static string? SweepOne(IDisk disk, string folder, out bool removed)
    {
        removed = false;
        try
        {
            using var owner = disk.TryLock(Path.Combine(folder, OwnerFile));
            if (owner is null)
                return null; // its owner lives
            if (PublicationJournal.Read(disk, folder) is { } plan)
            {
                if (plan.IsComplete(disk))
                    plan.FlushFolders(disk);
                else if (plan.BlockedBy(disk) is { } blocked)
                    return $"it holds the former '{blocked}', but what is there now is not what the run put there";
                else
                    plan.Undo(disk);
                PublicationJournal.Delete(disk, folder);
            }
            Removal.Folder(disk, folder, owner);
            removed = true;
            return null;
        }
        catch (BackupException e) when (e.Code == ErrorCode.PathNotFound && disk.Stat(folder) is null)
        {
            return null; // its owner has just removed it
        }
        catch (BackupException e)
        {
            return e.Describe();
        }
    }

    /// <summary>True when runs work in a folder, or died in it, so that what is there may not be final.</summary>
    public static bool HasLeftovers(IDisk disk, string parentFolder) =>
        disk.Stat(parentFolder) is { Kind: DiskEntryKind.Directory } && StagesIn(disk, parentFolder).Any();

    /// <summary>
    /// The paths that a run is just filling in several renames, or was when it was killed: what is there counts only
    /// once its journal is gone. Changes nothing; a journal that cannot be read is for <see cref="Sweep"/> to report. None where
    /// nothing is, and in a store, which shows nothing that is not complete.
    /// </summary>
    public static IReadOnlySet<string> UnfinishedIn(IDisk disk, string parentFolder)
    {
        var unfinished = new HashSet<string>(StringComparer.Ordinal);
        if (StoreAddress.Is(parentFolder) || disk.Stat(parentFolder) is not { Kind: DiskEntryKind.Directory })
            return unfinished;
        foreach (var stage in StagesIn(disk, parentFolder))
        {
            try
            {
                unfinished.UnionWith(
                    PublicationJournal.Read(disk, stage.Path)?.Steps.Select(s => disk.AsListed(s.Final)) ?? []
                );
            }
            catch (BackupException) { } // just deleted, or none of ours
        }
        return unfinished;
    }

    private static IEnumerable<DiskEntry> StagesIn(IDisk disk, string parentFolder) =>
        disk.Names(parentFolder)
            .Where(IsStagingName)
            .Select(name => disk.Stat(Path.Combine(parentFolder, name)))
            .OfType<DiskEntry>()
            .Where(e => e.Kind == DiskEntryKind.Directory);

    /// <summary>True for names that staging uses, so that nothing else takes them for a bundle.</summary>
    public static bool IsStagingName(string name) =>
        name.StartsWith(NamePrefix, StringComparison.Ordinal)
        && name.EndsWith(NameSuffix, StringComparison.Ordinal)
        && name[NamePrefix.Length..^NameSuffix.Length].Split('-')
            is [{ Length: > 0 } process, var time, { Length: 8 } random]
        && process.All(char.IsAsciiDigit)
        && DateTime.TryParseExact(time, TimeFormat, CultureInfo.InvariantCulture, DateTimeStyles.None, out _)
        && random.All(char.IsAsciiHexDigitLower);

    /// <summary>
    /// Removes what was staged and not published; a failure to do so is reported, and left to the next sweep.
    /// </summary>
    public void Dispose()
    {
        if (!_mustStay)
            Removal.Try(() => Removal.Folder(_disk, Folder, _owner), _tell);
        _owner.Dispose();
        _parents.RemoveIfEmpty();
    }

    private static string NewName(TimeProvider clock)
    {
        var time = clock.GetUtcNow().UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture);
        var random = RandomNumberGenerator.GetHexString(8, lowercase: true);
        return $"{NamePrefix}{Environment.ProcessId}-{time}-{random}{NameSuffix}";
    }
}
