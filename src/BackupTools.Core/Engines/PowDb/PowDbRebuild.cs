using BackupTools.Chains;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.PowDb;
using Blake3;

namespace BackupTools.Engines.PowDb;

/// <summary>
/// The state that a way through a chain leads to, put together in staging: each page of it is written once, from the
/// newest bundle that has it; what is read is proved while it is read, each file to its end. Whole files that a later
/// bundle replaces are not read: a test does that. What a restore and a merge have in common.
/// </summary>
internal sealed class PowDbRebuild(EngineContext context)
{
    private readonly List<ChainProblem> _findings = [];

    /// <summary>The bundles, full first.</summary>
    public required IReadOnlyList<PowDbBundle> Bundles { get; init; }

    public PowDbBundle Last => Bundles[^1];

    public required PowDbCatalog Catalog { get; init; }

    /// <summary>The files of the state as our side file lists them; null without one.</summary>
    public required IReadOnlyList<PowDbStateFile>? Listed { get; init; }

    /// <summary>The files of the state, sorted by name.</summary>
    public required IReadOnlyList<PowDbStatePart> Parts { get; init; }

    /// <summary>Plans from manifests, side file and catalogue, and requires that every file that is named is there.</summary>
    /// <exception cref="BackupException">The bundles do not lead to a state that can be put together.</exception>
    public static PowDbRebuild Open(RestorePlan plan, EngineContext context)
    {
        context.Progress.Activity = "planning";
        var bundles = PowDbContinuity.Open(plan.Bundles, context);
        var last = bundles[^1];
        if (last.HasUnknownWal(context) is { } log)
        {
            throw log.ToException();
        }
        var state = PowDbState.Of(bundles);
        var catalog = PowDbStateCatalog.Read(state.Parts, context);
        RequireCatalogVersion(last, catalog);
        var listed = last.ReadState(context);
        var rebuild = new PowDbRebuild(context)
        {
            Bundles = bundles,
            Catalog = catalog,
            Listed = listed,
            Parts = state.Belonging(catalog, listed),
        };
        rebuild.TellWhatIsLeftOut(state.Parts.Keys);
        PowDbStateCheck.RequireFiles(rebuild.Parts, catalog, rebuild._findings);
        rebuild.RequireAgreement();
        // Those that are left out too: a name that was changed in a manifest looks like one of them.
        foreach (var part in state.Parts.Values)
        {
            PowDbAssembly.RequireFiles(part, context);
        }
        return rebuild;
    }

    /// <summary>Writes every file and checks the result.</summary>
    /// <param name="folder">Where the files will be, for progress.</param>
    /// <param name="create">Makes the file of a part.</param>
    /// <param name="digest">Takes the digest of a part; null when it is not wanted.</param>
    /// <param name="deep">Refuse a result whose indexes do not fit their heaps, unless the engine made it so.</param>
    /// <returns>The digests by part, where they were wanted; each is what was taken of the source.</returns>
    public IReadOnlyList<Hash> Write(
        string folder,
        Func<PowDbStatePart, IDiskFile> create,
        Func<PowDbStatePart, PowDbMergedFile>? digest,
        bool deep
    )
    {
        // A page that a later bundle has is checked in both.
        context.Progress.Expect(
            Parts.Sum(p => (deep ? 2 : 1) * p.Length + p.Layers.Sum(l => (long)l.Pages.DeltaLength))
        );
        var checks = new PowDbFileCheck?[Parts.Count];
        var digests = new Hash[digest is null ? 0 : Parts.Count];
        PowDbFileWork.ForEach(
            Parts,
            p => p.Length,
            (i, threads) =>
            {
                using var taken = digest?.Invoke(Parts[i]);
                checks[i] = Write(folder, Parts[i], threads, create, taken);
                if (taken is not null)
                {
                    digests[i] = taken.Finish();
                    RequireDigest(Parts[i], digests[i]);
                }
            },
            context
        );
        context.Progress.Activity = "checking";
        _findings.AddRange(PowDbStateCheck.Compare(Parts, checks, Catalog));
        Judge(deep);
        return digests;
    }

    /// <summary>Reads a file back that was written, checking each page and index, and gives its digest.</summary>
    public Hash Reread(PowDbStatePart part, string path)
    {
        var hasher = Hasher.New();
        var check = PowDbFileCheck.Of(part.Name, part.Length);
        var pages = part.IsHeap ? new PowDbPageStream() : null;
        long at = 0;
        using var file = context.Disk.OpenRead(path);
        context.Read(
            file,
            new FileRange(0, part.Length),
            block =>
            {
                hasher.Update(block);
                check.Take(at, block);
                pages?.Take(at, block);
                at += block.Length;
            }
        );
        check.Finish();
        return hasher.Finalize();
    }

    /// <summary>Holds the digest of a file that was put together against the one that was taken of the source.</summary>
    /// <exception cref="BackupException">VerificationFailed.</exception>
    public void RequireDigest(PowDbStatePart part, Hash found)
    {
        var listed = Listed?.FirstOrDefault(f => string.Equals(f.Name, part.Name, StringComparison.Ordinal));
        var expected = listed?.Blake3 ?? (part.Layers.Count == 0 ? part.Whole!.Blake3 : found);
        if (found != expected)
        {
            throw new BackupException(
                ErrorCode.VerificationFailed,
                $"the restored {part.Name} is not what was backed up",
                part.SourcePath,
                expected: expected.ToString(),
                actual: found.ToString()
            );
        }
    }

    private PowDbFileCheck Write(
        string folder,
        PowDbStatePart part,
        int threads,
        Func<PowDbStatePart, IDiskFile> create,
        PowDbMergedFile? digest
    )
    {
        using var file = create(part);
        using var progress = context.Progress.BeginFile(Path.Combine(folder, part.Name), part.Length);
        var check = PowDbStateCheck.CheckOf(part, Catalog);
        var missing = PowDbAssembly.Run(
            part,
            OrderedBlocks.WhileWriting(threads),
            (offset, bytes) =>
            {
                file.Write(bytes, offset);
                check.Take(offset, bytes);
            },
            context,
            inOrder: digest is null ? null : digest.Take
        );
        if (missing >= 0)
        {
            throw PowDbStateCheck.MissingPage(part, missing);
        }
        file.SetLength(part.Length);
        PowDbStateCheck.Finish(part, check);
        if (PowDbStateCheck.IsShuffledIndex(part))
        {
            Reread(part, file.Path);
        }
        return check;
    }

    private static void RequireCatalogVersion(PowDbBundle last, PowDbCatalog catalog)
    {
        if (last.Manifest.CatalogVersion is { } said && said != catalog.Version)
        {
            throw new BackupException(
                ErrorCode.VerificationFailed,
                "restored catalog format does not match backup manifest",
                last.ManifestPath,
                expected: $"{said}",
                actual: $"{catalog.Version}"
            );
        }
    }

    private void TellWhatIsLeftOut(IEnumerable<string> all)
    {
        foreach (
            var name in all.Except(Parts.Select(p => p.Name), StringComparer.Ordinal).Order(StringComparer.Ordinal)
        )
        {
            context.Verbose($"{name} no longer belongs to the state and is left out");
        }
    }

    /// <summary>Our side file lists the state; manifests and catalogue must lead to the same files.</summary>
    private void RequireAgreement()
    {
        if (Last.SideProblem is { } problem)
        {
            context.Warn($"{problem.Describe()}: the restore continues without it");
        }
        if (Listed is null)
        {
            return;
        }
        var disagreed = Listed.Select(f => (f.Name, f.Length)).ToHashSet();
        disagreed.SymmetricExceptWith(Parts.Where(p => !p.IsWal).Select(p => (p.Name, p.Length)));
        if (disagreed.Count > 0)
        {
            throw new BackupException(
                ErrorCode.VerificationFailed,
                $"manifests and side file disagree about {disagreed.Min().Name}",
                Last.PathOf(PowDbSideFile.FileName)
            );
        }
    }

    /// <summary>
    /// Indexes that do not fit their heap: the engine's own increments lead there, and it would open the result. With
    /// a deep check, and none of these increments to explain it, the result is refused.
    /// </summary>
    private void Judge(bool deep)
    {
        var explained = Bundles.Any(b => b.Manifest.IsIncrement && b.Side is null);
        foreach (var finding in _findings)
        {
            if (deep && !explained && finding.Severity == ProblemSeverity.Error)
            {
                throw finding.ToException();
            }
            context.Warn(finding.ToString());
        }
    }
}
