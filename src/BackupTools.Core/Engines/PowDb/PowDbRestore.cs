using BackupTools.Chains;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.PowDb;
using BackupTools.Formats.Primitives;

namespace BackupTools.Engines.PowDb;

/// <summary>
/// Rebuilds a data directory in staging: each page of the result is written once, from the newest bundle that has
/// it; what is read is proved while it is read, and the result is checked before it may be published.
/// </summary>
internal sealed class PowDbRestore(RestoreRequest request, StagingArea staging, EngineContext context)
{
    private const string Staged = "data";

    public RestoreResult Run()
    {
        context.Progress.Activity = "planning";
        var bundles = PowDbContinuity.Open(request.Plan.Bundles, context);
        var last = bundles[^1];
        if (last.HasUnknownWal(context) is { } log)
        {
            throw log.ToException();
        }
        var state = PowDbState.Of(bundles);
        var catalog = PowDbStateCatalog.Read(state.Parts, context);
        RequireCatalogVersion(last, catalog);
        var listed = last.ReadState(context);
        var parts = state.Belonging(catalog, listed);
        TellWhatIsLeftOut(state.Parts.Keys, parts);
        var findings = new List<ChainProblem>();
        PowDbStateCheck.RequireFiles(parts, catalog, findings);
        RequireAgreement(last, listed, parts);
        // Those that are left out too: a name that was changed in a manifest looks like one of them.
        foreach (var part in state.Parts.Values)
        {
            PowDbAssembly.RequireFiles(part, context);
        }

        context.Progress.Activity = "restoring";
        context.Progress.Expect(parts.Sum(p => p.Length), parts.Count);
        staging.CreateDirectory(Staged);
        var checks = new PowDbFileCheck?[parts.Count];
        PowDbFileWork.ForEach(
            parts,
            p => p.Length,
            (i, threads) => checks[i] = Write(parts[i], catalog, threads),
            context
        );
        context.Progress.Activity = "checking";
        findings.AddRange(PowDbStateCheck.Compare(parts, checks, catalog));
        Judge(findings, bundles);
        if (request.Deep)
        {
            Reread(parts, listed);
        }
        return new RestoreResult
        {
            Steps =
            [
                context.Disk.Stat(request.DestinationPath) is null
                    ? PublishStep.Place(Staged, request.DestinationPath)
                    : PublishStep.Replace(Staged, request.DestinationPath),
            ],
            End = request.Plan.Last.End,
            Files = parts.Select(p => Path.Combine(request.DestinationPath, p.Name)).ToArray(),
            Length = parts.Sum(p => p.Length),
        };
    }

    private PowDbFileCheck Write(PowDbStatePart part, PowDbCatalog catalog, int threads)
    {
        using var file = staging.CreateFile(Path.Combine(Staged, part.Name), part.Length);
        using var progress = context.Progress.BeginFile(Path.Combine(request.DestinationPath, part.Name), part.Length);
        var check = PowDbStateCheck.CheckOf(part, catalog);
        var missing = PowDbAssembly.Run(
            part,
            threads,
            (offset, bytes) =>
            {
                file.Write(bytes, offset);
                check.Take(offset, bytes);
            },
            context
        );
        if (missing >= 0)
        {
            throw PowDbStateCheck.MissingPage(part, missing);
        }
        file.SetLength(part.Length);
        PowDbStateCheck.Finish(part, check);
        if (PowDbStateCheck.IsShuffledIndex(part))
        {
            Reread(part);
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

    private void TellWhatIsLeftOut(IEnumerable<string> all, IReadOnlyList<PowDbStatePart> parts)
    {
        foreach (
            var name in all.Except(parts.Select(p => p.Name), StringComparer.Ordinal).Order(StringComparer.Ordinal)
        )
        {
            context.Verbose($"{name} does not belong to the state any more and is left out");
        }
    }

    /// <summary>Our side file lists the state; manifests and catalogue must lead to the same files.</summary>
    private void RequireAgreement(
        PowDbBundle last,
        IReadOnlyList<PowDbStateFile>? listed,
        IReadOnlyList<PowDbStatePart> parts
    )
    {
        if (last.SideProblem is { } problem)
        {
            context.Warn($"{problem.Describe()}: the restore goes on without it");
        }
        if (listed is null)
        {
            return;
        }
        var disagreed = listed.Select(f => (f.Name, f.Length)).ToHashSet();
        disagreed.SymmetricExceptWith(parts.Where(p => !p.IsWal).Select(p => (p.Name, p.Length)));
        if (disagreed.Count > 0)
        {
            throw new BackupException(
                ErrorCode.VerificationFailed,
                $"manifests and side file disagree about {disagreed.Min().Name}",
                last.PathOf(PowDbSideFile.FileName)
            );
        }
    }

    /// <summary>
    /// Indexes that do not fit their heap: the engine's own increments lead there, and it would open the result. With
    /// a deep check, and none of these increments to explain it, the result is refused.
    /// </summary>
    private void Judge(List<ChainProblem> findings, IReadOnlyList<PowDbBundle> bundles)
    {
        var explained = bundles.Any(b => b.Manifest.IsIncrement && b.Side is null);
        foreach (var finding in findings)
        {
            if (request.Deep && !explained && finding.Severity == ProblemSeverity.Error)
            {
                throw finding.ToException();
            }
            context.Warn(finding.ToString());
        }
    }

    /// <summary>Reads the result back: the checks so far saw the bytes on their way to the disk.</summary>
    private void Reread(IReadOnlyList<PowDbStatePart> parts, IReadOnlyList<PowDbStateFile>? listed)
    {
        context.Progress.Activity = "verifying";
        var digests = listed?.ToDictionary(f => f.Name, f => f.Blake3, StringComparer.Ordinal) ?? [];
        PowDbFileWork.ForEach(
            parts,
            p => p.Length,
            (i, _) =>
            {
                var part = parts[i];
                var found = Reread(part);
                var expected =
                    digests.TryGetValue(part.Name, out var digest) ? digest
                    : part.Layers.Count == 0 ? part.Whole!.Blake3
                    : found;
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
            },
            context
        );
    }

    private Hash Reread(PowDbStatePart part)
    {
        var hasher = new Hasher();
        var check = PowDbFileCheck.Of(part.Name, part.Length);
        var pages = part.IsHeap ? new PowDbPageStream() : null;
        long at = 0;
        using var file = context.Disk.OpenRead(staging.PathOf(Path.Combine(Staged, part.Name)));
        HashingCopy.Read(
            file,
            new FileRange(0, part.Length),
            block =>
            {
                hasher.UpdateWithJoin(block);
                check.Take(at, block);
                pages?.Take(at, block);
                at += block.Length;
            },
            context.Progress,
            context.Cancellation
        );
        check.Finish();
        return hasher.Finalize();
    }
}
