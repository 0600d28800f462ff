using System.Globalization;
using System.Security.Cryptography;
using BackupTools.Errors;

namespace BackupTools.Files;

/// <summary>
/// A uniquely named sibling folder of the target, removed on dispose unless published. Its owner holds a lock on a file
/// in it, so that a dead owner is told from a living one whatever process ids are reused.
/// </summary>
internal sealed class StagingArea : IDisposable
{
    private const string NamePrefix = ".backuptools-";
    private const string NameSuffix = ".staging";
    private const string TimeFormat = "yyyyMMdd'T'HHmmss'Z'";
    private const string OwnerFile = "owner.lock";
    private const int Rounds = 10;

    private readonly IDisk _disk;
    private readonly CreatedFolders _parents;
    private readonly IDiskFile _owner;
    private bool _disposed;

    private StagingArea(IDisk disk, string folder, CreatedFolders parents, IDiskFile owner)
    {
        _disk = disk;
        Folder = folder;
        _parents = parents;
        _owner = owner;
    }

    /// <summary>Absolute path of the staging folder.</summary>
    public string Folder { get; }

    /// <summary>Makes the staging folder inside <paramref name="parentFolder"/> (which is created if missing).</summary>
    public static StagingArea Create(IDisk disk, string parentFolder, TimeProvider clock)
    {
        for (var round = 0; ; round++)
        {
            var parents = CreatedFolders.Ensure(disk, parentFolder);
            var folder = Path.Combine(parentFolder, NewName(clock));
            try
            {
                disk.CreateDirectory(folder);
                // A sweep may take the folder for a leftover until the lock is held: then another is made.
                if (disk.TryLock(Path.Combine(folder, OwnerFile)) is { } owner)
                    return new StagingArea(disk, folder, parents, owner);
            }
            catch (BackupException e) when (e.Code == ErrorCode.PathNotFound && round < Rounds) { }
            catch
            {
                BestEffort(() => disk.DeleteDirectory(folder));
                parents.RemoveIfEmpty();
                throw;
            }
        }
    }

    /// <summary>Absolute path of a staged item.</summary>
    public string PathOf(string relativeName)
    {
        var path = Path.GetFullPath(Path.Combine(Folder, relativeName));
        if (!path.StartsWith(Folder + Path.DirectorySeparatorChar, StringComparison.Ordinal))
            throw new BackupException(ErrorCode.UnsafeName, $"the name leads out of its folder: {relativeName}", Folder);
        return path;
    }

    /// <summary>Creates a staged file (its missing parent folders too) and remembers to flush it before publishing.</summary>
    public IDiskFile CreateFile(string relativeName, long preallocate = 0)
    {
        var path = PathOf(relativeName);
        var folder = Path.GetDirectoryName(path)!;
        if (!string.Equals(folder, Folder, StringComparison.Ordinal))
            _disk.CreateDirectory(folder);
        return _disk.CreateNew(path, preallocate);
    }

    /// <summary>Creates a staged folder.</summary>
    public void CreateDirectory(string relativeName) => _disk.CreateDirectory(PathOf(relativeName));

    /// <summary>Flushes everything staged and carries out the steps in order; all or nothing.</summary>
    public void Publish(IReadOnlyList<PublishStep> steps, CancellationToken cancellation)
    {
        new Publication(_disk, this, OwnerFile).Run(steps, cancellation);
        _parents.Flush();
    }

    /// <summary>Recovers and removes what dead processes left in a folder; returns the names of what was removed.</summary>
    public static IReadOnlyList<string> Sweep(IDisk disk, string parentFolder)
    {
        var removed = new List<string>();
        if (disk.Stat(parentFolder) is null)
            return removed;
        foreach (var entry in disk.List(parentFolder))
        {
            if (entry.Kind != DiskEntryKind.Directory || !IsStagingName(entry.Name))
                continue;
            using var owner = disk.TryLock(Path.Combine(entry.Path, OwnerFile));
            if (owner is null)
                continue;
            disk.DeleteDirectory(entry.Path);
            removed.Add(entry.Name);
        }
        return removed;
    }

    /// <summary>True for names that staging uses, so that nothing else takes them for a bundle.</summary>
    public static bool IsStagingName(string name) =>
        name.StartsWith(NamePrefix, StringComparison.Ordinal)
        && name.EndsWith(NameSuffix, StringComparison.Ordinal)
        && name[NamePrefix.Length..^NameSuffix.Length].Split('-') is [{ Length: > 0 } process, var time, { Length: 8 } random]
        && process.All(char.IsAsciiDigit)
        && DateTime.TryParseExact(time, TimeFormat, CultureInfo.InvariantCulture, DateTimeStyles.None, out _)
        && random.All(char.IsAsciiHexDigitLower);

    /// <summary>Removes what was staged and not published; a failure to do so is left to the next sweep.</summary>
    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        BestEffort(() => _disk.DeleteDirectory(Folder));
        _owner.Dispose();
        _parents.RemoveIfEmpty();
    }

    private static void BestEffort(Action action)
    {
        try
        {
            action();
        }
        catch (BackupException) { }
    }

    private static string NewName(TimeProvider clock)
    {
        var time = clock.GetUtcNow().UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture);
        var random = RandomNumberGenerator.GetHexString(8, lowercase: true);
        return $"{NamePrefix}{Environment.ProcessId}-{time}-{random}{NameSuffix}";
    }
}
