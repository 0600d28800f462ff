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
        var encrypted = Encrypted(settings, host);
        _ = Signer.Of(settings.SigningKeyPath, settings.DestinationPath, host);
        var (plan, _) = RestoreChain.PlanOf(settings, host);
        if (encrypted is null)
        {
            PlainOrEncrypted.RefuseUnrecorded(
                settings.DestinationPath,
                [host.Engines.ByName(plan.Chain.Engine)],
                host,
                wasListed: false
            );
        }
        return new MergePreview(settings, plan) { Encrypted = encrypted };
    }

    /// <summary>Whoever can read a folder of encrypted bundles can read for whom they are.</summary>
    private static EncryptedCopies? Encrypted(MergeSettings settings, OperationHost host)
    {
        var folder = settings.DestinationPath;
        return !settings.IsEncrypted && host.Encrypted.Keys.HasIdentities && BundleRecords.Are(folder, host.Disk)
            ? EncryptedCopies.Continue(folder, host)
            : EncryptedCopies.For(
                folder,
                settings.Recipients,
                settings.RecipientsFiles,
                $"Say with {Errors.Spelling.Of("Recipient")} for whom to encrypt, or merge into another folder.",
                host
            );
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
        if (preview.Encrypted is not null)
        {
            host.SweepSpool();
        }
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
        host.Warn(preview.Plan.Warnings);
        using var staging = destination.Stage(goesOn: preview.Encrypted is not null);
        Signatures.RequireBytes(preview.Plan.Bundles, host);
        var signer = Signer.Of(preview.Settings.SigningKeyPath, folder, host);
        using var sealing = preview.Encrypted is { } to ? new SealedCapture(to, staging, host.Context, host) : null;
        var result = engine.Merge(preview.Plan, folder, sealing?.Plain ?? staging, sealing?.Context ?? host.Context);
        host.Cancellation.ThrowIfCancellationRequested();
        var steps =
            sealing?.Seal(result, engine, signer) ?? StagedBundles.Signed(result, staging, null, engine, signer, host);
        destination.Publish(staging, steps, result.BundlePath);
        result.AfterPublish?.Invoke();
        var headers = TakeBackup.ReadBack(engine, result, host.Context);
        var chainId = result.ChainId ?? headers[0].Id[..12];
        var seconds = host.SecondsSince(started);
        // What was asked for stands first there, and last in its chain.
        return [.. headers.Reverse().Select(h => h.ToInfo(chainId, durationSeconds: seconds))];
    }
}
