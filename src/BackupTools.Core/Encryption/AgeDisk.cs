using System.Collections.Concurrent;
using System.Security.Cryptography;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.Age;

namespace BackupTools.Encryption;

/// <summary>
/// Shows <c>NAME.age</c> as the plain file <c>NAME</c> in the folders that it was given, so that engines need not know
/// of encryption. In a folder that has recipients, what is created is encrypted. Everything else is the disk's own.
/// </summary>
/// <param name="inner">The disk below.</param>
/// <param name="keys">
/// What encrypted files are opened with. Null: none is opened, and whoever looks for bundles meets each as one that is for
/// others, without a byte of it being read.
/// </param>
internal sealed class AgeDisk(IDisk inner, Func<KeyRing>? keys) : ForwardingDisk(inner)
{
    /// <summary>What an encrypted file's name ends with.</summary>
    public const string Extension = ".age";

    /// <summary>Headers of a store that are fetched at once.</summary>
    private const int AtOnce = 16;

    private readonly ConcurrentDictionary<(ulong, ulong), string> _made = new();
    private readonly ConcurrentDictionary<string, (DiskEntry Entry, long Plain)> _lengths = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, bool> _plain = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, bool> _met = new(StringComparer.Ordinal);
    private readonly Lock _showing = new();

    /// <summary>Asked with every path, so it is replaced and not changed.</summary>
    private volatile string[] _shown = [];

    /// <summary>
    /// Something encrypted was listed. Until then a file is opened by its name, and asked about only if that fails.
    /// </summary>
    private volatile bool _hasMetAny;
    private (IReadOnlyList<string> Folders, IReadOnlyList<IAgeRecipient> Recipients)? _target;

    /// <summary>The disk below, on which encrypted files are what they are.</summary>
    public IDisk Outer => Inner;

    public KeyRing Keys => keys!();

    /// <summary>Encrypted files below a folder are shown as plain ones from now on.</summary>
    public void Show(string folder)
    {
        var normal = Normal(folder);
        lock (_showing)
        {
            if (!_shown.Contains(normal, StringComparer.Ordinal))
            {
                _shown = [.. _shown, normal];
            }
        }
    }

    /// <summary>In this folder, or below it, files were listed that have the name of encrypted ones.</summary>
    public bool HasMetIn(string folder)
    {
        var normal = Normal(folder);
        return _met.Keys.Any(f => f == normal || IsBelow(f, normal));
    }

    /// <summary>What is created below folders from now on is encrypted.</summary>
    public void Encrypt(IReadOnlyList<string> folders, IReadOnlyList<IAgeRecipient> recipients)
    {
        folders.ToList().ForEach(Show);
        _hasMetAny = true;
        _target = ([.. folders.Select(Normal)], recipients);
    }

    /// <summary>What is created below this folder stays as it is, wherever it lies: a bundle before it is encrypted.</summary>
    public void LeavePlain(string folder) => _plain[Normal(folder)] = true;

    /// <summary>The BLAKE3 digest of a file that this run has encrypted; null where it is another's.</summary>
    public string? DigestOf(DiskEntry entry) => _made.GetValueOrDefault((entry.Device, entry.Inode));

    /// <summary>The path of the file with a name: with the extension, if only that exists.</summary>
    public string Real(string path) =>
        IsShown(path) && Inner.Stat(path) is null && Inner.Stat(path + Extension) is { Kind: DiskEntryKind.File }
            ? path + Extension
            : path;

    public override string AsListed(string path) => IsShown(path) ? NameOf(path) : path;

    public override IDiskFile OpenRead(string path) => Opened(path, Inner.OpenRead);

    /// <summary>An encrypted file may be dated and flushed, but not changed.</summary>
    public override IDiskFile OpenWrite(string path) => Opened(path, Inner.OpenWrite);

    public override IDiskFile CreateNew(string path, long preallocate = 0)
    {
        if (
            _target is not { } target
            || !target.Folders.Any(f => IsBelow(path, f))
            || _plain.Keys.Any(f => IsBelow(path, f))
            || IsOfStaging(path)
        )
        {
            return Inner.CreateNew(path, preallocate);
        }
        var key = AgeFileKey.New();
        var header = AgeHeader.Write(key, target.Recipients);
        Keys.Remember(AgeHeader.Parse(header), key);
        var nonce = RandomNumberGenerator.GetBytes(AgeFileKey.NonceLength);
        var length = header.Length + nonce.Length + AgePayload.SealedLengthOf(preallocate);
        var outer = Inner.CreateNew(path + Extension, preallocate > 0 ? length : 0);
        try
        {
            return new AgeWriter(path, outer, key, header, nonce, Note);
        }
        catch
        {
            // Windows removes no file, and so no staging folder, that is open.
            outer.Dispose();
            throw;
        }

        void Note(string digest)
        {
            var entry = outer.Stat();
            _made[(entry.Device, entry.Inode)] = digest;
        }
    }

    public override void Move(string from, string to) => Inner.Move(Real(from), Beside(from, to));

    public override void Replace(string from, string to) => Inner.Replace(Real(from), Beside(from, to));

    public override bool TryExchange(string path, string other) => Inner.TryExchange(Real(path), Real(other));

    public override void DeleteFile(string path) => Inner.DeleteFile(Real(path));

    public override bool TryCreateHardLink(string path, string existing) =>
        Inner.TryCreateHardLink(Beside(existing, path), Real(existing));

    public override bool AdoptAccess(string path, string model) => Inner.AdoptAccess(Real(path), Real(model));

    public override DiskEntry? Stat(string path) =>
        Inner.Stat(path) is { } plain ? plain
        : IsShown(path) && Inner.Stat(path + Extension) is { Kind: DiskEntryKind.File } entry ? Shown(entry)
        : null;

    public override IReadOnlyList<DiskEntry> List(string folder)
    {
        var entries = Inner.List(folder);
        if (!entries.Any(IsEncrypted))
        {
            return entries;
        }
        _met[Normal(folder)] = true;
        if (!IsShown(Path.Combine(folder, "x")))
        {
            return entries;
        }
        _hasMetAny = true;
        var plain = entries.Select(e => e.Name).ToHashSet(StringComparer.Ordinal);
        bool IsHidden(DiskEntry e) => IsEncrypted(e) && !plain.Contains(NameOf(e.Name));
        if (StoreAddress.Is(folder))
        {
            HashingCopy.ForEach([.. entries.Where(IsHidden)], AtOnce, (e, _) => PlainLength(e), CancellationToken.None);
        }
        return [.. entries.Select(e => IsHidden(e) ? Shown(e) : e).OrderBy(e => e.Name, StringComparer.Ordinal)];
    }

    public override IReadOnlyList<string> Names(string folder)
    {
        var names = Inner.Names(folder);
        return IsShown(Path.Combine(folder, "x")) && names.Any(IsEncryptedName)
            ? [.. List(folder).Select(e => e.Name)]
            : names;
    }

    /// <summary>The name that a file goes by, without the extension.</summary>
    public static string NameOf(string name) =>
        name.EndsWith(Extension, StringComparison.Ordinal) ? name[..^Extension.Length] : name;

    private static bool IsEncrypted(DiskEntry entry) =>
        entry.Kind == DiskEntryKind.File && IsEncryptedName(entry.Path) && entry.Name.Length > Extension.Length;

    private static bool IsEncryptedName(string name) => name.EndsWith(Extension, StringComparison.Ordinal);

    private IDiskFile Opened(string path, Func<string, IDiskFile> open)
    {
        if (!IsShown(path))
        {
            return open(path);
        }
        if (!_hasMetAny)
        {
            try
            {
                return open(path);
            }
            catch (BackupException e) when (e.Code == ErrorCode.PathNotFound && Real(path) != path) { }
        }
        var real = Real(path);
        if (real != path && keys is null)
        {
            throw new BackupException(ErrorCode.IdentityMismatch, "the file is encrypted, and is not opened", real);
        }
        var file = open(real);
        return real == path ? file : new AgeReader(path, file, Keys);
    }

    private DiskEntry Shown(DiskEntry entry) => entry with { Path = NameOf(entry.Path), Length = PlainLength(entry) };

    /// <summary>What cannot be read has the length that it has, and whoever reads it hears why.</summary>
    private long PlainLength(DiskEntry entry)
    {
        if (keys is null)
        {
            return entry.Length;
        }
        if (_lengths.TryGetValue(entry.Path, out var known) && known.Entry.IsUnchangedSince(entry))
        {
            return known.Plain;
        }
        long length;
        try
        {
            using var file = Inner.OpenRead(entry.Path);
            length = AgeLayout.Read(file).Length;
        }
        catch (BackupException e)
            when (e.Kind is ErrorKind.Damaged or ErrorKind.Unsupported || e.Code == ErrorCode.ObjectArchived)
        {
            length = entry.Length;
        }
        _lengths[entry.Path] = (entry, length);
        return length;
    }

    /// <summary>The name that something takes on: with the extension, where it has it now.</summary>
    private string Beside(string from, string to) => Real(from) == from ? to : to + Extension;

    private bool IsShown(string path)
    {
        foreach (var folder in _shown)
        {
            if (IsBelow(path, folder))
            {
                return true;
            }
        }
        return false;
    }

    /// <summary>Addresses have several spellings within a run.</summary>
    private static string Normal(string path) =>
        StoreAddress.Is(path) ? StoreAddress.Of(path) : Path.TrimEndingDirectorySeparator(path);

    private static bool IsBelow(string path, string folder) =>
        StoreAddress.Is(path) ? IsInside(StoreAddress.Of(path), folder) : IsInside(path, folder);

    private static bool IsInside(string path, string folder) =>
        path.Length > folder.Length
        && path.StartsWith(folder, StringComparison.Ordinal)
        && (path[folder.Length] is '/' or '\\' || folder.EndsWith('/') || folder.EndsWith('\\'));

    /// <summary>Locks and journals: a later run, which may have no key, must read them.</summary>
    private static bool IsOfStaging(string path) =>
        Path.GetFileName(path).StartsWith(StagingArea.ReservedPrefix, StringComparison.Ordinal)
        && StagingArea.IsStagingName(Path.GetFileName(Path.GetDirectoryName(path)) ?? "");
}
