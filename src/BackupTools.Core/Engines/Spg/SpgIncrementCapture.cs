using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.Spg;

namespace BackupTools.Engines.Spg;

/// <summary>
/// One attempt at an increment: the log from the chain's head to its last whole frame outside a transaction, once it
/// is proved that it is the same log. Reads only what is new, and a little before it; the database file is not copied, but
/// has to stay the same one meanwhile, as for a full.
/// </summary>
internal sealed class SpgIncrementCapture(
    SpgSource source,
    SpgEpoch epoch,
    SpgBundleWriter writer,
    EngineContext context
)
{
    /// <summary>Copies into the writer's file. The caller checks whether the source was stable.</summary>
    public SpgBundleHeader Copy()
    {
        epoch.Prove();
        var since = (long)epoch.Since;
        // A log that was cut meanwhile gives an empty range here, and the last look notices.
        var range = new FileRange(since, Math.Max(since, source.Wal!.Length));
        var now = context.Clock.GetUtcNow();
        var header = SpgBundleHeader.New(SpgBundleHeader.Incremental, now, epoch.Since);
        context.Progress.Expect(range.Length);
        SpgSliceScan scan;
        try
        {
            scan = SpgLogCopy.Copy(source, writer, range, marked: false, context);
        }
        catch (BackupException e) when (e.Offset == since && !epoch.IsFrameEnd())
        {
            throw InsideFrame(e);
        }
        var scanner = scan.Scanner;
        if (scanner.Frames == 0 && !scanner.IsAtFrameEnd && !epoch.IsFrameEnd())
        {
            throw InsideFrame(null);
        }
        if (scanner.StrayEnd is { } stray && !epoch.HoldsOpenTransaction())
        {
            context.Warn(
                $"a transaction that ends at byte {stray} of the log began before position {since} and not in this "
                    + "chain: a restore loses its rows. Take a new full backup"
            );
        }
        var cut = scanner.CutPoint;
        if (cut == since)
        {
            context.Verbose($"nothing was committed since position {since}: the increment is empty");
        }
        return writer.Finish(header with { WalPos = (ulong)cut }, cut - since, scan.CrcAtCut, marked: false);
    }

    private BackupException InsideFrame(BackupException? inner) =>
        new(
            ErrorCode.SinceInsideFrame,
            $"position {epoch.Since} is not the end of a frame of the log",
            source.Files.Wal,
            (long)epoch.Since,
            inner: inner
        );
}
