using BackupTools.Chains;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.PowDb;
using Blake3;

namespace BackupTools.Engines.PowDb;

/// <summary>A durable file of a data directory, as it looked when the directory was read.</summary>
internal sealed record PowDbSourceFile(string Name, string Path, long Length);

/// <summary>
/// What a data directory holds: the files that its catalogue refers to and those that every database may have
/// (PowDB format, §1). Only looks and reads the catalogue.
/// </summary>
internal sealed record PowDbSource
{
    public required string Folder { get; init; }

    public required PowDbCatalog Catalog { get; init; }

    /// <summary>BLAKE3 of the catalogue that was read.</summary>
    public required Hash CatalogDigest { get; init; }

    /// <summary>The durable files, sorted by name bytewise; the log is none of them.</summary>
    public required IReadOnlyList<PowDbSourceFile> Files { get; init; }

    /// <summary>Durable LSN of a newer engine; 0 where there is none.</summary>
    public required ulong CatalogLsn { get; init; }

    /// <summary>The log's path, whether it exists or not.</summary>
    public string WalPath => Path.Combine(Folder, PowDbNames.Wal);

    /// <summary>Strays and files that are missing but can be done without.</summary>
    public required IReadOnlyList<ChainProblem> Warnings { get; init; }

    /// <summary>Nothing in it is of an engine newer than 0.4.x, whose manifests may list a log.</summary>
    public required bool IsLegacy { get; init; }

    public long Length => Files.Sum(f => f.Length);

    /// <summary>True when the folder holds a catalogue and is not itself a backup. Reads four bytes.</summary>
    public static bool IsDataDirectory(string folder, IDisk disk)
    {
        try
        {
            if (
                disk.Stat(folder) is not { Kind: DiskEntryKind.Directory or DiskEntryKind.Link }
                || disk.Stat(Path.Combine(folder, PowDbNames.Catalog)) is null
                || disk.Stat(Path.Combine(folder, PowDbNames.Manifest)) is not null
                || disk.Stat(Path.Combine(folder, PowDbNames.Increment)) is not null
            )
            {
                return false;
            }
            Span<byte> magic = stackalloc byte[4];
            using var file = disk.OpenRead(Path.Combine(folder, PowDbNames.Catalog));
            return file.Read(magic, 0) == magic.Length && PowDbCatalogReader.HasMagic(magic);
        }
        catch (BackupException)
        {
            return false;
        }
    }

    /// <summary>Looks at a data directory.</summary>
    /// <exception cref="BackupException">SourceNotRecognised, SourceDamaged, MissingFile, UnsupportedVersion.</exception>
    public static PowDbSource Read(string folder, EngineContext context)
    {
        var disk = context.Disk;
        var catalogPath = Path.Combine(folder, PowDbNames.Catalog);
        if (disk.Stat(catalogPath) is null)
        {
            throw new BackupException(ErrorCode.SourceNotRecognised, "no catalog file", catalogPath);
        }
        var (catalog, digest) = ReadCatalog(catalogPath, context);
        var wanted = catalog.DataFiles();
        var present = Present(folder, wanted, disk);
        var files = new List<PowDbSourceFile>();
        var warnings = new List<ChainProblem>();
        // The users too (auth.json): a restored database without them would be an open one.
        foreach (
            var name in wanted.Concat([PowDbNames.Catalog, PowDbNames.CatalogLsn, PowDbNames.Views, PowDbNames.Auth])
        )
        {
            var path = Path.Combine(folder, name);
            if (present.TryGetValue(name, out var entry))
            {
                files.Add(new PowDbSourceFile(name, path, LengthOf(entry, disk)));
            }
            else if (wanted.Contains(name))
            {
                warnings.Add(Missing(name, path, catalog));
            }
        }
        files.Sort((a, b) => string.CompareOrdinal(a.Name, b.Name));
        warnings.AddRange(
            present
                .Where(e => (PowDbNames.IsHeap(e.Key) || PowDbNames.IsIndex(e.Key)) && !wanted.Contains(e.Key))
                .Select(e =>
                    ChainProblem.Warning(
                        ErrorCode.SourceDamaged,
                        $"{e.Value.Name} belongs to no table of the catalog and is not copied",
                        e.Value.Path,
                        advice: "Nothing is lost; the file may be deleted while the engine is stopped."
                    )
                )
        );
        var lsn = present.TryGetValue(PowDbNames.CatalogLsn, out var lsnFile)
            ? ReadLsn(lsnFile.Path, disk)
            : (ulong?)null;
        return new PowDbSource
        {
            Folder = folder,
            Catalog = catalog,
            CatalogDigest = digest,
            Files = files,
            CatalogLsn = lsn ?? 0,
            Warnings = warnings,
            IsLegacy = catalog.IsLegacy && lsn is null,
        };
    }

    /// <summary>What is in the folder, by the names that the engine opens it by: those of the catalogue, and its own.</summary>
    private static Dictionary<string, DiskEntry> Present(string folder, IReadOnlySet<string> wanted, IDisk disk)
    {
        var anyCase = wanted.ToHashSet(StringComparer.OrdinalIgnoreCase);
        return OwnSpelling
            .Of(folder, disk.List(folder), Spelled, disk)
            .ToDictionary(e => e.Name, e => e.Entry, StringComparer.Ordinal);

        string Spelled(string name) =>
            anyCase.Contains(name) ? OwnSpelling.In(name, wanted, anyCase) : PowDbNames.Spelled(name);
    }

    private static (PowDbCatalog Catalog, Hash Digest) ReadCatalog(string path, EngineContext context)
    {
        try
        {
            var bytes = SmallFile.Read(context.Disk, path, PowDbCatalogReader.MaxLength);
            return (PowDbCatalogReader.Read(bytes), Hasher.Hash(bytes));
        }
        catch (BackupException e) when (ErrorCodes.KindOf(e.Code) == ErrorKind.Damaged)
        {
            throw e.At(path).AsSourceDamaged();
        }
        catch (BackupException e)
        {
            throw e.At(path);
        }
    }

    private static ulong ReadLsn(string path, IDisk disk)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong) + 1];
        using var file = disk.OpenRead(path);
        var length = file.Read(bytes, 0);
        return length == sizeof(ulong)
            ? System.Buffers.Binary.BinaryPrimitives.ReadUInt64LittleEndian(bytes)
            : throw new BackupException(
                ErrorCode.SourceDamaged,
                $"the durable LSN has {(length > sizeof(ulong) ? "more than 8" : length)} bytes instead of 8",
                path
            );
    }

    // The engine reads through links, so a heap moved to another disk is read through as well.
    private static long LengthOf(DiskEntry entry, IDisk disk)
    {
        if (entry.Kind == DiskEntryKind.File)
        {
            return entry.Length;
        }
        if (entry.Kind != DiskEntryKind.Link)
        {
            throw new BackupException(ErrorCode.SourceDamaged, "this is not a regular file", entry.Path);
        }
        using var file = disk.OpenRead(entry.Path);
        return file.Length;
    }

    private static ChainProblem Missing(string name, string path, PowDbCatalog catalog)
    {
        // Before 0.5 a missing index is rebuilt without a word; a missing heap, or any file since, is an error.
        if (!catalog.IsLegacy || PowDbNames.IsHeap(name))
        {
            throw new BackupException(
                ErrorCode.MissingFile,
                $"{name}, which the catalog refers to, is missing",
                path,
                recommendation: "Open the database with its engine first, or restore it."
            );
        }
        return ChainProblem.Warning(
            ErrorCode.MissingFile,
            $"{name} is missing; the engine rebuilds it when it opens the database",
            path
        );
    }
}
