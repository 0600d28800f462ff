using BackupTools.Reports;

namespace BackupTools.Operations;

/// <summary>
/// Makes a new full from a chain up to a position, without the source and without the engine. It restores to exactly
/// what the chain restores to; the originals stay, and increments continue from it.
/// </summary>
public static class MergeChain
{
    /// <summary>Finds out what the merge would do; writes nothing.</summary>
    /// <exception cref="Errors.BackupException">As for a restore to the same target.</exception>
    public static MergePreview Plan(MergeSettings settings, OperationHost host)
    {
        host.Remember();
        EncryptedCopies.RefusePlain(
            settings.DestinationPath,
            host.Disk,
            $"Merge into another folder, and copy from there with {Errors.Spelling.Of(nameof(CopyChain))}."
        );
        _ = Signer.Of(settings.SigningKeyPath, settings.DestinationPath, host);
        var (plan, _) = RestoreChain.PlanOf(settings, host);
        return new MergePreview(settings, plan);
    }

    /// <summary>
    /// Merges; the new full appears complete and flushed, or not at all. Returns every bundle that it made, in the order of
    /// the chain: where a format needs an increment beside the full (Grafeo), both appear together, and the increment ends
    /// at the position.
    /// </summary>
    /// <exception cref="Errors.BackupException">The merge was not done; nothing is left behind.</exception>
    public static IReadOnlyList<BundleInfo> Execute(MergePreview preview, OperationHost host)
    {
        var started = host.Clock.GetTimestamp();
        var settings = preview.Settings;
        return UnderLock.Execute(
            host,
            settings.DestinationPath,
            () => Plan(settings, host),
            (fresh, destination) => Merge(fresh, destination, started, host)
        );
    }

    private static IReadOnlyList<BundleInfo> Merge(
        MergePreview preview,
        IDestination destination,
        long started,
        OperationHost host
    )
    {
        var folder = preview.Settings.DestinationPath;
        var engine = host.Engines.ByName(preview.Plan.Chain.Engine);
        using var staging = destination.Stage();
        Signatures.RequireBytes(preview.Plan.Bundles, host);
        var signer = Signer.Of(preview.Settings.SigningKeyPath, folder, host);
        var result = engine.Merge(preview.Plan, folder, staging, host.Context);
        host.Cancellation.ThrowIfCancellationRequested();
        var files = signer?.Look(result, staging);
        destination.Publish(staging, result.Steps, result.BundlePath);
        result.AfterPublish?.Invoke();
        var headers = TakeBackup.ReadBack(engine, result, host.Context);
        TakeBackup.Sign(headers, null, files, signer, destination);
        var chainId = result.ChainId ?? headers[0].Id[..12];
        var seconds = host.SecondsSince(started);
        // What was asked for stands first there, and last in its chain.
        return [.. headers.Reverse().Select(h => h.ToInfo(chainId, durationSeconds: seconds))];
    }
}
