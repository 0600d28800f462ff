using System.Security.Cryptography;
using System.Text;
using BackupTools.Encryption;
using BackupTools.Engines;
using BackupTools.Errors;
using BackupTools.Files;

namespace BackupTools.Operations;

/// <summary>Where this machine keeps the <see cref="BundleState"/> of each encrypted bundle of a folder.</summary>
internal sealed class StateFolder
{
    private const string Extension = ".state";
    private const string Staged = ".new";

    private readonly string _path;
    private readonly string _folder;
    private readonly IReadOnlyList<string> _keys;
    private readonly OperationHost _host;

    /// <summary>Nothing is made yet.</summary>
    /// <param name="statePath">Of the user; it serves several destinations.</param>
    /// <param name="folder">The encrypted folder or store.</param>
    /// <param name="keys">The public keys that new bundles are encrypted for.</param>
    /// <param name="host">The front end.</param>
    /// <exception cref="BackupException">InvalidOption: it is no folder, or would lie where the bundles go.</exception>
    public StateFolder(string statePath, string folder, IReadOnlyList<string> keys, OperationHost host)
    {
        (_folder, _keys, _host) = (folder, keys, host);
        PathOverlap.RefuseInside(statePath, folder, Spelling.Of(nameof(BackupSettings.StatePath)), host.Disk);
        var name = Encoding.UTF8.GetBytes(StoreAddress.Of(Path.TrimEndingDirectorySeparator(folder)));
        _path = Path.Combine(statePath, Convert.ToHexStringLower(SHA256.HashData(name))[..32]);
        Explained(() => RequireFolder(statePath, host.Disk) && RequireFolder(_path, host.Disk));
    }

    /// <summary>Where the state of a bundle lies.</summary>
    public string PathOf(string engine, string id) =>
        Path.Combine(_path, Path.GetFileNameWithoutExtension(BundleRecords.PathOf(_folder, engine, id)) + Extension);

    /// <summary>
    /// Keeps what the next increment must know of a new bundle, durably; the record that names it. To be called before the
    /// bundle is published: what is kept of one that never is, the next run removes.
    /// </summary>
    /// <param name="record">Of the bundle, whose encrypted files are staged.</param>
    /// <param name="traces">Of the bundle.</param>
    /// <param name="shared">An encrypted file that bundles share, as it is staged; null for none of that name.</param>
    /// <param name="disk">On which the bundle is read in clear.</param>
    /// <exception cref="BackupException">AccessDenied, DiskFull, WriteFailed and others: it cannot be written there.</exception>
    public BundleRecord Keep(
        BundleRecord record,
        BundleTraces traces,
        Func<string, FileRecord?> shared,
        IReadingDisk disk
    ) => Explained(() => KeepInFile(record, traces, shared, disk));

    /// <summary>Runs what may meet an error of the state, whose usual advice is that of a database or destination.</summary>
    private T Explained<T>(Func<T> work)
    {
        try
        {
            return work();
        }
        catch (BackupException e) when (e.Code != ErrorCode.InvalidOption && IsOfState(e.FullName))
        {
            throw e.As(
                e.Code,
                $"what the next increment must know cannot be kept: {e.Message}",
                $"See to its rights and free space, or name another folder with {Spelling.Of(nameof(BackupSettings.StatePath))}."
            );
        }
    }

    private bool IsOfState(string? path) =>
        path is not null
        && (path.StartsWith(_path, StringComparison.Ordinal) || _path.StartsWith(path, StringComparison.Ordinal));

    private BundleRecord KeepInFile(
        BundleRecord record,
        BundleTraces traces,
        Func<string, FileRecord?> shared,
        IReadingDisk disk
    )
    {
        var outer = _host.Encrypted.Outer;
        outer.CreateDirectory(_path);
        var path = PathOf(record.Engine, record.Id);
        if (new[] { path, path + Staged }.FirstOrDefault(p => IsStrange(outer.Stat(p))) is { } strange)
        {
            _host.Context.Warn($"{strange} is no regular file: what the next increment must know is not kept");
            return record;
        }
        outer.DeleteFile(path + Staged);
        var kept = new List<BundleState.Keeping>();
        try
        {
            if (traces.Facts is { } facts)
            {
                kept.Add(new(BundleState.Facts, new MemoryFile(path, facts), [new FileRange(0, facts.Length)], null));
            }
            foreach (var file in traces.Files)
            {
                var name = StagedFiles.Below(_folder, file.Path);
                kept.Add(new(name, disk.OpenRead(file.Path), file.Ranges, shared(name)));
            }
            string digest;
            using (var state = outer.CreateNew(path + Staged))
            {
                digest = BundleState.Write(record, kept, _keys, state);
                state.Flush();
            }
            outer.Replace(path + Staged, path);
            outer.FlushDirectory(_path);
            return record with { State = digest };
        }
        catch (BackupException)
        {
            Removal.Try(
                () => outer.DeleteFile(path + Staged),
                text => _host.Warning?.Invoke($"{path + Staged}, begun and not finished, {text}")
            );
            throw;
        }
        finally
        {
            kept.ForEach(k => k.File.Dispose());
        }
    }

    /// <summary>Removes what is kept of bundles that are gone.</summary>
    public void Prune()
    {
        var outer = _host.Encrypted.Outer;
        if (outer.Stat(_path) is null)
        {
            return;
        }
        var wanted = new BundleRecords(_folder, outer)
            .Read()
            .Select(r => r.Record is { } record ? PathOf(record.Engine, record.Id) : null)
            .ToHashSet(StringComparer.Ordinal);
        var there = outer.List(_path).ToLookup(IsStrange);
        foreach (var strange in there[true])
        {
            _host.WarnOnce($"{strange.Path} is nothing that was kept of a bundle, and stays");
        }
        var kept = there[false].Select(e => e.Path).ToList();
        // One that cannot be read may be that of any bundle; and none at all, that something else is mounted there.
        if (wanted.Contains(null) || !kept.Exists(wanted.Contains))
        {
            return;
        }
        foreach (var gone in kept.Where(p => !wanted.Contains(p)))
        {
            Removal.Try(
                () => outer.DeleteFile(gone),
                text => _host.Warning?.Invoke($"{gone}, kept of a bundle, {text}")
            );
        }
    }

    private static bool RequireFolder(string path, IDisk disk)
    {
        if (disk.Stat(RealPath.Of(path, disk)) is { Kind: not DiskEntryKind.Directory })
        {
            throw new BackupException(
                ErrorCode.InvalidOption,
                "what is kept for the next increment goes into a folder, and this is none",
                path,
                recommendation: $"Name a folder with {Spelling.Of(nameof(BackupSettings.StatePath))}; it is created if missing."
            );
        }
        return true;
    }

    private static bool IsStrange(DiskEntry? entry) =>
        entry is not null
        && (
            entry.Kind != DiskEntryKind.File
            || !entry.Name.EndsWith(Extension, StringComparison.Ordinal)
                && !entry.Name.EndsWith(Extension + Staged, StringComparison.Ordinal)
        );
}
