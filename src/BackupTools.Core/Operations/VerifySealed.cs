using BackupTools.Chains;
using BackupTools.Encryption;
using BackupTools.Errors;

namespace BackupTools.Operations;

/// <summary>
/// What can be said of encrypted bundles without a key: whether their files are those that were written. What they hold, and
/// whether it can be restored, is not looked at; so the answer is never that a chain is valid.
/// </summary>
internal static class VerifySealed
{
    /// <summary>The word for what was looked at.</summary>
    public const string Depth = "Outer";

    /// <summary>Every finding about the files of bundles, and that nothing more was looked at.</summary>
    public static IEnumerable<ChainProblem> Run(
        IEnumerable<BundleHeader> bundles,
        BundleRecords records,
        OperationHost host
    )
    {
        foreach (var file in bundles.SelectMany(b => BundleRecord.Behind(b)!.Files))
        {
            host.Cancellation.ThrowIfCancellationRequested();
            if (ProblemOf(file, records, host) is { } problem)
            {
                yield return problem;
            }
        }
        yield return Unread(records, "sizes and digests of the encrypted files were compared");
    }

    /// <summary>
    /// The records of a folder that cannot be read, and the bundles that have none, as findings; none where nothing is encrypted.
    /// </summary>
    /// <param name="folder">The folder.</param>
    /// <param name="bundles">Its bundles, as they were read with a key.</param>
    /// <param name="host">The front end.</param>
    public static IEnumerable<ChainProblem> BadRecords(
        string folder,
        IEnumerable<BundleHeader> bundles,
        OperationHost host
    )
    {
        var disk = host.Encrypted.Outer;
        if (!BundleRecords.Are(folder, disk))
        {
            return [];
        }
        var records = new BundleRecords(folder, disk).Read();
        var known = records.Select(r => r.Record).OfType<BundleRecord>().Select(r => (r.Engine, r.Id)).ToHashSet();
        var missing = bundles
            .Where(b => !known.Contains((b.Engine, b.Id)))
            .Select(b => new BackupException(
                ErrorCode.MissingFile,
                $"there is no record of the encrypted {b.Name}",
                b.FullName
            ));
        return records
            .Select(r => r.Error)
            .OfType<BackupException>()
            .Concat(missing)
            .Select(e =>
                ChainProblem.From(e) with
                {
                    Severity = ProblemSeverity.Warning,
                    Recommendation =
                        "Without a key its bundle is not known: copy the folder into a new one, with the key, to write it again.",
                }
            );
    }

    /// <summary>What is said where nothing was given to read bundles with.</summary>
    /// <param name="records">That spoke for them.</param>
    /// <param name="instead">What was looked at.</param>
    public static ChainProblem Unread(BundleRecords records, string instead) =>
        new(
            ProblemSeverity.Warning,
            ErrorCode.IdentityRequired,
            $"{instead}; what is in them was not checked",
            records.Folder,
            Recommendation: $"Test with {Spelling.Of("IdentityPath")} where the key is."
        );

    private static ChainProblem? ProblemOf(FileRecord file, BundleRecords records, OperationHost host)
    {
        var path = StagedFiles.At(records.Folder, file.Name);
        try
        {
            BundleRecords.RequireLength(file, path, host.Encrypted.Outer);
            var digest = OuterDigest.Of(host.Encrypted.Outer, path, host.Progress, host.Cancellation);
            BundleRecords.RequireDigest(file, digest, path);
            return null;
        }
        catch (BackupException e) when (e.Kind == ErrorKind.Damaged)
        {
            return ChainProblem.From(e);
        }
    }
}
