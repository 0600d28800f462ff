using BackupTools.Chains;
using BackupTools.Engines;
using BackupTools.Files;

namespace BackupTools.Operations;

/// <summary>Bundles that are staged and not published: what they are, and their signatures.</summary>
internal static class StagedBundles
{
    /// <summary>Their headers as they will be read where they go; the one that was asked for first.</summary>
    /// <param name="result">What the engine has staged.</param>
    /// <param name="staging">Where.</param>
    /// <param name="request">Of a backup; null for a merge.</param>
    /// <param name="engine">The engine.</param>
    /// <param name="disk">Shows what is staged under its final name from now on.</param>
    /// <param name="context">Of the run.</param>
    public static IReadOnlyList<BundleHeader> Of(
        CaptureResult result,
        StagingArea staging,
        CaptureRequest? request,
        IBackupEngine engine,
        CaptureDisk disk,
        EngineContext context
    )
    {
        disk.Show(
            result.Steps.Where(s => s.StagedName.Length > 0).Select(s => (s.FinalPath, staging.PathOf(s.StagedName)))
        );
        return
        [
            .. TakeBackup
                .ReadBack(engine, result, context with { Disk = disk })
                .Select(h =>
                    h with
                    {
                        // Of some formats only the bundles before it tell.
                        TakenAfterUtc = h.TakenAfterUtc ?? ClockOrder.TakenAfter(h.CreatedUtc, request?.NewestUtc),
                    }
                ),
        ];
    }

    /// <summary>
    /// The steps that publish bundles that are not encrypted, with their signatures if they get any: a run that is killed
    /// leaves both or none. What lies there unsigned is never signed later, when nobody knows who wrote it.
    /// </summary>
    /// <param name="result">What the engine has staged.</param>
    /// <param name="staging">Where.</param>
    /// <param name="request">Of a backup; null for a merge.</param>
    /// <param name="engine">The engine.</param>
    /// <param name="signer">Null for nobody.</param>
    /// <param name="host">The front end.</param>
    public static IReadOnlyList<PublishStep> Signed(
        CaptureResult result,
        StagingArea staging,
        CaptureRequest? request,
        IBackupEngine engine,
        Signer? signer,
        OperationHost host
    )
    {
        if (signer is null)
        {
            return result.Steps;
        }
        // What is remembered of a file is that of its final name, which is not there yet.
        var context = host.Context with
        {
            Memo = null,
        };
        var disk = new CaptureDisk(context.Disk, host.Encrypted, staging.Folder, staging.Folder);
        var bundles = Of(result, staging, request, engine, disk, context);
        var files = signer.Look(result, staging);
        var steps = new List<PublishStep>();
        // Of several each builds on the one before.
        var parentId = request?.Parent?.Id;
        foreach (var bundle in bundles.OrderByDescending(b => b.Kind == BundleKind.Full))
        {
            steps.Add(signer.Sign(bundle, bundle.Kind == BundleKind.Full ? null : parentId, files, staging));
            parentId = bundle.Id;
        }
        return [.. steps, .. result.Steps];
    }
}
