using BackupTools.Chains;
using BackupTools.Engines;
using BackupTools.Errors;
using BackupTools.Files;

namespace BackupTools.Operations;

/// <summary>What a backup builds on at its destination.</summary>
internal sealed class BuildsOn(
    BackupSettings settings,
    IBackupEngine engine,
    BundleStates? states,
    EngineContext context,
    OperationHost host
)
{
    private readonly Lazy<string?> _series = new(() =>
        engine.SeriesOf(settings.SourcePath, settings.DestinationPath, context)
    );

    /// <summary>Bundles are encrypted, and nothing was given to read them with.</summary>
    private bool IsKeyless => states?.AreNeeded == true;

    /// <summary>
    /// The request with what the destination holds of the database (the chain, the parent, the newest bundle), and what is
    /// doubtful about the dates of its bundles.
    /// </summary>
    public (CaptureRequest Request, IEnumerable<ChainProblem> Doubts) Complete(CaptureRequest request)
    {
        if (request.Kind == BundleKind.Incremental && IsKeyless)
        {
            // Without a key an increment builds on what this machine knows of the bundles, and on nothing else.
            states!.Require(engine.Name, _series.Value);
        }
        var folder = ReadDestination(request.Kind);
        var ofDatabase = OfDatabase(folder.Chains).ToList();
        // What cannot be read has a place too, which the new bundle must not get.
        request = request with
        {
            NewestUtc = ofDatabase
                .SelectMany(c => c.Bundles)
                .Select(b => (DateTimeOffset?)b.OrderUtc)
                .Concat(folder.Unreadable.Where(u => MayBe(u.Series)).Select(u => u.OrderUtc))
                .Max(),
        };
        request =
            request.Kind == BundleKind.Incremental
                ? Continue(request, folder, ofDatabase)
                : request with
                {
                    // A full instead of an increment reports itself what it does not continue.
                    Earlier = settings.FullIfNeeded ? null : Earlier(folder, ofDatabase),
                };
        return (AsKnown(request, ofDatabase), BundleFolder.ClockDoubts(ofDatabase));
    }

    /// <summary>
    /// The name in the case that the database's bundles have it in: where names differ in more than their case, a database that was
    /// renamed from shop.db to Shop.db is still itself, and so are its chains for whoever reads them.
    /// </summary>
    private CaptureRequest AsKnown(CaptureRequest request, IReadOnlyList<BackupChain> ofDatabase) =>
        (request.Chain ?? ChainChoice.Newest(ofDatabase))?.Series is { } known
        && MayBe(known)
        && request.Name.StartsWith(known, RealPath.Comparison)
            ? request with
            {
                Name = known + request.Name[known.Length..],
            }
            : request;

    /// <summary>
    /// The newest chain, as far as an engine can tell what its database was: of records it cannot, but of what this machine
    /// keeps of all its bundles.
    /// </summary>
    private BackupChain? Earlier(BundleFolder folder, IReadOnlyList<BackupChain> ofDatabase)
    {
        var newest = ChainChoice.Newest(ofDatabase);
        if (newest is null || folder.Records is null)
        {
            return newest;
        }
        try
        {
            states!.Require(engine.Name, _series.Value);
            var known = BundleFolder.Read(settings.DestinationPath, [engine], context).Chains;
            return ChainChoice.Newest([.. OfDatabase(known)]) is { } chain && chain.Head?.Id == newest.Head?.Id
                ? chain
                : null;
        }
        catch (BackupException e)
        {
            context.Verbose($"nobody looked whether the database continues {newest.ChainId}: {e.Describe()}");
            return null;
        }
    }

    /// <summary>What the destination holds. A full needs none of it, so nothing in it may stop one.</summary>
    private BundleFolder ReadDestination(BundleKind kind)
    {
        try
        {
            if (context.Disk.Stat(settings.DestinationPath) is null)
            {
                return new BundleFolder([], []);
            }
            return IsKeyless && kind == BundleKind.Full
                ? BundleFolder.ReadPublic(settings.DestinationPath, [engine], host)
                : BundleFolder.Read(settings.DestinationPath, [engine], context);
        }
        catch (BackupException e) when (kind == BundleKind.Full)
        {
            context.Verbose($"the contents of the destination were not examined: {e.Describe()}");
            return new BundleFolder([], []);
        }
    }

    /// <summary>Finds the bundle that the increment builds on: named, at a position, or the newest of the newest chain.</summary>
    private CaptureRequest Continue(CaptureRequest request, BundleFolder folder, IReadOnlyList<BackupChain> ofDatabase)
    {
        if (IsKeyless)
        {
            states!.RequirePast(folder.Unreadable, engine.Name);
        }
        if (settings.SinceBundle is { } path)
        {
            return ContinueFrom(request, path, folder.Chains);
        }
        var chain = settings.ChainId is { } id
            ? folder.ById(id, settings.DestinationPath)
            : ChainChoice.Newest(ofDatabase);
        if (settings.Since is { } since)
        {
            return ContinueAt(request, since, chain);
        }
        // There may well be a full, for whoever has the key.
        if (chain is null && folder.Unreadable.FirstOrDefault(u => BundleStates.IsUnknown(u.Error)) is { } unread)
        {
            throw BundleStates.Unknown(unread.FullName, unread.Error);
        }
        if (
            settings.ChainId is null
            && folder.Unreadable.FirstOrDefault(u =>
                u.Error?.Code == ErrorCode.SourceInUse && !u.IsPast && MayBe(u.Series)
            )
                is { Error: { } held }
        )
        {
            // It is sound for all that is known, and what is built on the one before would stand beside it.
            throw held;
        }
        if (settings.ChainId is null && folder.Unreadable.FirstOrDefault(IsPerhapsNewest) is { } newer)
        {
            throw new BackupException(
                ErrorCode.IdentityRequired,
                "the newest bundle of the database is, or may be, encrypted for other keys than were given",
                newer.FullName,
                recommendation: $"Give its key too with {Spelling.Of("IdentityPath")}, or none where {Spelling.Of(nameof(settings.StatePath))} holds "
                    + $"what is known of it; or name an older chain with {Spelling.Of("ChainId")}, or use {Spelling.Of("FullIfNeeded")}, which takes a full.",
                inner: newer.Error
            );
        }
        if (
            chain is null
            && settings.FullIfNeeded
            && folder.Unreadable.FirstOrDefault(u => u.OrderUtc is null) is { Error: { } damage }
        )
        {
            // There may well be a full: a new one must not hide that it cannot be read.
            throw damage;
        }
        if (chain is null)
        {
            throw NoFull(folder);
        }
        return request with { Chain = chain, Parent = settings.Differential ? chain.Full : chain.Head };
    }

    private CaptureRequest ContinueAt(CaptureRequest request, ulong since, BackupChain? chain)
    {
        var parent = chain is null ? null : RestorePlanner.Reachable(chain).LastOrDefault(b => b.End.Value == since);
        if (chain is not null && parent is null && !engine.Capabilities.CutsInsideBundle)
        {
            // Without a log to read from that position on, only a bundle can say what was there.
            throw new BackupException(
                ErrorCode.TargetNotCovered,
                $"no bundle of chain {chain.ChainId} ends at position {since}",
                settings.DestinationPath
            );
        }
        return request with { Since = since, Chain = chain, Parent = parent };
    }

    private BackupException NoFull(BundleFolder folder)
    {
        var bad = folder.Unreadable is [var first, ..] ? first : null;
        return new BackupException(
            ErrorCode.NoFullBackup,
            $"no full backup of this {engine.Name} database is at the destination"
                + (bad is null ? "" : $" that can be read ({Path.GetFileName(bad.FullName)})"),
            settings.DestinationPath,
            recommendation: bad is null ? null
                : bad.OrderUtc is null ? "Bring back a sound copy, or take a full backup into another folder."
                : "Bring back a sound copy, or take a full backup."
        );
    }

    private bool IsPerhapsNewest(BundleReadResult read) =>
        BundleFolder.IsForOthers(read) && !read.IsPast && MayBe(read.Series);

    private CaptureRequest ContinueFrom(CaptureRequest request, string path, IReadOnlyList<BackupChain> chains)
    {
        var read =
            engine.ReadBundles(path, context).LastOrDefault(r => r.Stranger is null)
            ?? throw new BackupException(ErrorCode.BundleNotRecognised, $"no {engine.Name} bundle", path);
        var parent = read.Header ?? throw read.Error!;
        return request with
        {
            Parent = parent,
            Chain = chains.FirstOrDefault(c => c.Bundles.Any(b => b.Id == parent.Id)),
        };
    }

    /// <summary>The chains that are, or may be, of the source's database; oldest first.</summary>
    private IEnumerable<BackupChain> OfDatabase(IReadOnlyList<BackupChain> chains) =>
        chains.Where(c => MayBe(c.Series));

    private bool MayBe(string? series) => series is null || string.Equals(series, _series.Value, RealPath.Comparison);
}
