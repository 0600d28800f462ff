using BackupTools.Chains;
using BackupTools.Encryption;
using BackupTools.Engines;
using BackupTools.Errors;
using BackupTools.Files;

namespace BackupTools.Operations;

/// <summary>The signatures that lie beside the bundles of a folder.</summary>
internal static class Signatures
{
    private const string Folder = ".backuptools-signed";
    private const int Longest = 32 << 20;

    /// <summary>Where the signature of a bundle lies.</summary>
    public static string PathOf(string folder, string engine, string id) =>
        Path.Combine(folder, Folder, Path.GetFileName(BundleRecords.PathOf(folder, engine, id)));

    /// <summary>
    /// The folder that signatures of a bundle lie in: the nearest above it that has any; null where none has.
    /// </summary>
    public static string? HomeOf(BundleHeader bundle, IReadingDisk disk)
    {
        for (
            var at = Path.GetDirectoryName(bundle.FullName);
            !string.IsNullOrEmpty(at) && (!StoreAddress.Is(at) || StoreAddress.Parse(at).Bucket.Length > 0);
            at = Path.GetDirectoryName(at)
        )
        {
            if (BundleRecords.HasFolder(at, Folder, disk))
            {
                return StoreAddress.Of(at);
            }
        }
        return null;
    }

    /// <summary>What a trusted key has signed of a bundle.</summary>
    /// <exception cref="BackupException">SignatureInvalid.</exception>
    public static (string Folder, SignedStatement Statement) Require(
        BundleHeader bundle,
        IReadOnlyList<TrustedKey> trusted,
        IReadingDisk disk
    )
    {
        if (
            HomeOf(bundle, disk) is not { } home
            || PathOf(home, bundle.Engine, bundle.Id) is var path && disk.Stat(path) is null
        )
        {
            throw SignedStatement.Invalid("the bundle is not signed", bundle.FullName);
        }
        try
        {
            var statement = Read(path, trusted, disk);
            RequireSame(bundle, statement.Record, home, disk);
            return (home, statement);
        }
        catch (BackupException e) when (e.Kind == ErrorKind.Damaged)
        {
            throw SignedStatement.Invalid(e.Message, e.FullName ?? bundle.FullName);
        }
    }

    /// <summary>Compares the bytes of a bundle's files with what was signed.</summary>
    /// <exception cref="BackupException">SignatureInvalid.</exception>
    public static void RequireBytes(BundleHeader bundle, OperationHost host)
    {
        var disk = host.Encrypted.Outer;
        var (home, statement) = Require(bundle, host.Trusted, disk);
        foreach (var (file, path) in FilesOf(bundle, statement.Record, home, disk))
        {
            if (OuterDigest.Of(disk, path, host.Progress, host.Cancellation) != file.Blake3)
            {
                throw SignedStatement.Invalid("the file is not the one that was signed", path);
            }
        }
    }

    /// <summary>
    /// Stages the signature that a bundle has where it comes from, for the copy of it; the step that publishes it. Nothing
    /// where there is none, or where the copy has another name than was signed.
    /// </summary>
    public static IEnumerable<PublishStep> Kept(
        BundleHeader bundle,
        string folder,
        string copy,
        StagingArea staging,
        OperationHost host
    )
    {
        var disk = host.Encrypted.Outer;
        if (
            HomeOf(bundle, disk) is { } home
            && PathOf(home, bundle.Engine, bundle.Id) is var path
            && disk.Stat(path) is not null
            && StagedFiles.Below(home, bundle.FullName) == StagedFiles.Below(folder, copy)
        )
        {
            SmallFile.Write(disk, staging.PathOf("signature"), SmallFile.Read(disk, path, Longest));
            yield return PublishStep.Replace("signature", PathOf(folder, bundle.Engine, bundle.Id));
        }
    }

    /// <summary>What is read, where only what trusted keys have signed counts: the rest as its error.</summary>
    /// <remarks>What was signed decides what a bundle builds on and when it was taken, whatever dates its files have.</remarks>
    public static BundleReadResult Admit(BundleReadResult read, OperationHost host)
    {
        if (read.Header is not { } bundle)
        {
            return read;
        }
        try
        {
            var (_, signed) = Require(bundle, host.Trusted, host.Encrypted.Outer);
            return BundleReadResult.Ok(
                bundle with
                {
                    ParentId = signed.Record.ParentId,
                    CreatedUtc = signed.Record.CreatedUtc,
                    TakenAfterUtc = signed.Record.TakenAfterUtc,
                    PerhapsAtUtc = signed.Record.PerhapsAtUtc,
                    TellsOrder = signed.Record.TellsOrder,
                    Sequence = signed.Sequence,
                }
            );
        }
        catch (BackupException e) when (e.Code == ErrorCode.SignatureInvalid)
        {
            return BundleReadResult.Bad(bundle.FullName, e);
        }
    }

    /// <summary>Without those that were signed before what they build on was.</summary>
    public static List<BundleReadResult> InOrder(List<BundleReadResult> read)
    {
        var sequences = read.Select(r => r.Header)
            .OfType<BundleHeader>()
            .DistinctBy(h => h.Id)
            .ToDictionary(h => h.Id, h => h.Sequence);
        return read.ConvertAll(r =>
            r.Header is { ParentId: { } parent } bundle && sequences.GetValueOrDefault(parent) >= bundle.Sequence
                ? BundleReadResult.Bad(r.FullName, SignedStatement.Invalid("it was signed before what it builds on"))
                : r
        );
    }

    /// <summary>What trusted keys have signed in the file of a signature.</summary>
    /// <exception cref="BackupException">SignatureInvalid; the file cannot be read.</exception>
    public static SignedStatement Read(string path, IReadOnlyList<TrustedKey> trusted, IReadingDisk disk) =>
        SignedStatement.Read(SmallFile.Read(disk, path, Longest), trusted);

    /// <summary>The same as a finding; none where signatures are not asked for.</summary>
    public static IEnumerable<ChainProblem> ProblemsOf(BundleHeader bundle, OperationHost host)
    {
        if (host.Trusted.Count == 0)
        {
            return [];
        }
        try
        {
            RequireBytes(bundle, host);
            return [];
        }
        catch (BackupException e) when (e.Kind == ErrorKind.Damaged)
        {
            return [ChainProblem.From(e)];
        }
    }

    /// <summary>Compares what a run is about to use with what was signed, where signatures are asked for.</summary>
    /// <exception cref="BackupException">SignatureInvalid.</exception>
    public static void RequireBytes(IReadOnlyList<BundleHeader> bundles, OperationHost host)
    {
        if (host.Trusted.Count > 0)
        {
            host.Progress.Expect(bundles.Sum(b => b.Length));
            bundles.ToList().ForEach(b => RequireBytes(b, host));
        }
    }

    /// <summary>The steps that take the signatures of bundles away.</summary>
    public static IEnumerable<PublishStep> RemovalOf(IEnumerable<BundleHeader> bundles, OperationHost host) =>
        from bundle in bundles
        let home = HomeOf(bundle, host.Encrypted.Outer)
        where home is not null
        let path = PathOf(home, bundle.Engine, bundle.Id)
        where host.Encrypted.Outer.Stat(path) is not null
        select PublishStep.Remove(path);

    private static void RequireSame(BundleHeader bundle, BundleRecord signed, string home, IReadingDisk disk)
    {
        var isSame =
            signed.Engine == bundle.Engine
            && signed.Id == bundle.Id
            && signed.Kind == bundle.Kind
            && signed.StartPosition == bundle.Start.Value
            && signed.EndPosition == bundle.End.Value
            && signed.PositionUnit == bundle.End.Unit
            && signed.Database == bundle.Series
            && (signed.Files.Count == 1 || StagedFiles.At(home, signed.Name) == bundle.FullName);
        if (!isSame)
        {
            throw SignedStatement.Invalid("the bundle is not what was signed", bundle.FullName);
        }
        foreach (var (file, path) in FilesOf(bundle, signed, home, disk))
        {
            BundleRecords.RequireLength(file, path, disk);
        }
        // What lies in the folder of a bundle and was not signed is nothing that it may be restored with.
        if (disk.Stat(bundle.FullName) is { Kind: DiskEntryKind.Directory })
        {
            var names = signed.Files.Select(f => StagedFiles.At(home, f.Name)).ToHashSet(StringComparer.Ordinal);
            if (FilesBelow(bundle.FullName, disk).FirstOrDefault(f => !names.Contains(StoreAddress.Of(f))) is { } other)
            {
                throw SignedStatement.Invalid("the file was not signed with the bundle", other);
            }
        }
    }

    /// <summary>
    /// The files of a bundle. What is one file may have got another name, as by a prune of Grafeo's: its bytes tell it.
    /// </summary>
    private static IEnumerable<(FileRecord File, string Path)> FilesOf(
        BundleHeader bundle,
        BundleRecord signed,
        string home,
        IReadingDisk disk
    )
    {
        var single = disk.Stat(bundle.FullName) is null ? bundle.FullName + AgeDisk.Extension : bundle.FullName;
        return signed is { Files: [var only] } && disk.Stat(single) is { Kind: DiskEntryKind.File }
            ? [(only, single)]
            : signed.Files.Select(f => (f, StagedFiles.At(home, f.Name)));
    }

    private static IEnumerable<string> FilesBelow(string folder, IReadingDisk disk) =>
        disk.List(folder).SelectMany(e => e.Kind == DiskEntryKind.Directory ? FilesBelow(e.Path, disk) : [e.Path]);
}
