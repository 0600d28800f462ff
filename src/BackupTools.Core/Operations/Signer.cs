using BackupTools.Chains;
using BackupTools.Encryption;
using BackupTools.Engines;
using BackupTools.Errors;
using BackupTools.Files;

namespace BackupTools.Operations;

/// <summary>Signs what a run publishes in a folder.</summary>
internal sealed class Signer
{
    private readonly SigningKey _key;
    private readonly string _folder;
    private readonly OperationHost _host;
    private readonly IDisk _disk;

    /// <summary>Of the bundles that this run has signed, by id.</summary>
    private readonly Dictionary<string, long> _signed = new(StringComparer.Ordinal);

    private Signer(SigningKey key, string folder, OperationHost host) =>
        (_key, _folder, _host, _disk) = (key, folder, host, host.Encrypted.Outer);

    /// <summary>The public key, by which readers know what this signs.</summary>
    public TrustedKey Public => _key.Public;

    /// <summary>The signer with the key of a file; null for no file.</summary>
    /// <exception cref="BackupException">PathNotFound, AccessDenied, Malformed.</exception>
    public static Signer? Of(string? path, string folder, OperationHost host)
    {
        return path is null
            ? null
            : new Signer(
                SmallFile.Parse(host.Disk, path, SigningKey.LongestFile, b => SigningKey.Parse(b)),
                folder,
                host
            );
    }

    /// <summary>What is staged for a bundle, with its digests, as it will lie there.</summary>
    public IReadOnlyList<FileRecord> Look(CaptureResult result, StagingArea staging) =>
        [
            .. result
                .Steps.Where(s => s.StagedName.Length > 0)
                .SelectMany(s => StagedFiles.RecordsOf(_host.Encrypted, _folder, s, staging, _host.Cancellation)),
        ];

    /// <summary>Stages the signature of a bundle; the step that publishes it.</summary>
    /// <param name="bundle">Its header where it lies, or will.</param>
    /// <param name="parentId">What it builds on; null for a full.</param>
    /// <param name="staged">What was staged in the run that it is of.</param>
    /// <param name="staging">Of the folder.</param>
    public PublishStep Sign(
        BundleHeader bundle,
        string? parentId,
        IReadOnlyList<FileRecord> staged,
        StagingArea staging
    )
    {
        var name = StagedFiles.Below(_folder, bundle.FullName);
        var files = staged.Where(f => IsOf(f.Name, name)).ToList();
        return Sign(BundleRecord.Of(bundle, name, files, []), parentId, staging);
    }

    /// <summary>Stages the signature of a bundle whose record is there; the step that publishes it.</summary>
    public PublishStep Sign(BundleRecord record, string? parentId, StagingArea staging)
    {
        // A time, as long as clocks go forward; and always after what it builds on.
        var parent = parentId is null ? 0 : SequenceOf(record.Engine, parentId);
        var sequence = Math.Max(
            _host.Clock.GetUtcNow().UtcTicks,
            Math.Max(parent, _signed.Values.DefaultIfEmpty().Max()) + 1
        );
        _signed[record.Id] = sequence;
        var staged = $"signed-{_signed.Count}";
        var statement = new SignedStatement(sequence, record with { ParentId = parentId });
        SmallFile.Write(_disk, staging.PathOf(staged), statement.Write(_key));
        return PublishStep.Replace(staged, Signatures.PathOf(_folder, record.Engine, record.Id));
    }

    private long SequenceOf(string engine, string id)
    {
        if (_signed.TryGetValue(id, out var sequence))
        {
            return sequence;
        }
        var path = Signatures.PathOf(_folder, engine, id);
        return _disk.Stat(path) is null ? 0 : Signatures.Read(path, [Public], _disk).Sequence;
    }

    /// <summary>It lies in the bundle's folder, or has the bundle's name in its own.</summary>
    private static bool IsOf(string file, string bundle) =>
        file.StartsWith(bundle + "/", StringComparison.Ordinal)
        || (
            Path.GetDirectoryName(file) == Path.GetDirectoryName(bundle)
            && Path.GetFileName(file).Contains(Path.GetFileName(bundle), StringComparison.Ordinal)
        );
}
