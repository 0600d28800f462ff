using BackupTools.Chains;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.Spg;

namespace BackupTools.Engines.Spg;

/// <summary>
/// Captures a database, cold or live, into one staged bundle: copy, look again, start over while something changed.
/// A copy is one state when its log is not of an earlier epoch than its database file (<see cref="SpgCheckpointWindow"/>)
/// and not of a later one (<see cref="SpgSource.Changed"/>).
/// </summary>
internal sealed class SpgCapture(CapturePlan plan, StagingArea staging, EngineContext context)
{
    private const string Staged = "bundle" + SpgBundles.Extension;
    private const int Attempts = 5;
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);

    private readonly CaptureRequest _request = plan.Request;
    private readonly SpgFiles _files = SpgFiles.OfSource(
        plan.Request.SourcePath,
        plan.Request.Options.WalPath,
        context.Disk
    );

    private bool IsFull => _request.Kind == BundleKind.Full;

    /// <summary>Captures.</summary>
    public CaptureResult Run()
    {
        context.Progress.Activity = "reading";
        SpgBundleHeader header;
        using (var target = staging.CreateFile(Staged, plan.ExpectedBytes))
        {
            header = CopyUntilStable(new SpgBundleWriter(target, context));
        }
        var isUnchanged = !IsFull && header.WalPos == header.Since;
        var time = DateTimeOffset.UnixEpoch.AddTicks((long)header.TsMicros * 10);
        var path = SpgPlan.NewPath(_request, time, context);
        return new CaptureResult
        {
            Steps = [PublishStep.Place(Staged, path)],
            BundlePath = path,
            IsUnchanged = isUnchanged,
        };
    }

    private SpgBundleHeader CopyUntilStable(SpgBundleWriter writer)
    {
        BackupException? damage = null;
        return new SteadyCapture<SpgBundleHeader>(context)
        {
            Attempts = Attempts,
            FirstPause = FirstPause,
            LongestPause = TimeSpan.MaxValue,
            Judge = e =>
            {
                // What nothing explains, and what looks the same a second time, is what it looks like.
                var isReal = e.Code != ErrorCode.SourceChanging && (!MayPass(e) || damage?.Message == e.Message);
                damage = e.Code == ErrorCode.SourceChanging ? damage : e;
                return isReal ? e : null;
            },
            GiveUp = last =>
                Changed($"the database kept changing while it was copied, {Attempts} times: {last.Message}"),
            StartOver = _ => writer.Reset(),
        }.Run(_ => Copy(writer));
    }

    private static bool MayPass(BackupException e) => e.Kind is ErrorKind.Damaged or ErrorKind.SourceState;

    private BackupException Changed(string what) => new(ErrorCode.SourceChanging, what, _files.Database);

    private SpgSource OpenSource() =>
        IsFull ? SpgCheckpointWindow.OpenOutside(_files, context) : SpgSource.Open(_files, context.Disk);

    /// <summary>One attempt; throws what changed meanwhile, or what is wrong with the source.</summary>
    private SpgBundleHeader Copy(SpgBundleWriter writer)
    {
        using var source = OpenSource();
        SpgBundleHeader header;
        string? changed;
        try
        {
            if (IsFull)
            {
                header = new SpgFullCapture(source, writer, context).Copy();
                changed = source.Changed();
            }
            else
            {
                var epoch = new SpgEpoch(_request, source, context);
                header = new SpgIncrementCapture(source, epoch, writer, context).Copy();
                changed = source.Changed() ?? (epoch.StillHolds() ? null : "the log was restarted");
            }
        }
        catch (BackupException e) when (MayPass(e))
        {
            throw source.Changed() is { } meanwhile ? Changed(meanwhile)
            : e.Kind == ErrorKind.SourceState || IsElsewhere(e, source) ? e
            : e.At(source.Files.Database).AsSourceDamaged();
        }
        return changed is null ? header : throw Changed(changed);
    }

    private static bool IsElsewhere(BackupException e, SpgSource source) =>
        e.FullName is { } path && path != source.Files.Database && path != source.Files.Wal;
}
