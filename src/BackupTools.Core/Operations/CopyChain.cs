using BackupTools.Chains;
using BackupTools.Engines;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Reports;

namespace BackupTools.Operations;

/// <summary>
/// Copies chains into a second folder, bundle by bundle, each after what it builds on: an interrupted copy is a chain
/// that ends earlier, and the next run continues from there.
/// </summary>
public static class CopyChain
{
    /// <summary>Which bundles are missing in the second folder; writes nothing.</summary>
    /// <exception cref="BackupException">PathNotFound, NoBundles, ChainNotFound, DestinationOverlapsSource.</exception>
    public static CopyPlan Plan(CopySettings settings, OperationHost host)
    {
        host.Remember();
        settings = settings with { Path = host.Opens(settings.Path) };
        PathOverlap.Refuse(settings.Path, settings.DestinationPath, host.Disk);
        var engines = host.Engines.Candidates(settings.Engine);
        var source = settings.IsEncrypted
            ? BundleFolder.Read(settings.Path, engines, host.Context, settings.Bundles)
            : BundleFolder.ReadPublic(settings.Path, engines, host, settings.Bundles);
        if (source.Chains.Count == 0)
        {
            throw source.Unreadable.Count > 0 ? source.Unreadable[0].Error! : BundleFolder.NoBundles(settings.Path);
        }
        var chains = settings.ChainId is { } id ? [source.ById(id, settings.Path)] : source.Chains;
        var asTheyAre = source.Records is { } records
            ? new SealedCopies(records, settings.DestinationPath, [.. source.Chains.SelectMany(c => c.Bundles)], host)
            : null;
        var encrypted = asTheyAre is null ? Encrypted(settings, host) : null;
        var there = asTheyAre is null && encrypted is null ? There(settings, engines, host) : [];
        if (asTheyAre is null && encrypted is null)
        {
            PlainOrEncrypted.RefuseUnrecorded(
                settings.DestinationPath,
                chains.Select(c => c.Engine).Distinct().Select(host.Engines.ByName),
                host
            );
        }
        // Oldest first over all chains, as they were written: an engine's own manifest then lists them in order.
        var wanted = chains
            .SelectMany(chain => chain.Bundles.Select(bundle => (Chain: chain, Bundle: bundle)))
            .OrderBy(x => x.Bundle.OrderUtc)
            .ToList();
        var missing = wanted
            .Where(w =>
                asTheyAre?.Lacks(w.Bundle)
                ?? encrypted?.Lacks(w.Bundle)
                ?? (!there.TryGetValue(w.Bundle.Id, out var found) || IsHalf(found, w.Bundle, host))
            )
            .ToList();
        if (settings.Verify && encrypted is not null && missing.Count < wanted.Count)
        {
            encrypted.RequireIdentity(host);
        }
        var named = NamedChain.Of(chains[0], source, settings.ChainId, settings.Path, settings.Bundles, host);
        // Of a chain that was named, what is shown with it may be its own.
        var lost = source
            .Unreadable.Except(named.Elsewhere)
            .Where(u => settings.ChainId is null || BundleFolder.IsShownWith(u, named.Chain))
            .Select(u => u.Error!);
        return new CopyPlan(settings, chains, missing, wanted.Count - missing.Count)
        {
            Warnings = named.Warnings,
            Lost = [.. lost.Select(ChainProblem.From)],
            Encrypted = encrypted,
            AsTheyAre = asTheyAre,
            Signer = Signer.Of(settings.SigningKeyPath, settings.DestinationPath, host),
        };
    }

    /// <summary>The bundles at the destination by their ids.</summary>
    private static Dictionary<string, BundleHeader> There(
        CopySettings settings,
        IReadOnlyList<IBackupEngine> engines,
        OperationHost host
    ) =>
        host.Disk.Stat(settings.DestinationPath) is null
            ? []
            : BundleFolder
                .Read(settings.DestinationPath, engines, host.Context)
                .Chains.SelectMany(c => c.Bundles)
                .ToDictionary(b => b.Id, StringComparer.Ordinal);

    /// <summary>The destination, if the copy is to be encrypted.</summary>
    private static EncryptedCopies? Encrypted(CopySettings settings, OperationHost host)
    {
        var folder = settings.DestinationPath;
        if (!StoreAddress.Is(folder))
        {
            // What a killed run has left of an encrypted copy is seen by a plain one too.
            host.Encrypted.Show(folder);
        }
        var advice = $"Give the recipients with {Spelling.Of("Recipient")}, or copy into another folder.";
        return EncryptedCopies.For(folder, settings.Recipients, settings.RecipientsFiles, advice, host);
    }

    /// <summary>
    /// Copies what is missing. A bundle that is damaged, or cannot be read with the given keys, is a problem of the report:
    /// what follows it in its chain is left out, the other chains are still copied.
    /// </summary>
    /// <exception cref="BackupException">The disk failed; what was copied before stays.</exception>
    public static CopyReport Execute(CopyPlan plan, OperationHost host)
    {
        var started = host.Clock.GetTimestamp();
        return UnderLock.Execute(
            host,
            plan.Settings.DestinationPath,
            () => Plan(plan.Settings, host),
            (fresh, destination) => Copy(fresh, destination, started, host)
        );
    }

    private static CopyReport Copy(CopyPlan plan, IDestination destination, long started, OperationHost host)
    {
        var (settings, missing) = (plan.Settings, plan.Missing);
        host.Warn(plan.Warnings);
        host.Progress.Expect(missing.Sum(m => m.Bundle.Length) * destination.Passes);
        using var verification = settings.Verify ? host.Progress.MoreToCome() : null;
        var copied = new List<BundleInfo>();
        var problems = plan.Lost.Select(p => p.ToInfo()).ToList();
        var broken = new HashSet<BackupChain>();
        foreach (var (chain, bundle) in missing.Where(m => !broken.Contains(m.Chain)))
        {
            host.Cancellation.ThrowIfCancellationRequested();
            try
            {
                copied.Add(Copy(chain, bundle, plan, destination, host));
            }
            catch (BackupException e) when (e.Kind == ErrorKind.Damaged)
            {
                problems.Add(ChainProblem.From(e.At(bundle.FullName)).ToInfo());
                broken.Add(chain);
            }
        }
        // Reading what an earlier run encrypted needs an identity.
        if (plan is { Encrypted: null, AsTheyAre: null } || host.Encrypted.Keys.HasIdentities)
        {
            CopyKnownCurrent(plan.Chains, settings, destination, host);
        }
        var isRead = settings.Verify;
        if (settings.Verify && copied.Count + plan.PresentCount > 0)
        {
            isRead = Test(settings, problems, host);
            verification!.Dispose();
        }
        return new CopyReport
        {
            SourceFullName = settings.Path,
            FullName = settings.DestinationPath,
            Copied = copied,
            PresentCount = plan.PresentCount,
            Length = copied.Sum(b => b.Length),
            IsValid =
                problems.Exists(p => p.Severity == nameof(ProblemSeverity.Error)) ? false
                : isRead ? true
                : null,
            Problems = problems,
            DurationSeconds = host.SecondsSince(started),
        };
    }

    /// <summary>Tests what is at the destination; false where something of it was not opened.</summary>
    private static bool Test(CopySettings settings, List<ProblemInfo> problems, OperationHost host)
    {
        var isRead = true;
        try
        {
            var whole = new VerifySettings
            {
                Path = settings.DestinationPath,
                ChainId = settings.ChainId,
                Engine = settings.Engine,
            };
            foreach (var report in VerifyChain.Run(whole, host))
            {
                isRead &= report.IsValid is not null;
                problems.AddRange(report.Problems);
            }
        }
        catch (BackupException e) when (e.Kind is ErrorKind.Damaged or ErrorKind.Unsupported)
        {
            problems.Add(ChainProblem.From(e).ToInfo());
        }
        return isRead;
    }

    private static BundleInfo Copy(
        BackupChain chain,
        BundleHeader bundle,
        CopyPlan plan,
        IDestination destination,
        OperationHost host
    )
    {
        var settings = plan.Settings;
        var engine = host.Engines.ByName(bundle.Engine);
        using var staging = destination.Stage(goesOn: true, isCounted: true);
        Signatures.RequireBytes([bundle], host);
        if (plan.AsTheyAre is { } sealedCopies)
        {
            var isLast = ReferenceEquals(bundle, plan.Missing[^1].Bundle);
            var staged = sealedCopies.Stage(bundle, isLast, staging);
            PublishStep[] signature = plan.Signer is null
                ? [.. Signatures.Kept(bundle, settings.DestinationPath, staged.BundlePath, staging, host)]
                : [Sign(BundleRecord.Behind(bundle)!)];
            destination.Publish(staging, [.. signature, .. staged.Steps], staged.BundlePath, bundle.Length);
            return Told(sealedCopies.ReadBack(bundle));
        }
        var result = engine.CopyBundle(bundle, settings.DestinationPath, staging, host.Context);
        var steps = result.Steps.Select(s => OverHalf(s, bundle, host)).ToList();
        if (plan.Encrypted is { } encrypted)
        {
            steps.InsertRange(0, encrypted.Record(bundle, result, staging, plan.Signer is null ? null : Sign));
        }
        else if (plan.Signer is { } signer)
        {
            var name = bundle with { FullName = result.BundlePath };
            steps.Insert(0, signer.Sign(name, ParentOf(chain, bundle), signer.Look(result, staging), staging));
        }
        else
        {
            steps.InsertRange(0, Signatures.Kept(bundle, settings.DestinationPath, result.BundlePath, staging, host));
        }
        destination.Publish(staging, steps, result.BundlePath, bundle.Length);
        result.AfterPublish?.Invoke();
        return Told(TakeBackup.ReadBack(engine, result, host.Context)[0]);

        PublishStep Sign(BundleRecord record) => plan.Signer!.Sign(record, ParentOf(chain, bundle), staging);

        BundleInfo Told(BundleHeader copy)
        {
            host.Verbose?.Invoke($"copied {bundle.Name}, {bundle.Length} bytes");
            return copy.ToInfo(chain.ChainId);
        }
    }

    private static string? ParentOf(BackupChain chain, BundleHeader bundle)
    {
        var at = chain.Bundles.TakeWhile(b => !ReferenceEquals(b, bundle)).Count();
        return chain.Parents[at] < 0 ? null : chain.Bundles[chain.Parents[at]].Id;
    }

    /// <summary>A copy that has the newest bundle is as current as its source.</summary>
    private static void CopyKnownCurrent(
        IReadOnlyList<BackupChain> chains,
        CopySettings settings,
        IDestination destination,
        OperationHost host
    )
    {
        var known = chains.Where(c => c.CurrentUntilUtc is not null).ToList();
        if (known.Count == 0)
        {
            return;
        }
        var engines = host.Engines.Candidates(settings.Engine);
        var there = BundleFolder.Read(settings.DestinationPath, engines, host.Context).Chains;
        foreach (var chain in known)
        {
            var copy = there.FirstOrDefault(c => c.ChainId == chain.ChainId && c.Head?.Id == chain.Head!.Id);
            if (copy is not null)
            {
                using var staging = destination.Stage();
                var steps = KnownCurrent.Note(copy, chain.CurrentUntilUtc!.Value, staging, host.Context);
                destination.Publish(staging, steps, copy.Head!.FullName);
            }
        }
    }

    /// <summary>Only what an interrupted copy left in the bundle's place is replaced.</summary>
    private static PublishStep OverHalf(PublishStep step, BundleHeader bundle, OperationHost host)
    {
        if (step.Action != PublishAction.Place || host.Disk.Stat(step.FinalPath) is null)
        {
            return step;
        }
        if (!PartialCopy.IsBeginningOf(host.Disk, step.FinalPath, bundle.FullName, host.Cancellation))
        {
            throw InTheWay(bundle.Name, step.FinalPath);
        }
        host.Warning?.Invoke($"{step.FinalPath} is the beginning of an interrupted copy, and is replaced");
        return PublishStep.Replace(step.StagedName, step.FinalPath);
    }

    /// <summary>What the name of a bundle is taken by.</summary>
    internal static BackupException InTheWay(string name, string path) =>
        new(
            ErrorCode.DestinationExists,
            $"what has the bundle's name here is neither {name} nor the beginning of it",
            path,
            recommendation: "Find out what it is and move it away, or copy into another folder."
        );

    /// <summary>A folder of the same bundle may lack files: then an interrupted copy left it.</summary>
    private static bool IsHalf(BundleHeader there, BundleHeader bundle, OperationHost host) =>
        host.Disk.Stat(there.FullName) is { Kind: DiskEntryKind.Directory }
        && PartialCopy.LacksSomething(host.Disk, there.FullName, bundle.FullName)
        && host.Engines.ByName(there.Engine)
            .Verify([there], 0, VerifyDepth.Checksums, host.Context)
            .Any(p => p.Severity == ProblemSeverity.Error)
        && PartialCopy.IsBeginningOf(host.Disk, there.FullName, bundle.FullName, host.Cancellation);
}
