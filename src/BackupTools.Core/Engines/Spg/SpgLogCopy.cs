using System.Globalization;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.Spg;

namespace BackupTools.Engines.Spg;

/// <summary>Copies a range of a source's log and judges how it ends.</summary>
internal static class SpgLogCopy
{
    /// <summary>
    /// Copies and scans. The scan's cut point is where the bundle ends; what lies after it is left to the next
    /// increment.
    /// </summary>
    /// <exception cref="BackupException">A frame is damaged: the server would refuse this log as well.</exception>
    public static SpgSliceScan Copy(
        SpgSource source,
        SpgBundleWriter writer,
        FileRange range,
        bool marked,
        EngineContext context
    )
    {
        SpgSliceScan scan;
        SpgTornTail? torn;
        try
        {
            using var file = context.Progress.BeginFile(source.Files.Wal, range.Length);
            scan = writer.CopySlice(source, range, marked);
            torn = scan.Scanner.Finish();
        }
        catch (BackupException e)
        {
            throw e.At(source.Files.Wal);
        }
        if (torn is not null)
        {
            if (SpgSource.IsDamage(torn, source.Wal!, torn.Offset))
            {
                throw new BackupException(
                    ErrorCode.SourceDamaged,
                    $"the log is damaged at byte {torn.Offset}: {torn.Text}, yet more log follows. The server would "
                        + "lose all of it with this one warning",
                    source.Files.Wal,
                    torn.Offset
                );
            }
            context.Warn(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"the last {torn.Length} bytes of the log are not a whole frame and were left out ({torn.Text}, in "
                ) + $"'{source.Files.Wal}')"
            );
        }
        if (scan.Scanner.TransactionStart is { } open)
        {
            context.Verbose($"a transaction is open since byte {open} of the log; the next increment will hold it");
        }
        return scan;
    }
}
