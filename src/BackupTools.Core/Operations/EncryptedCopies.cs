using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using BackupTools.Chains;
using BackupTools.Encryption;
using BackupTools.Engines;
using BackupTools.Errors;
using BackupTools.Files;

namespace BackupTools.Operations;

/// <summary>
/// A folder of bundles that are encrypted for others. Beside them lies, in clear, a record of each: what it is and which
/// files it has, and nothing of their content, so that whoever has the public keys only knows what need not be sent again.
/// </summary>
internal sealed partial class EncryptedCopies
{
    private const string RecordFolder = ".backuptools-age";
    private const string Staged = "record";
    private const int LongestRecord = 16 << 20;
    private const int Version = 1;

    private readonly AgeDisk _disk;
    private readonly string _folder;
    private readonly HashSet<(string Engine, string Id)> _present;

    private EncryptedCopies(AgeDisk disk, string folder)
    {
        _disk = disk;
        _folder = folder;
        _present = [.. Records().Where(IsWhole).Select(r => (r.Engine, r.Id))];
    }

    /// <summary>True for a folder that bundles were encrypted into.</summary>
    public static bool Is(string folder, IReadingDisk disk) =>
        disk.Stat(Path.Combine(folder, RecordFolder)) is { Kind: DiskEntryKind.Directory };

    /// <summary>Refuses a folder of encrypted bundles, where plain ones would be written beside them.</summary>
    /// <exception cref="BackupException">InvalidOption.</exception>
    public static void RefusePlain(string folder, IReadingDisk disk, string advice)
    {
        if (Is(folder, disk))
        {
            throw new BackupException(
                ErrorCode.InvalidOption,
                "the bundles in this folder are encrypted",
                folder,
                recommendation: advice
            );
        }
    }

    /// <summary>
    /// The destination of a copy, if that is encrypted: what is created in it from now on is encrypted. Null for a plain one.
    /// </summary>
    /// <param name="settings">Of the copy.</param>
    /// <param name="host">The front end.</param>
    /// <exception cref="BackupException">
    /// InvalidOption: a recipient is none, or plain and encrypted bundles would be mixed; PathNotFound.
    /// </exception>
    public static EncryptedCopies? For(CopySettings settings, OperationHost host)
    {
        var folder = settings.DestinationPath;
        if (!StoreAddress.Is(folder))
        {
            // What a killed run has left of an encrypted copy is seen by a plain one too.
            host.Encrypted.Show(folder);
        }
        if (settings.IsEncrypted)
        {
            return At(settings, host);
        }
        // Asked first, so that a store lists what is below once.
        if (host.Disk.Stat(folder) is not null)
        {
            var advice = $"Give the recipients with {Spelling.Of("Recipient")}, or copy into another folder.";
            RefusePlain(folder, host.Disk, advice);
        }
        return null;
    }

    private static EncryptedCopies At(CopySettings settings, OperationHost host)
    {
        if (StoreAddress.Is(settings.DestinationPath))
        {
            throw new BackupException(
                ErrorCode.InvalidOption,
                "encrypted copies go to folders only",
                settings.DestinationPath,
                recommendation: "Copy into a folder, and upload that with the store's own tool; see docs/encryption.md."
            );
        }
        var recipients = IdentityFiles.Recipients(settings.Recipients, settings.RecipientsFiles, host.Disk);
        if (recipients.Count == 0)
        {
            throw new BackupException(ErrorCode.InvalidOption, "the recipients files contain no recipient");
        }
        var folder = settings.DestinationPath;
        if (!Is(folder, host.Disk) && host.Disk.Stat(folder) is not null)
        {
            if (BundleFolder.Read(folder, host.Engines.Candidates(null), host.Context).Chains.Count > 0)
            {
                throw new BackupException(
                    ErrorCode.InvalidOption,
                    "the folder holds bundles that are not from an encrypted copy",
                    folder,
                    recommendation: "Copy into a folder of its own."
                );
            }
        }
        host.Encrypted.Encrypt(folder, recipients);
        return new EncryptedCopies(host.Encrypted, folder);
    }

    /// <summary>Whether a bundle is to be sent.</summary>
    public bool Lacks(BundleHeader bundle) => !_present.Contains((bundle.Engine, bundle.Id));

    /// <summary>Refuses to read again what an earlier run has encrypted, where nothing to read it with was given.</summary>
    /// <exception cref="BackupException">IdentityRequired.</exception>
    public void RequireIdentity(OperationHost host)
    {
        if (!host.Encrypted.Keys.HasIdentities)
        {
            throw new BackupException(
                ErrorCode.IdentityRequired,
                "reading the whole copy again, including what earlier runs encrypted, needs an identity",
                _folder,
                recommendation: $"Give it with {Spelling.Of("IdentityPath")}, or leave {Spelling.Of(nameof(CopySettings.Verify))} out."
            );
        }
    }

    /// <summary>Stages the record of a bundle that is in staging; the step that publishes it.</summary>
    /// <param name="bundle">The bundle where it comes from.</param>
    /// <param name="result">What was staged.</param>
    /// <param name="staging">Of the folder.</param>
    public PublishStep Record(BundleHeader bundle, CaptureResult result, StagingArea staging)
    {
        var name = Path.GetFileName(result.BundlePath);
        // What the bundles of a folder share (a manifest, a marker) is another one with the next.
        var own = result.Steps.Where(s =>
            s.StagedName.Length > 0 && Path.GetFileName(s.FinalPath).Contains(name, StringComparison.Ordinal)
        );
        var record = new BundleRecord(
            Version,
            bundle.Engine,
            bundle.Kind.ToString(),
            bundle.Id,
            bundle.Series,
            bundle.Start.Value,
            bundle.End.Value,
            bundle.CreatedUtc,
            bundle.Length,
            [.. own.SelectMany(s => FilesOf(staging.PathOf(s.StagedName), s.FinalPath))]
        );
        using (var file = _disk.Outer.CreateNew(staging.PathOf(Staged)))
        {
            file.Write(JsonSerializer.SerializeToUtf8Bytes(record, BundleRecordJson.Default.BundleRecord), 0);
        }
        var id = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{bundle.Engine}/{bundle.Id}")));
        return PublishStep.Replace(Staged, Path.Combine(_folder, RecordFolder, $"{id[..32]}.json"));
    }

    private IEnumerable<FileRecord> FilesOf(string staged, string final)
    {
        var real = _disk.Real(staged);
        var entry = _disk.Outer.Stat(real)!;
        if (entry.Kind == DiskEntryKind.Directory)
        {
            return _disk.List(staged).SelectMany(e => FilesOf(e.Path, Path.Combine(final, e.Name)));
        }
        var relative = Path.GetRelativePath(_folder, real == staged ? final : final + AgeDisk.Extension);
        // What was linked to is another bundle's too, and was encrypted with it.
        return [new FileRecord(relative.Replace('\\', '/'), entry.Length, _disk.DigestOf(entry))];
    }

    private bool IsWhole(BundleRecord record) =>
        record.Files.Count > 0
        && record.Files.All(f =>
            _disk.Outer.Stat(Path.Combine(_folder, f.Name)) is { Kind: DiskEntryKind.File } there
            && there.Length == f.Length
        );

    /// <summary>One that cannot be read is none: its bundle is sent again.</summary>
    private IEnumerable<BundleRecord> Records()
    {
        var folder = Path.Combine(_folder, RecordFolder);
        if (!Is(_folder, _disk.Outer))
        {
            yield break;
        }
        foreach (var entry in _disk.Outer.List(folder).Where(e => e.Kind == DiskEntryKind.File))
        {
            BundleRecord? record;
            try
            {
                var bytes = SmallFile.Read(_disk.Outer, entry.Path, LongestRecord);
                record = JsonSerializer.Deserialize(bytes, BundleRecordJson.Default.BundleRecord);
            }
            catch (Exception e) when (e is JsonException or BackupException { Kind: ErrorKind.Damaged })
            {
                continue;
            }
            if (record is { Version: Version } && record.Files.All(f => IsInside(f.Name)))
            {
                yield return record;
            }
        }
    }

    private static bool IsInside(string name) =>
        !Path.IsPathRooted(name) && name.Split('/', '\\').All(p => p.Length > 0 && p is not ("." or ".."));

    /// <summary>What a record says of a bundle.</summary>
    internal sealed record BundleRecord(
        int Version,
        string Engine,
        string Kind,
        string Id,
        string? Database,
        ulong StartPosition,
        ulong EndPosition,
        DateTimeOffset CreatedUtc,
        long PlainLength,
        IReadOnlyList<FileRecord> Files
    );

    /// <summary>An encrypted file: its name below the folder, its length, and the BLAKE3 digest of its bytes.</summary>
    internal sealed record FileRecord(string Name, long Length, string? Blake3);

    [JsonSourceGenerationOptions(
        PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
        WriteIndented = true,
        MaxDepth = 8,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true
    )]
    [JsonSerializable(typeof(BundleRecord))]
    private sealed partial class BundleRecordJson : JsonSerializerContext;
}
