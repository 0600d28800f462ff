using System.Collections.Concurrent;
using BackupTools.Encryption;
using BackupTools.Errors;
using BackupTools.Files;

namespace BackupTools.Operations;

/// <summary>
/// The disk of a capture for an encrypted destination. The bundle is assembled in clear in one staging folder and encrypted
/// into another, that of the destination; to its engine both are one: what it links to is linked in the second at once, as
/// the encrypted file that it is, and what it has staged can be read under its final name before that exists.
/// </summary>
/// <param name="inner">The disk of the run.</param>
/// <param name="age">The same, as what knows which files are encrypted.</param>
/// <param name="plain">Where the engine stages.</param>
/// <param name="sealed">The staging folder of the destination.</param>
internal sealed class CaptureDisk(IDisk inner, AgeDisk age, string plain, string @sealed) : ForwardingDisk(inner)
{
    private readonly ConcurrentDictionary<string, (string Link, string Existing)> _linked = new(StringComparer.Ordinal);
    private IReadOnlyList<(string Final, string Staged)> _finals = [];

    /// <summary>What is staged is read under these names from now on.</summary>
    public void Show(IEnumerable<(string Final, string Staged)> finals) =>
        _finals = [.. finals.Select(f => (Normal(f.Final), f.Staged))];

    public override IDiskFile OpenRead(string path) => Inner.OpenRead(Where(path));

    public override DiskEntry? Stat(string path) =>
        Where(path) is var at && at == path ? Inner.Stat(path)
        : Inner.Stat(at) is { } entry ? entry with { Path = path }
        : null;

    public override IReadOnlyList<DiskEntry> List(string folder)
    {
        var staged = Staged(folder);
        var links = _linked.Keys.Where(l => Path.GetDirectoryName(l) == staged).ToList();
        if (links.Count == 0 && staged == folder)
        {
            return Inner.List(folder);
        }
        return
        [
            .. Inner
                .List(staged)
                .Select(e => e.Name)
                .Concat(links.Select(l => Path.GetFileName(l)))
                .Order(StringComparer.Ordinal)
                .Select(n => Stat(Path.Combine(folder, n)))
                .OfType<DiskEntry>(),
        ];
    }

    /// <summary>Only what is encrypted is linked to: nothing plain gets into the destination.</summary>
    public override bool TryCreateHardLink(string path, string existing)
    {
        if (!IsBelow(path, plain))
        {
            return Inner.TryCreateHardLink(path, existing);
        }
        if (StoreAddress.Is(existing) || age.Real(existing) == existing)
        {
            return false;
        }
        var link = Path.Combine(@sealed, Path.GetRelativePath(plain, path));
        Inner.CreateDirectory(Path.GetDirectoryName(link)!);
        if (!Inner.TryCreateHardLink(link, existing))
        {
            return false;
        }
        _linked[path] = (link, existing);
        return true;
    }

    public override void DeleteFile(string path)
    {
        if (_linked.TryRemove(path, out var linked))
        {
            Inner.DeleteFile(linked.Link);
        }
        else
        {
            Inner.DeleteFile(path);
        }
    }

    public override void DeleteDirectory(string path)
    {
        foreach (var link in _linked.Keys.Where(l => IsBelow(l, path)))
        {
            DeleteFile(link);
        }
        Inner.DeleteDirectory(path);
    }

    private string Where(string path)
    {
        var staged = Staged(path);
        return _linked.TryGetValue(staged, out var linked) ? linked.Existing : staged;
    }

    private string Staged(string path)
    {
        var name = Normal(path);
        foreach (var (final, staged) in _finals)
        {
            if (name == final)
            {
                return staged;
            }
            if (IsBelow(name, final))
            {
                return Path.Combine(staged, name[(final.Length + 1)..]);
            }
        }
        return path;
    }

    /// <summary>Addresses have several spellings within a run.</summary>
    private static string Normal(string path) => StoreAddress.Is(path) ? StoreAddress.Of(path) : path;

    private static bool IsBelow(string path, string folder) =>
        path.Length > folder.Length
        && path.StartsWith(folder, StringComparison.Ordinal)
        && path[folder.Length] is '/' or '\\';
}
