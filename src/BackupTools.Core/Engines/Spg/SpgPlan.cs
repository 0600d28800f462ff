using BackupTools.Chains;
using BackupTools.Errors;

namespace BackupTools.Engines.Spg;

/// <summary>What a backup would do.</summary>
internal static class SpgPlan
{
    /// <summary>Finds out what a backup would do and refuses it early.</summary>
    public static CapturePlan Of(CaptureRequest request, EngineContext context)
    {
        var files = SpgFiles.OfSource(request.SourcePath, request.Options.WalPath, context.Disk);
        SpgEmbedded.Refuse(files, context.Disk);
        using var source = SpgSource.Open(files, context.Disk);
        var warnings = new List<ChainProblem>();
        var start = 0UL;
        if (request.Kind == BundleKind.Full)
        {
            warnings.AddRange(OfFull(request, source, files, context));
        }
        else
        {
            if (request.Options.Checkpoint is not null)
            {
                throw new BackupException(
                    ErrorCode.InvalidOption,
                    "a checkpoint restarts the log, so no increment can follow it",
                    request.SourcePath,
                    recommendation: "Use the checkpoint with a full backup."
                );
            }
            var epoch = new SpgEpoch(request, source, context);
            epoch.RefuseCheaply();
            start = epoch.Since;
        }
        string[] all = [files.Database, files.Wal, files.Manifest];
        return new CapturePlan
        {
            Request = request,
            BundlePath = NewPath(request, context.Clock.GetUtcNow(), context),
            ExpectedBytes =
                request.Kind == BundleKind.Full
                    ? (source.Database?.Length ?? 0) + (source.Wal?.Length ?? 0)
                    : Math.Max(0, source.Wal!.Length - (long)start),
            SourceFiles = [.. all.Where(p => context.Disk.Stat(p) is not null)],
            Start = request.Kind == BundleKind.Full ? null : SpgBundles.Position(start),
            Warnings = warnings,
        };
    }

    /// <summary>Refuses a full early; what else there is to say of it.</summary>
    private static List<ChainProblem> OfFull(
        CaptureRequest request,
        SpgSource source,
        SpgFiles files,
        EngineContext context
    )
    {
        var warnings = new List<ChainProblem>();
        SpgFullCapture.Refuse(source);
        if (source.Wal is null && request.Options.WalPath is { } named)
        {
            // Whoever names a log means it; going on without would lose what it holds.
            throw new BackupException(ErrorCode.PathNotFound, "the write-ahead log does not exist", named);
        }
        if (request.Earlier is { Full: not null, Head: { } head } earlier)
        {
            var before = new SpgEpoch(request with { Chain = earlier, Parent = head }, source, context);
            if (before.WhyNot() is { } why)
            {
                warnings.Add(DoesNotContinue(head, why));
            }
        }
        if (source.Wal is null)
        {
            warnings.Add(
                ChainProblem.Warning(
                    ErrorCode.WalMissing,
                    "there is no write-ahead log beside the database: what is not in the database file is not backed up",
                    files.Wal,
                    advice: $"Name the log with {Spelling.Of("WalPath")} if the server keeps it elsewhere."
                )
            );
        }
        return warnings;
    }

    private static ChainProblem DoesNotContinue(BundleHeader head, string why) =>
        ChainProblem.Warning(
            ErrorCode.ContinuityNotProved,
            $"the database does not continue {head.Name}: {why}. A CHECKPOINT does that; so does another database of the "
                + "same name, which retention would mistake for this one",
            head.FullName,
            advice: "After a CHECKPOINT no action is needed. Give every database a folder of its own."
        );

    /// <summary>The name of the new bundle, which depends on when it was taken.</summary>
    public static string NewPath(CaptureRequest request, DateTimeOffset time, EngineContext context) =>
        SpgBundles.NewPath(
            request.DestinationFolder,
            SpgFiles.StemOf(request.Name),
            time,
            ClockOrder.TakenAfter(time, request.NewestUtc),
            request.Kind,
            context.Disk
        );
}
