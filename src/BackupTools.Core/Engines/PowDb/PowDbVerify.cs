using BackupTools.Chains;
using BackupTools.Errors;
using BackupTools.Formats.PowDb;

namespace BackupTools.Engines.PowDb;

/// <summary>Checks a way through a chain: every bundle alone, each against the one before, and the state it leads to.</summary>
internal sealed class PowDbVerify(IReadOnlyList<BundleHeader> path, int known, VerifyDepth depth, EngineContext context)
{
    private readonly List<ChainProblem> _problems = [];

    private bool IsSound => !_problems.Exists(p => p.Severity == ProblemSeverity.Error);

    public IReadOnlyList<ChainProblem> Run()
    {
        context.Progress.Activity = "verifying";
        var bundles = new List<PowDbBundle>();
        for (var i = 0; i < path.Count; i++)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            if (Guard(() => PowDbBundle.Open(path[i], context), path[i].FullName) is not { } bundle)
            {
                continue;
            }
            bundles.Add(bundle);
            if (i >= known)
            {
                CheckFiles(bundle);
                CheckOurs(bundle);
            }
        }
        for (var i = 1; i < bundles.Count; i++)
        {
            Add(PowDbContinuity.Check(bundles[i - 1], bundles[i]));
        }
        // One increment alone leads nowhere; and where a bundle is damaged, what follows from it is no news.
        if (path[0].Kind == BundleKind.Full && bundles.Count == path.Count)
        {
            CheckStates(bundles);
        }
        return _problems;
    }

    /// <summary>Every file that the manifest lists: present, as long and with the digest it says.</summary>
    private void CheckFiles(PowDbBundle bundle)
    {
        var entries = bundle.Entries;
        PowDbFileWork.ForEach(
            entries,
            e => e.FileLength,
            (i, threads) => Guard(() => CheckFile(bundle, entries[i], threads), bundle.Folder),
            context
        );
    }

    private bool CheckFile(PowDbBundle bundle, PowDbEntry entry, int threads)
    {
        var deep = depth == VerifyDepth.Deep;
        if (entry is PowDbPages pages)
        {
            PowDbAssembly.CheckDelta(new PowDbLayer(bundle, pages), context, deep);
            return true;
        }
        var part = PowDbStatePart.Of((PowDbWhole)entry, bundle);
        PowDbAssembly.RequireFiles(part, context);
        var check = PowDbFileCheck.Of(deep ? part.Name : "", part.Length);
        PowDbAssembly.Run(part, threads, check.Take, context, checkPages: deep);
        PowDbStateCheck.Finish(part, check);
        return true;
    }

    /// <summary>What we put beside the engine's files; without it the chain still restores.</summary>
    private void CheckOurs(PowDbBundle bundle)
    {
        var sidePath = bundle.PathOf(PowDbSideFile.FileName);
        if (bundle.SideProblem is { } problem)
        {
            AddOurs(problem);
        }
        if (bundle.HasUnknownWal(context) is { } log)
        {
            _problems.Add(log);
        }
        try
        {
            if (bundle.Side is { } side)
            {
                PowDbTableReader.Open(bundle, side.Pages, context).Dispose();
            }
        }
        catch (BackupException e)
        {
            AddOurs(e.At(sidePath));
        }
    }

    private void AddOurs(BackupException problem) =>
        _problems.Add(
            ChainProblem.From(problem) with
            {
                Severity = ProblemSeverity.Warning,
                Recommendation =
                    "The backup can be restored without it; the next increment reads the chain's pages instead.",
            }
        );

    private void CheckStates(List<PowDbBundle> bundles)
    {
        var state = new PowDbState();
        IReadOnlyList<PowDbStatePart> parts = [];
        PowDbCatalog? catalog = null;
        foreach (var bundle in bundles)
        {
            if (bundle.Manifest.IsIncrement && bundle.Side is null && bundle.SideProblem is null)
            {
                _problems.AddRange(PowDbEngineMade.Warnings(bundle, state));
            }
            state.Apply(bundle);
            if (catalog is null || bundle.Manifest.Entries.Any(e => e.Name == PowDbNames.Catalog))
            {
                catalog = Guard(() => PowDbStateCatalog.Read(state.Parts, context), bundle.ManifestPath);
            }
            if (catalog is null)
            {
                return;
            }
            parts = state.Belonging(catalog, bundle.ReadState(context));
            var isTip = bundle == bundles[^1];
            // A gap that a later bundle closes spoils only the states between.
            foreach (var missing in PowDbStateCheck.MissingFiles(parts, catalog))
            {
                _problems.Add(isTip ? missing : missing with { Severity = ProblemSeverity.Warning });
            }
        }
        if (depth == VerifyDepth.Deep && IsSound)
        {
            CheckTip(bundles, parts, catalog!);
        }
    }

    /// <summary>Puts the newest state together, without writing it, and holds its files against each other.</summary>
    private void CheckTip(List<PowDbBundle> bundles, IReadOnlyList<PowDbStatePart> parts, PowDbCatalog catalog)
    {
        var checks = new PowDbFileCheck?[parts.Count];
        PowDbFileWork.ForEach(
            parts,
            p => p.Length,
            (i, threads) => Guard(() => checks[i] = CheckPart(parts[i], catalog, threads), parts[i].SourcePath),
            context
        );
        // The engine's own increments lead to such states, and it opens them: then it is for the user to decide.
        var explained = bundles.Exists(b => b.Manifest.IsIncrement && b.Side is null);
        foreach (var misfit in PowDbStateCheck.Compare(parts, checks, catalog))
        {
            _problems.Add(explained ? misfit with { Severity = ProblemSeverity.Warning } : misfit);
        }
    }

    private PowDbFileCheck CheckPart(PowDbStatePart part, PowDbCatalog catalog, int threads)
    {
        PowDbAssembly.RequireFiles(part, context);
        var check = PowDbStateCheck.CheckOf(part, catalog);
        var missing = PowDbAssembly.Run(part, threads, check.Take, context);
        if (missing >= 0)
        {
            throw PowDbStateCheck.MissingPage(part, missing);
        }
        PowDbStateCheck.Finish(part, check);
        return check;
    }

    private void Add(ChainProblem? problem)
    {
        if (problem is not null)
        {
            _problems.Add(problem);
        }
    }

    /// <summary>Turns what is wrong with data into a finding; a disk that fails stops the check.</summary>
    private T? Guard<T>(Func<T> check, string path)
    {
        try
        {
            return check();
        }
        catch (BackupException e) when (ErrorCodes.KindOf(e.Code) is not (ErrorKind.Disk or ErrorKind.Denied))
        {
            lock (_problems)
            {
                _problems.Add(ChainProblem.From(e.At(path)));
            }
            return default;
        }
    }
}
