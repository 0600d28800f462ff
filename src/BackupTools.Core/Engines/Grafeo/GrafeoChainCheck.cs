using System.IO.Hashing;
using BackupTools.Chains;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.Grafeo;

namespace BackupTools.Engines.Grafeo;

/// <summary>
/// Reads the bundles of one way through a chain in order, proves each alone and each against what precedes it, and
/// keeps what a restore needs to know: the log segments (0.6.0) or the frames to keep (0.5.x).
/// </summary>
/// <param name="context">For reading.</param>
/// <param name="checkFrames">Check the checksum of every frame, not only that of the file.</param>
/// <param name="until">0.5.x: frames of later epochs are not kept.</param>
internal sealed class GrafeoChainCheck(EngineContext context, bool checkFrames, ulong until = ulong.MaxValue)
{
    private readonly GrafeoSegmentRow _row = new();
    private readonly List<GrafeoRecordInput> _inputs = [];
    private GrafeoEpochFilter? _filter;
    private bool? _paged;
    private int _missingSeen;

    /// <summary>Everything that was found, in order.</summary>
    public List<ChainProblem> Problems { get; } = [];

    /// <summary>The image that was read; null when the way begins with an increment.</summary>
    public GrafeoContainerHeader? Image { get; private set; }

    /// <summary>CRC-32 of the image's file.</summary>
    public uint ImageChecksum { get; private set; }

    /// <summary>0.6.0: the longest copy of each log segment, by position.</summary>
    public IReadOnlyCollection<GrafeoWalSegment> Segments => _row.Segments;

    /// <summary>0.5.x: where the frames are that <see cref="Filter"/> numbers.</summary>
    public IReadOnlyList<GrafeoRecordInput> Inputs => _inputs;

    /// <summary>0.5.x: what the frames say.</summary>
    public GrafeoEpochFilter? Filter => _filter;

    /// <summary>0.6.0: called once for each complete group, in order of the log.</summary>
    public Action<GrafeoFrame>? OnGroup { get; init; }

    /// <summary>Checks an image, and copies it when there is a target.</summary>
    public void AddImage(BundleHeader header, IDiskFile? target = null)
    {
        var bundle = GrafeoBundle.Of(header);
        Try(
            bundle,
            () =>
            {
                using var file = Open(bundle);
                var image = GrafeoImage.Open(file, context.Cancellation);
                Image = image.Header;
                _paged = image.Header.IsPaged;
                _row.BeginWith(image.Header);
                _filter = new GrafeoEpochFilter(until) { Follows = header.End.Value };
                ImageChecksum = image.Transfer(file, target, context);
                CheckSum(bundle, ImageChecksum);
                CheckImageEpoch(header, bundle, image.Header);
            }
        );
    }

    /// <summary>Checks an increment, and copies it when there is a target.</summary>
    public void AddIncrement(BundleHeader header, IDiskFile? target = null)
    {
        var bundle = GrafeoBundle.Of(header);
        if (_paged is { } paged && paged != bundle.IsPaged)
        {
            Add(ErrorCode.Malformed, "the incremental backups after the full backup mix two WAL formats", bundle);
            return;
        }
        _paged = bundle.IsPaged;
        var before = Problems.Count;
        Try(
            bundle,
            () =>
            {
                CheckGbak(bundle);
                if (bundle.IsPaged)
                {
                    ReadSegments(header, bundle, target);
                }
                else
                {
                    ReadFrames(header, bundle, target);
                }
            }
        );
        if (Problems.Skip(before).Any(p => p.Severity == ProblemSeverity.Error))
        {
            if (Problems.Skip(before).Any(IsDamage))
            {
                Problems.Add(GrafeoDamage.Extent(header, bundle, context));
            }
            // What follows is checked on its own: the damage is named once.
            _row.Forget();
            _filter = new GrafeoEpochFilter(until) { Follows = header.End.Value };
            _missingSeen = 0;
        }
    }

    /// <summary>Throws the first finding that forbids a restore; the others are reported as warnings.</summary>
    public void ThrowIfUnsound()
    {
        if (Problems.Find(p => p.Severity == ProblemSeverity.Error) is { } error)
        {
            throw error.ToException();
        }
        foreach (var warning in Problems.Where(p => p.Severity == ProblemSeverity.Warning))
        {
            context.Warn(warning.ToString());
        }
        Problems.Clear();
    }

    private IDiskFile Open(GrafeoBundle bundle) =>
        context
            .Disk.OpenRead(bundle.Path)
            .Into(file =>
            {
                if (bundle.Entry is { } entry)
                {
                    // It may have changed since it was listed.
                    GrafeoBundle.RequireLength(entry, file.Length, bundle.Path);
                }
                return file;
            });

    private static bool IsDamage(ChainProblem problem) =>
        problem.Code
            is ErrorCode.ChecksumMismatch
                or ErrorCode.LengthMismatch
                or ErrorCode.Truncated
                or ErrorCode.Malformed
                or ErrorCode.BadMagic;

    private static void CheckSum(GrafeoBundle bundle, uint computed)
    {
        if (bundle.Entry is { } entry && entry.Checksum != computed)
        {
            var what = entry.Kind == GrafeoSegmentKind.Full ? "full" : "incremental";
            throw new BackupException(
                ErrorCode.ChecksumMismatch,
                $"{what} backup {entry.FileName} CRC mismatch: expected {entry.Checksum:x8}, got {computed:x8}",
                bundle.Path,
                expected: $"{entry.Checksum:x8}",
                actual: $"{computed:x8}"
            );
        }
    }

    private void CheckImageEpoch(BundleHeader header, GrafeoBundle bundle, GrafeoContainerHeader image)
    {
        if (image.DamagedPage > 0)
        {
            Add(
                ErrorCode.ChecksumMismatch,
                "the older of the two database headers is damaged; the newer one is used",
                bundle,
                ProblemSeverity.Warning,
                image.DamagedPage * GrafeoContainerHeader.PageSize
            );
        }
        if (bundle.Entry is { StartEpoch: > 0 } entry)
        {
            Add(
                ErrorCode.Malformed,
                $"the manifest says that a full backup begins at epoch {entry.StartEpoch}, but it is always 0",
                bundle,
                ProblemSeverity.Warning
            );
        }
        var epoch = image.Container == GrafeoContainer.Empty ? header.End.Value : image.Active.Epoch;
        if (epoch > header.End.Value)
        {
            Add(
                ErrorCode.Malformed,
                $"the image is of epoch {epoch}, the manifest says {header.End}",
                bundle,
                offset: image.ActivePage * GrafeoContainerHeader.PageSize
            );
        }
        else if (epoch < header.End.Value)
        {
            Lost(bundle, epoch + 1, header.End.Value);
        }
    }

    private static void CheckGbak(GrafeoBundle bundle)
    {
        if (
            bundle is { Entry: { } entry, Gbak: { } gbak }
            && (gbak.StartEpoch != entry.StartEpoch || gbak.EndEpoch != entry.EndEpoch)
        )
        {
            throw new BackupException(
                ErrorCode.Malformed,
                $"the file says epochs {gbak.StartEpoch}..{gbak.EndEpoch}, "
                    + $"the manifest {entry.StartEpoch}..{entry.EndEpoch}",
                bundle.Path,
                gbak.StartEpoch != entry.StartEpoch ? 8 : 16
            );
        }
    }

    // ---- 0.6.0 -------------------------------------------------------------------------------------------------

    private void ReadSegments(BundleHeader header, GrafeoBundle bundle, IDiskFile? target)
    {
        const int prefix = sizeof(ulong) + GrafeoWalHeader.Size;
        using var file = Open(bundle);
        var segments = GrafeoWalSegment.ReadIncrement(file);
        var crc = new Crc32();
        PassHead(file, target, 0, GbakHeader.Size, crc);
        BackupException? tail = null;
        ulong last = 0;
        foreach (var segment in segments)
        {
            _row.Place(segment);
            PassHead(file, target, segment.Offset - sizeof(ulong), prefix, crc);
            var scan = new GrafeoGroupScan(
                segment,
                ChecksFrames(bundle),
                frame =>
                {
                    last = Math.Max(last, frame.Epoch ?? 0);
                    if (_row.Extends(frame))
                    {
                        OnGroup?.Invoke(frame);
                    }
                }
            );
            context.Copy(
                file,
                segment.Frames,
                target,
                segment.Frames.Start,
                block =>
                {
                    crc.Append(block);
                    scan.Take(block);
                }
            );
            tail ??= scan.Tail is { } t ? InGroup(scan, t) : null;
            _row.Add(segment);
        }
        CheckSum(bundle, crc.GetCurrentHashAsUInt32());
        if (tail is not null)
        {
            throw tail.At(bundle.Path);
        }
        if (last > header.End.Value)
        {
            Add(ErrorCode.Malformed, $"the segment holds epoch {last}, the manifest ends at {header.End}", bundle);
        }
    }

    /// <summary>Without a manifest the frames' own checksums are all there is.</summary>
    private bool ChecksFrames(GrafeoBundle bundle) => checkFrames || bundle.Entry is null;

    private static BackupException InGroup(GrafeoGroupScan scan, BackupException tail) =>
        new(
            tail.Code,
            $"the backed-up WAL ends in a damaged group at log position {scan.GroupEndLsn}: {tail.Message}",
            offset: tail.Offset,
            inner: tail
        );

    // ---- 0.5.x -------------------------------------------------------------------------------------------------

    private void ReadFrames(BundleHeader header, GrafeoBundle bundle, IDiskFile? target)
    {
        _filter ??= new GrafeoEpochFilter(until) { Follows = header.Start.Value };
        using var file = Open(bundle);
        var range = new FileRange(GbakHeader.Size, file.Length);
        var input = _inputs.Count;
        _inputs.Add(new GrafeoRecordInput(bundle.Path, range));
        var crc = new Crc32();
        PassHead(file, target, 0, GbakHeader.Size, crc);
        var reader = new GrafeoRecordReader(GbakHeader.Size, ChecksFrames(bundle));
        BackupException? damage = null;
        context.Copy(
            file,
            range,
            target,
            range.Start,
            block =>
            {
                crc.Append(block);
                // Behind the last wanted epoch only the checksum of the file counts.
                damage ??= GrafeoFrames.Feed(reader, block, _filter!, input);
            }
        );
        CheckSum(bundle, crc.GetCurrentHashAsUInt32());
        if (!_filter.IsPast && (damage ?? reader.Torn()) is { } torn)
        {
            throw torn.At(bundle.Path);
        }
        foreach (var (from, to) in _filter.Missing.Skip(_missingSeen))
        {
            Lost(bundle, from, to);
        }
        _missingSeen = _filter.Missing.Count;
        var last = _filter.Highest ?? header.Start.Value;
        if (last < header.End.Value && !_filter.IsPast)
        {
            Lost(bundle, last + 1, header.End.Value);
        }
    }

    private void Lost(GrafeoBundle bundle, ulong from, ulong to) =>
        Problems.Add(
            ChainProblem.Warning(
                ErrorCode.ChainGap,
                $"epochs {from}..{to} are in no segment, though the manifest claims them: "
                    + "engines before 0.6.0 lose what is written to the log file that is active during a backup",
                bundle.Path,
                advice: "Take a new full backup; states from this chain lack these commits."
            )
        );

    // ---- both --------------------------------------------------------------------------------------------------

    private static void PassHead(IDiskFile file, IDiskFile? target, long offset, int length, Crc32 crc)
    {
        var bytes = file.UpTo(offset, length);
        crc.Append(bytes);
        target?.Write(bytes, offset);
    }

    private void Try(GrafeoBundle bundle, Action check)
    {
        try
        {
            check();
        }
        catch (BackupException e) when (e.Code is not (ErrorCode.ReadFailed or ErrorCode.AccessDenied))
        {
            Problems.Add(ChainProblem.From(e.At(bundle.Path)));
        }
    }

    private void Add(
        ErrorCode code,
        string message,
        GrafeoBundle bundle,
        ProblemSeverity severity = ProblemSeverity.Error,
        long? offset = null
    ) => Problems.Add(new ChainProblem(severity, code, message, bundle.Path, offset));
}
