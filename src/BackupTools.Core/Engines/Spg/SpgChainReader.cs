using System.IO.Hashing;
using BackupTools.Chains;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.Primitives;
using BackupTools.Formats.Spg;

namespace BackupTools.Engines.Spg;

/// <summary>
/// Reads the bundles of one way through a chain, each byte once: stored CRCs, the snapshot, the frames of the log that
/// the slices make together, and how each bundle follows the one before (SPG format, §6). A restore copies while it
/// reads; a verification only reads.
/// </summary>
internal sealed class SpgChainReader(EngineContext context, bool deep, Action<ChainProblem> report)
{
    private SpgSliceScan _log = new(0);
    private long _position;
    private bool _isLogBroken;
    private bool _strayTold;

    /// <summary>Throw the first error instead of reporting it: what a restore does.</summary>
    public bool StopAtErrors { get; init; }

    /// <summary>Where a restore wants the database; null only reads.</summary>
    public IDiskFile? DatabaseCopy { get; init; }

    /// <summary>Where a restore wants the log; null only reads.</summary>
    public IDiskFile? WalCopy { get; init; }

    /// <summary>Bytes of log that are wanted; what lies after is read for its checksum only.</summary>
    public long LogLimit { get; init; } = long.MaxValue;

    /// <summary>True for whoever needs <see cref="DatabaseCrc"/>.</summary>
    public bool TakesDatabaseCrc { get; init; }

    /// <summary>CRC-32 of the snapshot, if it is taken.</summary>
    public uint DatabaseCrc { get; private set; }

    /// <summary>Length of the snapshot.</summary>
    public long DatabaseLength { get; private set; }

    /// <summary>Length of the log up to the last whole frame outside a transaction.</summary>
    public long LogLength => _log.Scanner.CutPoint;

    /// <summary>CRC-32 of the log up to <see cref="LogLength"/>.</summary>
    public uint LogCrc => _log.CrcAtCut;

    /// <summary>Reads all bundles, the full first.</summary>
    public void Read(IReadOnlyList<BundleHeader> path)
    {
        SpgBundle? previous = null;
        for (var i = 0; i < path.Count; i++)
        {
            var header = path[i];
            context.Cancellation.ThrowIfCancellationRequested();
            try
            {
                using var file = context.Disk.OpenRead(header.FullName);
                var bundle = SpgBundle.Read(file);
                Check(bundle, previous, header);
                ReadBody(bundle, file, new Place(i == 0, i == path.Count - 1, path[0].Kind == BundleKind.Full));
                previous = bundle;
            }
            catch (BackupException e) when (!StopAtErrors && e.Kind != ErrorKind.Disk)
            {
                Report(ChainProblem.From(e.At(header.FullName)));
                _isLogBroken = true;
                previous = SpgBundle.Of(header);
            }
            catch (BackupException e)
            {
                throw e.At(header.FullName);
            }
        }
    }

    private readonly record struct Place(bool IsFirst, bool IsLast, bool ChainHasFull);

    private void Report(ChainProblem problem)
    {
        if (StopAtErrors && problem.Severity == ProblemSeverity.Error)
        {
            throw problem.ToException();
        }
        report(problem);
    }

    private void Check(SpgBundle bundle, SpgBundle? previous, BundleHeader header)
    {
        if (!string.Equals(bundle.Id.ToString(), header.Id, StringComparison.Ordinal))
        {
            throw Fault.Malformed("the bundle is not the one that was listed: it changed");
        }
        foreach (var problem in SpgContinuity.CheckAlone(bundle, header.FullName))
        {
            Report(problem);
        }
        if (previous is not null)
        {
            foreach (var problem in SpgContinuity.CheckFollows(previous, bundle, header.FullName))
            {
                Report(problem);
            }
        }
    }

    private void ReadBody(SpgBundle bundle, IDiskFile file, Place place)
    {
        using var progress = context.Progress.BeginFile(file.Path, bundle.FileLength);
        var crc = new Crc32();
        var findings = new List<ChainProblem>();
        context.Read(file, new FileRange(0, SpgBundleHeader.FixedLength), crc.Append);
        ReadSnapshot(bundle, file, place, crc, findings);
        var sliceEnd = bundle.SliceOffset + bundle.SliceLength;
        context.Read(file, new FileRange(bundle.Header.WalFieldsOffset, bundle.SliceOffset), crc.Append);
        ReadSlice(bundle, file, place, crc, findings);
        if (bundle.StoredCrc is { } stored)
        {
            // A slice that is not applied still counts.
            context.Read(file, new FileRange(sliceEnd, bundle.Header.BodyLength), crc.Append);
            // What is wrong inside a bundle that is damaged itself is no news.
            SpgBundleHeader.CheckCrc(stored, crc.GetCurrentHashAsUInt32());
        }
        findings.ForEach(Report);
    }

    private void ReadSnapshot(SpgBundle bundle, IDiskFile file, Place place, Crc32 crc, List<ChainProblem> findings)
    {
        var length = (long)bundle.Header.SnapLen;
        var range = new FileRange(SpgBundleHeader.FixedLength, SpgBundleHeader.FixedLength + length);
        var check = new SpgSnapshotCheck(length, deep || length <= SpgFullCapture.WalkLimit);
        var own = TakesDatabaseCrc ? new Crc32() : null;
        context.Copy(
            file,
            range,
            place.IsFirst ? DatabaseCopy : null,
            0,
            block =>
            {
                crc.Append(block);
                own?.Append(block);
                check.Append(block);
            }
        );
        if (!bundle.IsFull || length == 0)
        {
            return;
        }
        if (place.IsFirst)
        {
            DatabaseLength = length;
            DatabaseCrc = own?.GetCurrentHashAsUInt32() ?? 0;
        }
        try
        {
            findings.AddRange(JudgeSnapshot(check.Finish(), file.Path));
        }
        catch (BackupException e)
        {
            findings.Add(
                ChainProblem.From(e) with
                {
                    FullName = file.Path,
                    Offset = SpgBundleHeader.FixedLength + (e.Offset ?? 0),
                }
            );
        }
    }

    private static IEnumerable<ChainProblem> JudgeSnapshot(SpgSnapshotInfo info, string path)
    {
        if (info.IsNewerThanKnown)
        {
            yield return ChainProblem.Warning(
                ErrorCode.UnsupportedVersion,
                $"the snapshot has version {info.FileVersion}, newer than the newest known "
                    + $"({SpgSnapshotInfo.NewestKnown}); it is taken as it is",
                path,
                SpgBundleHeader.FixedLength
            );
        }
        if (info.ColdSegments.Count > 0)
        {
            yield return ChainProblem.Error(
                ErrorCode.ColdSegments,
                $"rows of the snapshot live in cold segments that no bundle holds: "
                    + string.Join(", ", info.ColdSegments),
                path,
                SpgBundleHeader.FixedLength
            );
        }
    }

    private void ReadSlice(SpgBundle bundle, IDiskFile file, Place place, Crc32 crc, List<ChainProblem> findings)
    {
        var start = _position;
        _position += bundle.SliceLength;
        if (_isLogBroken)
        {
            // Behind a broken place the frames are judged afresh from where the next bundle says it starts.
            _log = new SpgSliceScan(start);
            _isLogBroken = false;
        }
        var end = bundle.SliceOffset + bundle.SliceLength;
        var wanted = Math.Min(bundle.SliceLength, Math.Max(0, LogLimit - start));
        var middle = bundle.SliceOffset + wanted;
        BackupException? fault = null;
        context.Copy(
            file,
            new FileRange(bundle.SliceOffset, middle),
            WalCopy,
            start,
            block =>
            {
                crc.Append(block);
                fault ??= Scan(block);
            }
        );
        context.Read(file, new FileRange(middle, end), crc.Append);
        if (fault is not null)
        {
            _isLogBroken = true;
            findings.Add(Locate(fault, bundle, file.Path, start, place));
        }
        else
        {
            JudgeEnd(bundle, file, place, start, wanted < bundle.SliceLength, findings);
        }
    }

    private BackupException? Scan(ReadOnlySpan<byte> block)
    {
        try
        {
            _log.Append(block);
            return null;
        }
        catch (BackupException e)
        {
            return e;
        }
    }

    /// <summary>How the log stands at the end of a slice; <paramref name="isCut"/> when more of it is not wanted.</summary>
    private void JudgeEnd(
        SpgBundle bundle,
        IDiskFile file,
        Place place,
        long start,
        bool isCut,
        List<ChainProblem> findings
    )
    {
        var scanner = _log.Scanner;
        if (scanner.StrayEnd is { } stray && place.ChainHasFull && !_strayTold)
        {
            _strayTold = true;
            findings.Add(
                ChainProblem.Warning(
                    ErrorCode.OpenTransaction,
                    "a transaction ends here that began before the full: its rows are lost, or applied without it",
                    file.Path,
                    bundle.SliceOffset + (stray - start)
                )
            );
        }
        if (isCut)
        {
            return;
        }
        SpgTornTail? torn;
        try
        {
            torn = place.IsLast ? scanner.Finish() : null;
        }
        catch (BackupException e)
        {
            findings.Add(Locate(e, bundle, file.Path, start, place));
            return;
        }
        var offset = bundle.SliceOffset + (scanner.FrameEnd - start);
        if (!scanner.IsAtFrameEnd && scanner.FrameEnd == start)
        {
            _isLogBroken = true;
            findings.Add(NotTheSameLog(bundle, file.Path, torn?.Text ?? "no frame starts at its first byte"));
        }
        else if (torn is not null)
        {
            findings.Add(JudgeTorn(torn, file, offset));
        }
        else if (!scanner.IsAtFrameEnd)
        {
            _isLogBroken = true;
            findings.Add(
                ChainProblem.Error(
                    ErrorCode.Malformed,
                    "the bundle ends inside a frame of the log, and another bundle follows",
                    file.Path,
                    offset
                )
            );
        }
        if (place.IsLast && scanner.TransactionStart is not null)
        {
            findings.Add(
                ChainProblem.Warning(
                    ErrorCode.OpenTransaction,
                    "the log ends inside a transaction, which a restore leaves out, as the server would",
                    file.Path
                )
            );
        }
    }

    private static ChainProblem JudgeTorn(SpgTornTail torn, IDiskFile file, long offset) =>
        SpgSource.IsDamage(torn, file, offset)
            ? ChainProblem.Error(
                ErrorCode.Malformed,
                $"the log is damaged: {torn.Text}, yet more log follows",
                file.Path,
                offset
            )
            : ChainProblem.Warning(
                ErrorCode.Truncated,
                $"the last {torn.Length} bytes of the log are not a whole frame, a restore leaves them out ({torn.Text})",
                file.Path,
                offset
            );

    private static ChainProblem Locate(BackupException fault, SpgBundle bundle, string path, long start, Place place)
    {
        var offset = bundle.SliceOffset + ((fault.Offset ?? start) - start);
        // A bundle that is sound by its own checksum and begins with a wrong frame rather begins with none at all.
        var isSound = bundle.StoredCrc is not null;
        return isSound && fault.Offset == start && !bundle.IsFull && fault.Code != ErrorCode.UnsupportedFormat
            ? NotTheSameLog(bundle, path, fault.Message)
            : ChainProblem.From(fault) with
            {
                FullName = path,
                Offset = offset,
            };
    }

    private static ChainProblem NotTheSameLog(SpgBundle bundle, string path, string why) =>
        ChainProblem.Error(
            ErrorCode.ForeignEpoch,
            $"the increment does not continue the log: {why}. It was taken from another log, or from the middle of a frame",
            path,
            bundle.SliceOffset,
            "Restore to the position at which this increment starts, or from another chain."
        );
}
