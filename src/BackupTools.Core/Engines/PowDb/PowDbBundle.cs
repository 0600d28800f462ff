using BackupTools.Chains;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.PowDb;
using BackupTools.Formats.Primitives;

namespace BackupTools.Engines.PowDb;

/// <summary>A backup folder, its manifest read and its names checked.</summary>
internal sealed record PowDbBundle
{
    public required string Folder { get; init; }

    public required PowDbManifest Manifest { get; init; }

    /// <summary>BLAKE3 of the manifest, lower-case hex.</summary>
    public required string Id { get; init; }

    /// <summary>Ours, without its list of files; null where there is none or none that can be trusted.</summary>
    public PowDbSideFile? Side { get; init; }

    /// <summary>Why a side file that is there cannot be used.</summary>
    public BackupException? SideProblem { get; init; }

    public string Name => Path.GetFileName(Folder);

    public string ManifestPath => ManifestPathOf(Folder, Manifest.IsIncrement);

    public string PathOf(string file) => Path.Combine(Folder, file);

    /// <summary>The log that the bundle carries where its manifest has no place for it; null for none.</summary>
    public PowDbWhole? SideWal =>
        Side?.Wal is { } wal ? new PowDbWhole(PowDbNames.Wal, (ulong)wal.Length, wal.Blake3) : null;

    /// <summary>What the manifest lists, and the log beside it.</summary>
    public IReadOnlyList<PowDbEntry> Entries => SideWal is { } wal ? [.. Manifest.Entries, wal] : Manifest.Entries;

    public static string ManifestPathOf(string folder, bool increment) =>
        Path.Combine(folder, increment ? PowDbNames.Increment : PowDbNames.Manifest);

    /// <summary>Opens the bundle that a header was read from.</summary>
    /// <exception cref="BackupException">It has changed since, or its manifest is not acceptable.</exception>
    public static PowDbBundle Open(BundleHeader header, EngineContext context)
    {
        var bundle = Open(header.FullName, header.Kind == BundleKind.Incremental, context);
        return string.Equals(bundle.Id, header.Id, StringComparison.Ordinal)
            ? bundle
            : throw new BackupException(
                ErrorCode.ChecksumMismatch,
                "the manifest has changed since it was first read",
                bundle.ManifestPath,
                expected: header.Id,
                actual: bundle.Id
            );
    }

    /// <summary>Opens a backup folder.</summary>
    /// <exception cref="BackupException">Malformed, UnsupportedVersion, UnsafeName.</exception>
    public static PowDbBundle Open(string folder, bool increment, EngineContext context)
    {
        var path = ManifestPathOf(folder, increment);
        var file = PowDbManifestFile.Read(path, increment, context);
        if (file.Manifest is null)
        {
            throw file.Error!;
        }
        return Of(folder, file, context);
    }

    /// <summary>The bundle that a sound manifest makes of a folder.</summary>
    /// <exception cref="BackupException">Malformed, UnsafeName, or ChecksumMismatch with the side file.</exception>
    public static PowDbBundle Of(string folder, PowDbManifestFile file, EngineContext context)
    {
        var bundle = new PowDbBundle
        {
            Folder = folder,
            Manifest = file.Manifest!,
            Id = file.Id.ToString(),
        };
        bundle.RequireSafeEntries();
        PowDbSideFile? side;
        try
        {
            side = ReadSide(folder, context.Disk);
        }
        catch (BackupException e) when (ErrorCodes.KindOf(e.Code) is ErrorKind.Damaged or ErrorKind.Unsupported)
        {
            return bundle with { SideProblem = e.At(bundle.PathOf(PowDbSideFile.FileName)) };
        }
        if (side is not null && !string.Equals(side.BundleId, bundle.Id, StringComparison.Ordinal))
        {
            // The side file is whole, so it is the manifest that is not what it was: a changed name in it would go
            // unnoticed otherwise.
            throw new BackupException(
                ErrorCode.ChecksumMismatch,
                "the manifest is not the one that its side file was written for",
                bundle.ManifestPath,
                expected: side.BundleId,
                actual: bundle.Id,
                recommendation: "Use another copy of the backup. If the side file is the wrong one, delete it."
            );
        }
        return bundle with { Side = side is null ? null : side with { Files = [], Dropped = [] } };
    }

    /// <summary>The files of the state after this bundle, from the side file; null without one.</summary>
    public IReadOnlyList<PowDbStateFile>? ReadState(EngineContext context) =>
        Side is null ? null : ReadSide(Folder, context.Disk)?.Files;

    /// <summary>Opens one of the bundle's files: a regular file and no link, before and after opening.</summary>
    /// <exception cref="BackupException">MissingFile or UnsafeName.</exception>
    public IDiskFile OpenFile(string name, EngineContext context)
    {
        var path = PathOf(name);
        var entry = RequireFile(name, context.Disk.Stat(path));
        var file = context.Disk.OpenRead(path);
        if (file.Stat().IsSameFileAs(entry))
        {
            return file;
        }
        file.Dispose();
        throw new BackupException(ErrorCode.UnsafeName, $"{name} was replaced while it was opened", path);
    }

    /// <summary>The same of a file that is listed, as long as it has to be.</summary>
    /// <exception cref="BackupException">MissingFile, UnsafeName or LengthMismatch.</exception>
    public IDiskFile OpenFile(PowDbEntry entry, EngineContext context) =>
        OpenFile(entry.FileName, context)
            .Into(file =>
            {
                PowDbAssembly.RequireLength(entry, file.Length, file.Path);
                return file;
            });

    /// <summary>
    /// Requires every file that the manifest lists to be in the folder, and as long as it says: by the listing alone.
    /// </summary>
    /// <exception cref="BackupException">MissingFile, LengthMismatch or UnsafeName.</exception>
    public void RequireListed(IReadOnlyList<DiskEntry> listing, IDisk disk)
    {
        var there = listing.ToDictionary(e => e.Name, StringComparer.Ordinal);
        foreach (var entry in Entries)
        {
            var name = entry.FileName;
            // Only the disk knows in which other spelling it has a name.
            var file = RequireFile(name, there.GetValueOrDefault(name) ?? disk.Stat(PathOf(name)));
            // How long an encrypted one is cannot be read.
            if (file.ArchivedAs is null)
            {
                PowDbAssembly.RequireLength(entry, file.Length, file.Path);
            }
        }
    }

    private DiskEntry RequireFile(string name, DiskEntry? entry) =>
        entry is null
            ? throw new BackupException(ErrorCode.MissingFile, $"{name} is missing from the backup", PathOf(name))
        : entry.Kind == DiskEntryKind.File ? entry
        : throw new BackupException(ErrorCode.UnsafeName, $"{name} is not a regular file", PathOf(name));

    /// <summary>
    /// A log in the folder that neither manifest nor side file lists may be what completes the pages, so it can neither
    /// be used nor be left out in silence. Null when there is none.
    /// </summary>
    public ChainProblem? HasUnknownWal(EngineContext context)
    {
        var path = PathOf(PowDbNames.Wal);
        var isListed = Entries.Any(e => string.Equals(e.Name, PowDbNames.Wal, StringComparison.Ordinal));
        return isListed || context.Disk.Stat(path) is null
            ? null
            : ChainProblem.Error(
                ErrorCode.MissingFile,
                "the backup holds a log, but the side file that describes it is missing or damaged",
                SideProblem?.FullName ?? path,
                advice: $"Bring back {PowDbSideFile.FileName} of this backup, or restore an earlier position."
            );
    }

    /// <summary>The place that the side file gives a bundle whose manifest says nothing; null without a sound one.</summary>
    public static DateTimeOffset? OrderOf(string folder, IDisk disk)
    {
        try
        {
            return ReadSide(folder, disk) is { } side
                ? side.TakenAfterUtc is { } place
                    ? ClockOrder.After(place)
                    : side.CreatedUtc
                : null;
        }
        catch (BackupException)
        {
            return null; // the bundle is reported as unreadable as it is
        }
    }

    private static PowDbSideFile? ReadSide(string folder, IDisk disk)
    {
        var path = Path.Combine(folder, PowDbSideFile.FileName);
        return disk.Stat(path) switch
        {
            null when disk.Stat(Path.Combine(folder, PowDbSideFile.TableFileName)) is not null =>
                throw new BackupException(ErrorCode.MissingFile, "the side file is missing", path),
            null => null,
            { Kind: DiskEntryKind.File } => PowDbSideFile.Read(SmallFile.Read(disk, path, PowDbSideFile.MaxLength)),
            _ => throw new BackupException(ErrorCode.UnsafeName, "the side file is not a regular file", path),
        };
    }

    private void RequireSafeEntries()
    {
        try
        {
            var names = new HashSet<string>(StringComparer.Ordinal);
            foreach (var entry in Manifest.Entries)
            {
                PowDbNames.RequireSafe(entry.Name);
                if (entry is PowDbPages pages)
                {
                    PowDbDelta.RequireSafe(pages);
                }
                else if (entry is PowDbWhole { Length: > long.MaxValue } whole)
                {
                    throw Fault.Malformed($"{whole.Name} cannot have {whole.Length} bytes");
                }
                if (!names.Add(entry.Name))
                {
                    throw Fault.Malformed($"the manifest lists {entry.Name} twice");
                }
            }
        }
        catch (BackupException e)
        {
            throw e.At(ManifestPath);
        }
    }
}
