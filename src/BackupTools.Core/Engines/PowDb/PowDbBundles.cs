using System.Globalization;
using System.Text.RegularExpressions;
using BackupTools.Chains;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.PowDb;
using BackupTools.Options;

namespace BackupTools.Engines.PowDb;

/// <summary>Names bundles, finds them, and reads their headers.</summary>
internal static partial class PowDbBundles
{
    /// <summary>The name of a new bundle; <paramref name="again"/> counts from 2 where the name is taken.</summary>
    public static string NameOf(string series, DateTimeOffset time, BundleKind kind, int again = 1)
    {
        var stamp = time.UtcDateTime.ToString("yyyyMMdd'T'HHmmssfff'Z'", CultureInfo.InvariantCulture);
        var name = $"{series}-{stamp}-{(kind == BundleKind.Full ? "full" : "incr")}";
        return again > 1 ? $"{name}-{again}" : name;
    }

    /// <summary>The first path that nothing has yet; <paramref name="nameOf"/> counts from 1.</summary>
    public static string FreePath(string folder, Func<int, string> nameOf, IDisk disk)
    {
        for (var again = 1; ; again++)
        {
            var path = Path.Combine(folder, nameOf(again));
            if (disk.Stat(path) is null)
            {
                return path;
            }
        }
    }

    /// <summary>The series of a data directory's backups: its name.</summary>
    public static string SeriesOfSource(string sourcePath) =>
        Path.GetFileName(Path.TrimEndingDirectorySeparator(sourcePath)) is { Length: > 0 } name ? name : "powdb";

    /// <summary>The part of a bundle's name before time and kind; null when the name is not one of ours.</summary>
    public static string? SeriesOf(string name) =>
        OurName().Match(name) is { Success: true } m ? m.Groups["series"].Value : null;

    /// <summary>The bundle that the folder is, otherwise those directly in it.</summary>
    public static IEnumerable<BundleReadResult> Read(string path, EngineContext context)
    {
        var disk = context.Disk;
        if (disk.Stat(path) is not { Kind: DiskEntryKind.Directory or DiskEntryKind.Link })
        {
            return [];
        }
        if (TryRead(path, context) is { } self)
        {
            return [self];
        }
        var entries = disk.List(path);
        var names = entries.Where(e => e.Kind == DiskEntryKind.Directory).Select(e => e.Name).ToHashSet();
        return SideBySide.Read(
            entries,
            entry =>
                Strangers.Of(entry, n => names.Contains(n) && SeriesOf(n) is not null, disk) is { } stranger
                    ? BundleReadResult.Passed(entry.Path, stranger)
                : entry.Kind == DiskEntryKind.Directory && !StagingArea.IsStagingName(entry.Name)
                    ? TryRead(entry.Path, context)
                : null,
            context
        );
    }

    /// <summary>Null when the folder does not look like a bundle of this engine.</summary>
    private static BundleReadResult? TryRead(string folder, EngineContext context) =>
        TryReadHeader(folder, context) is { } read ? Placed(read, context.Disk) : null;

    /// <summary>What the manifest no longer says, name and side file may still tell.</summary>
    private static BundleReadResult Placed(BundleReadResult read, IDisk disk) =>
        read.Error is null
            ? read
            : read with
            {
                Series = SeriesOf(Path.GetFileName(read.FullName)),
                OrderUtc = PowDbBundle.OrderOf(read.FullName, disk),
            };

    private static BundleReadResult? TryReadHeader(string folder, EngineContext context)
    {
        IReadOnlyList<DiskEntry> entries;
        try
        {
            entries = context.Disk.List(folder);
        }
        catch (BackupException e) when (e.Code == ErrorCode.PathNotFound)
        {
            return null; // it has just been removed
        }
        var spelled = OwnSpelling.Of(folder, entries, PowDbNames.Spelled, context.Disk);
        var names = spelled.Select(e => e.Name).ToHashSet(StringComparer.Ordinal);
        var full = names.Contains(PowDbNames.Manifest);
        var increment = names.Contains(PowDbNames.Increment);
        // What else says whose folder it is, when its manifest is gone or too damaged to tell.
        var isOurs = names.Contains(PowDbSideFile.TableFileName);
        try
        {
            if (!full && !increment)
            {
                return isOurs
                    ? BundleReadResult.Bad(
                        folder,
                        new BackupException(ErrorCode.MissingFile, "the backup's manifest is missing", folder)
                    )
                    : null;
            }
            if (full && increment)
            {
                throw new BackupException(
                    ErrorCode.Malformed,
                    $"the folder holds both {PowDbNames.Manifest} and {PowDbNames.Increment}",
                    folder
                );
            }
            var manifest = RequireFile(spelled.First(e => e.Name is PowDbNames.Manifest or PowDbNames.Increment).Entry);
            return context.Remembered(EngineNames.PowDb, folder, entries, () => ReadManifest(manifest));
        }
        catch (BackupException e)
        {
            return BundleReadResult.Bad(folder, e);
        }

        BundleReadResult? ReadManifest(DiskEntry manifest)
        {
            var file = PowDbManifestFile.Read(manifest.Path, increment, context);
            if (file.Error is null)
            {
                var bundle = PowDbBundle.Of(folder, file, context);
                // Whoever keeps this bundle in place of another relies on its being more than a manifest.
                bundle.RequireListed(entries, context.Disk);
                return BundleReadResult.Ok(Header(bundle, entries));
            }
            return file.IsRecognised || isOurs || increment || names.Contains(PowDbNames.Catalog)
                ? BundleReadResult.Bad(folder, file.Error)
                : null;
        }
    }

    private static DiskEntry RequireFile(DiskEntry manifest) =>
        manifest.Kind == DiskEntryKind.File
            ? manifest
            : throw new BackupException(ErrorCode.UnsafeName, "the manifest is not a regular file", manifest.Path);

    private static BundleHeader Header(PowDbBundle bundle, IReadOnlyList<DiskEntry> entries)
    {
        var manifest = bundle.Manifest;
        return new BundleHeader
        {
            Engine = EngineNames.PowDb,
            Kind = manifest.IsIncrement ? BundleKind.Incremental : BundleKind.Full,
            Start = new ChainPosition(manifest.BaseSourceLsn, PositionUnit.Lsn),
            End = new ChainPosition(manifest.SourceLsn, PositionUnit.Lsn),
            CreatedUtc = Created(bundle),
            TakenAfterUtc = bundle.Side?.TakenAfterUtc,
            TellsOrder = bundle.Side is not null,
            Length = entries.Sum(e => e.Kind == DiskEntryKind.File ? e.Length : 0),
            FullName = bundle.Folder,
            Format = $"PowDB {(manifest.IsIncrement ? "increment" : "backup")} v{PowDbManifest.KnownFormatVersion}",
            Id = bundle.Id,
            Checksum = bundle.Id,
            Series = SeriesOf(bundle.Name),
            HasOwnName = SeriesOf(bundle.Name) is not null,
            ParentId = bundle.Side?.ParentId,
            Notes = Notes(bundle),
        };
    }

    /// <summary>The manifest's second, with our side file's milliseconds where it means the same second.</summary>
    private static DateTimeOffset Created(PowDbBundle bundle)
    {
        var seconds = bundle.Manifest.CreatedUnixSecs;
        if (seconds > (ulong)DateTimeOffset.MaxValue.ToUnixTimeSeconds())
        {
            throw new BackupException(
                ErrorCode.Malformed,
                $"created_unix_secs {seconds} is not a time",
                bundle.ManifestPath
            );
        }
        return bundle.Side is { } side && side.CreatedUtc.ToUnixTimeSeconds() == (long)seconds
            ? side.CreatedUtc
            : DateTimeOffset.FromUnixTimeSeconds((long)seconds);
    }

    private static ChainProblem[] Notes(PowDbBundle bundle) =>
        bundle.Manifest.HasSync
            ?
            [
                ChainProblem.Info(
                    ErrorCode.UnsupportedFormat,
                    "the backup carries a replication identity, which a restore leaves out",
                    bundle.ManifestPath,
                    advice: "Set up replication again after a restore."
                ),
            ]
            : [];

    [GeneratedRegex(
        @"^(?<series>.+)-\d{8}T\d{9}Z-(?:full|incr)(?:-\d+)?$",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture,
        NameMatching.TimeoutMilliseconds
    )]
    private static partial Regex OurName();
}
