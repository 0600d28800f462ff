using BackupTools.Chains;
using BackupTools.Engines;
using BackupTools.Errors;
using BackupTools.Files;

namespace BackupTools.Operations;

/// <content>What is refused, before a byte is written.</content>
public static partial class RestoreChain
{
    /// <summary>The state of a time may be in a bundle that was taken before then, and later than what can be read.</summary>
    private static void RefuseLost(BundleFolder folder, RestorePlan plan)
    {
        if (plan is not { Target: RestoreTarget.TimeTarget { Instant: var time }, CutTime: null })
        {
            return;
        }
        var lost = folder.Unreadable.FirstOrDefault(u =>
            u.MayBeOf(plan.Chain.Series) && u.OrderUtc > plan.Last.OrderUtc && u.OrderUtc <= time
        );
        if (lost?.Error is { } error)
        {
            throw error.As(
                error.Code,
                $"the state of {RestorePlanner.Iso(time)} may be in a bundle that cannot be read: {error.Message}",
                $"{(error.Code == ErrorCode.IdentityMismatch ? GiveKey : "Bring back a sound copy")}, or restore to position {plan.End} explicitly."
            );
        }
    }

    /// <summary>A bundle that cannot be read may be the newest one: "latest" would then be a lie.</summary>
    private static void RefuseUnreadable(BundleFolder folder, BackupChain chain, bool isNamed)
    {
        var bad = folder.Unreadable.FirstOrDefault(u =>
            (!u.IsPast || isNamed && !(u.OrderUtc < chain.Head?.OrderUtc))
            && u.MayBeOf(chain.Series)
            && BundleFolder.IsShownWith(u, chain)
        );
        if (bad?.Error is { } error)
        {
            throw error.As(
                error.Code,
                $"a bundle of the folder cannot be read, so the newest state is not known: {error.Message}",
                (
                    error.Code == ErrorCode.SignatureInvalid
                        ? $"Move it away, or name a chain that is signed with {Spelling.Of("ChainId")}"
                    : error.Code == ErrorCode.IdentityMismatch
                        ? GiveKey + (isNamed ? "" : $", or name a chain of the given key with {Spelling.Of("ChainId")}")
                    : error.Code == ErrorCode.SourceInUse ? "Close the program that has it open, and try again"
                    : bad.OrderUtc is null ? "Remove it, or bring back a sound copy"
                    : "Bring back a sound copy, or take a new full backup"
                ) + (chain.Head is { } head ? $"; or restore to position {head.End} explicitly." : ".")
            );
        }
    }

    private static void RefuseOccupied(
        RestoreSettings settings,
        IBackupEngine engine,
        RestoreRequest request,
        IReadOnlyList<string> occupied,
        EngineContext context
    )
    {
        if (occupied.Count == 0)
        {
            return;
        }
        if (!settings.Force)
        {
            throw new BackupException(
                ErrorCode.DestinationExists,
                $"the destination is occupied: {string.Join(", ", occupied.Select(Path.GetFileName))}",
                occupied[0],
                recommendation: ForceHelps(engine, request, occupied, context)
                    ? $"Choose another destination, or use {Spelling.Of("Force")} to replace it."
                    : ErrorCodes.DefaultRecommendation(ErrorCode.DestinationNotRecognised)
            );
        }
        if (!MayReplace(engine, request, occupied, context))
        {
            throw new BackupException(
                ErrorCode.DestinationNotRecognised,
                $"what is at the destination does not look like a {engine.Name} database and is not replaced",
                occupied[0]
            );
        }
        if (occupied.FirstOrDefault(p => IsMountedFile(p, context.Disk)) is { } mounted)
        {
            throw new BackupException(
                ErrorCode.WriteFailed,
                "a single file is mounted here, as in containers, and cannot be replaced",
                mounted,
                recommendation: "Mount the folder that the database is in instead; or restore to another name, and copy that "
                    + "into the mounted file while the database is not in use."
            );
        }
    }

    private static bool IsMountedFile(string path, IDisk disk) =>
        disk.Stat(path) is { Kind: DiskEntryKind.File } && disk.IsMountPoint(path);

    /// <summary>Whether Force is advice that can be followed, perhaps once an engine was stopped.</summary>
    private static bool ForceHelps(
        IBackupEngine engine,
        RestoreRequest request,
        IReadOnlyList<string> occupied,
        EngineContext context
    )
    {
        try
        {
            return MayReplace(engine, request, occupied, context);
        }
        catch (BackupException e) when (e.Code == ErrorCode.SourceInUse)
        {
            return true;
        }
    }

    /// <summary>What cannot be read is not recognised, and said to be that.</summary>
    private static bool MayReplace(
        IBackupEngine engine,
        RestoreRequest request,
        IReadOnlyList<string> occupied,
        EngineContext context
    )
    {
        if (engine.MayReplace(request, context))
        {
            return true;
        }
        foreach (var path in occupied)
        {
            EngineRegistry.RefuseUnreadable(path, context.Disk);
        }
        return false;
    }
}
