using System.Buffers;
using System.Globalization;
using System.Text.RegularExpressions;
using BackupTools.Chains;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.Spg;
using BackupTools.Options;

namespace BackupTools.Engines.Spg;

/// <summary>Finds bundles, reads their headers, and names new ones.</summary>
internal static partial class SpgBundles
{
    public const string Extension = ".bkp";

    // One read serves the header of a small bundle whole.
    private const int FirstRead = 4096;
    private const string After = "-after-";
    private const string TimeFormat = "yyyyMMdd'T'HHmmssfff'Z'";

    /// <summary>
    /// The bundles that the path is or directly holds: whatever has the extension or begins like a bundle.
    /// </summary>
    public static IEnumerable<BundleReadResult> Read(string path, EngineContext context)
    {
        var disk = context.Disk;
        var entry =
            disk.Stat(path) ?? throw new BackupException(ErrorCode.PathNotFound, "the path does not exist", path);
        if (entry.Kind != DiskEntryKind.Directory)
        {
            return TryRead(path, context) is { } one ? [one] : [];
        }
        return SideBySide.Read(
            disk.List(path)
                .Where(e => e.Kind is DiskEntryKind.File or DiskEntryKind.Link && !StagingArea.IsStagingName(e.Name)),
            e =>
                Strangers.Of(e, IsNamedLikeOne, disk) is { } stranger
                    ? BundleReadResult.Passed(e.Path, stranger)
                    : context.Remembered(EngineNames.Spg, e.Path, [e], () => TryRead(e.Path, context)),
            context
        );
    }

    /// <summary>The database a bundle is of, as far as its name is one that <see cref="NewPath"/> gives.</summary>
    public static string? SeriesOf(string fileName) =>
        NameShape().Match(fileName) is { Success: true } match ? match.Groups["series"].Value : null;

    /// <summary>A name for a new bundle that nothing in the folder has.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="series">The database's name in the names of its bundles.</param>
    /// <param name="time">When the bundle was taken.</param>
    /// <param name="after">Its <see cref="BundleHeader.TakenAfterUtc"/>: the file itself has no field for it.</param>
    /// <param name="kind">Full or increment.</param>
    /// <param name="disk">The disk.</param>
    public static string NewPath(
        string folder,
        string series,
        DateTimeOffset time,
        DateTimeOffset? after,
        BundleKind kind,
        IDisk disk
    )
    {
        var name = string.Create(
            CultureInfo.InvariantCulture,
            $"{series}-{Stamp(time)}-{(kind == BundleKind.Full ? "full" : "incr")}"
        );
        name += after is { } place ? $"{After}{Stamp(place)}" : "";
        var path = Path.Combine(folder, name + Extension);
        for (var n = 2; disk.Stat(path) is not null; n++)
        {
            path = Path.Combine(folder, $"{name}-{n}{Extension}");
        }
        return path;
    }

    private static string Stamp(DateTimeOffset time) =>
        time.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture);

    private static DateTimeOffset? TakenAfter(string fileName) => TimeIn(NameShape().Match(fileName).Groups["after"]);

    private static DateTimeOffset? TimeIn(Group part) =>
        part is { Success: true, Value: var stamp }
        && DateTimeOffset.TryParseExact(
            stamp,
            TimeFormat,
            CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal,
            out var time
        )
            ? time
            : null;

    private static bool IsNamedLikeOne(string name) => name.EndsWith(Extension, StringComparison.OrdinalIgnoreCase);

    private static BundleReadResult? TryRead(string path, EngineContext context)
    {
        var isNamedLikeOne = IsNamedLikeOne(path);
        var start = ArrayPool<byte>.Shared.Rent(FirstRead);
        try
        {
            using var file = context.Disk.OpenRead(path);
            if (context.FactsOf(path) is not null)
            {
                // More than what it needs is not there to be read.
                return BundleReadResult.Ok(Describe(SpgBundle.Read(file), path));
            }
            var length = file.ReadUpTo(start.AsSpan(0, isNamedLikeOne ? FirstRead : 8), 0);
            return isNamedLikeOne || SpgBundleHeader.ClaimsToBeBundle(start.AsSpan(0, length))
                ? BundleReadResult.Ok(Describe(SpgBundle.Read(file, start.AsMemory(0, length)), path))
                : null;
        }
        catch (BackupException e)
        {
            // A file of another kind that cannot be read does not concern us.
            return isNamedLikeOne || e.Kind is ErrorKind.Damaged ? Placed(BundleReadResult.Bad(path, e)) : null;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(start);
        }
    }

    /// <summary>A name that <see cref="NewPath"/> gave tells the place, whatever happened to the content.</summary>
    private static BundleReadResult Placed(BundleReadResult bad)
    {
        var name = Path.GetFileName(bad.FullName);
        return bad with
        {
            Series = SeriesOf(name),
            OrderUtc = TakenAfter(name) is { } place
                ? ClockOrder.After(place)
                : TimeIn(NameShape().Match(name).Groups["time"]),
        };
    }

    private static BundleHeader<SpgBundle> Describe(SpgBundle bundle, string path)
    {
        var name = NameShape().Match(Path.GetFileName(path));
        return new()
        {
            Engine = EngineNames.Spg,
            Kind = bundle.IsFull ? BundleKind.Full : BundleKind.Incremental,
            Start = Position(bundle.Start),
            End = Position(bundle.Header.WalPos),
            CreatedUtc = bundle.CreatedUtc,
            TakenAfterUtc = TimeIn(name.Groups["after"]),
            TellsOrder = bundle.Baseline is not null,
            Length = bundle.FileLength,
            FullName = path,
            Format = $"SPGBKUP v{bundle.Header.Version}",
            Id = bundle.Id.ToString(),
            Series = name.Success ? name.Groups["series"].Value : null,
            HasOwnName = name.Success,
            // Only CHECKPOINT writes the database file that is the snapshot, and never an old one again.
            Origin = SpgEpoch.IsDatabaseTellable(bundle) && bundle.Snapshot is { } s ? new(s, IsLasting: false) : null,
            Checksum = bundle.StoredCrc is { } crc ? $"{crc:x8}" : null,
            Notes =
            [
                .. SpgContinuity.CheckAlone(bundle, path).Select(p => p with { Severity = ProblemSeverity.Warning }),
            ],
            Parsed = bundle,
        };
    }

    public static ChainPosition Position(ulong value) => new(value, PositionUnit.WalBytes);

    [GeneratedRegex(
        @"^(?<series>.+)-(?<time>\d{8}T\d{9}Z)-(full|incr)(-after-(?<after>\d{8}T\d{9}Z))?(-\d+)?\.bkp$",
        RegexOptions.ExplicitCapture,
        NameMatching.TimeoutMilliseconds
    )]
    private static partial Regex NameShape();
}
