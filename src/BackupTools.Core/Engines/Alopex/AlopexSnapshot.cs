using System.Globalization;
using System.Text;
using BackupTools.Chains;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.Alopex;
using BackupTools.Options;
using Blake3;

namespace BackupTools.Engines.Alopex;

/// <summary>
/// A snapshot as found on disk. Without a manifest it is a copy made by the engine's command line (Alopex format,
/// §6.7), or what is left of a snapshot that was interrupted: nothing tells the two apart.
/// </summary>
internal sealed record AlopexSnapshot(AlopexFolder Folder, AlopexManifest? Manifest, byte[]? ManifestBytes)
{
    /// <summary>Lists the folder and reads the manifest.</summary>
    /// <exception cref="BackupException">The manifest does not decode; the folder cannot be read.</exception>
    public static AlopexSnapshot Open(string path, EngineContext context)
    {
        var bytes = ReadManifestBytes(context.Disk, path);
        var manifest = bytes is null ? null : Decode(bytes, path);
        return Of(AlopexFolder.OfSnapshot(path, context), manifest, bytes, context);
    }

    private static AlopexSnapshot Open(AlopexFolder folder, EngineContext context)
    {
        var bytes = ReadManifestBytes(context.Disk, folder.Path);
        return Of(folder, bytes is null ? null : Decode(bytes, folder.Path), bytes, context);
    }

    private static AlopexSnapshot Of(
        AlopexFolder folder,
        AlopexManifest? manifest,
        byte[]? bytes,
        EngineContext context
    ) => new(manifest is null ? folder : folder.AsListed(manifest, context.Disk), manifest, bytes);

    /// <summary>The manifest of a snapshot; null when it has none.</summary>
    /// <exception cref="BackupException">It does not decode.</exception>
    public static AlopexManifest? ReadManifest(IDisk disk, string path) =>
        ReadManifestBytes(disk, path) is { } bytes ? Decode(bytes, path) : null;

    /// <summary>
    /// Decides whether a folder is a snapshot or a data directory, which look alike. A name as snapshots have it
    /// decides. Else a manifest must fit what is there, and nothing may be there that only a place in use has: the
    /// reference's restore leaves the manifest of what it restored in the data directory (§6.8).
    /// </summary>
    public static bool IsOne(string path, EngineContext context)
    {
        var disk = context.Disk;
        if (disk.Stat(path) is not { Kind: DiskEntryKind.Directory or DiskEntryKind.Link })
        {
            return false;
        }
        // Asked of every folder beside bundles of any engine: most answers need no listing.
        var hasManifest = disk.Stat(Path.Combine(path, AlopexNames.Manifest)) is not null;
        if (AlopexNames.SnapshotTime(Path.GetFileName(Path.TrimEndingDirectorySeparator(path))) is not null)
        {
            return hasManifest || Names().Any(n => n is AlopexNames.Wal or AlopexNames.Meta or AlopexNames.Tables);
        }
        return hasManifest && !Names().Any(AlopexNames.StaysInPlace) && Fits(path, context);

        IEnumerable<string> Names() => AlopexFolder.Entries(path, isRoot: true, disk).Select(e => e.Name);
    }

    /// <summary>
    /// The header of the snapshot (§6.3): its position from checkpoint.meta and the frames of the log, its time from name
    /// and dates (<see cref="AlopexDates"/>), its cost from sizes and link counts.
    /// </summary>
    /// <exception cref="BackupException">What claims to be a snapshot has no readable log or manifest.</exception>
    public static BundleHeader ReadHeader(string path, EngineContext context)
    {
        var folder = AlopexFolder.OfSnapshot(path, context);
        var manifest = context.Disk.Stat(Path.Combine(path, AlopexNames.Manifest));
        DiskEntry[] files = [.. folder.Files.Concat(folder.Others).Select(f => f.Entry)];
        return context.Remembered(
            EngineNames.Alopex,
            path,
            manifest is null ? files : [.. files, manifest],
            () => HeaderOf(Open(folder, context), manifest, context)
        )!;
    }

    private static BundleHeader HeaderOf(AlopexSnapshot snapshot, DiskEntry? manifestFile, EngineContext context)
    {
        var path = snapshot.Folder.Path;
        // Whoever keeps this snapshot in place of another relies on its being more than a manifest.
        AlopexListing.RequireEntries(path, snapshot);
        var walFile =
            snapshot.Folder.Find(AlopexNames.Wal)
            ?? throw new BackupException(
                ErrorCode.MissingFile,
                snapshot.Manifest is null
                    ? "neither snapshot.manifest nor lsm.wal is here: a backup that was interrupted"
                    : "snapshot missing lsm.wal",
                path
            );
        var traces = AlopexTraces.Behind(path, context);
        var meta = snapshot.ReadMeta(context.Disk, out _);
        var inLog = traces is null ? LastLsn(walFile, context) : traces.LastLsn;
        var lsn = Math.Max(meta?.CheckpointLsn ?? 0, inLog ?? 0);
        var end = new ChainPosition(lsn, PositionUnit.Lsn);
        var name = Path.GetFileName(Path.TrimEndingDirectorySeparator(path));
        var dates = AlopexDates.Of(name, walFile.Entry.ModifiedUtc, manifestFile?.ModifiedUtc);
        return new BundleHeader
        {
            Engine = EngineNames.Alopex,
            Kind = BundleKind.Full,
            Start = end,
            End = end,
            CreatedUtc = dates.CreatedUtc,
            TakenAfterUtc = dates.TakenAfterUtc,
            TellsOrder = dates.TellsOrder,
            PerhapsAtUtc = dates.PerhapsAtUtc,
            Length = snapshot.Folder.Files.Sum(OnDisk) + (snapshot.ManifestBytes?.Length ?? 0),
            SharedBytes = snapshot.Folder.Files.Where(f => f.Entry.LinkCount > 1).Sum(OnDisk),
            FullName = path,
            Format = snapshot.Manifest is null ? "copy without manifest" : $"{AlopexNames.Manifest} v1",
            Id = snapshot.Identify(name, meta),
            ContentId = snapshot.ManifestBytes is { } content ? Hasher.Hash(content).ToString() : null,
            HasOwnName = AlopexNames.SnapshotTime(name) is not null,
            Origin = (traces?.Origin ?? AlopexContinuation.OriginOf(snapshot.Folder, context)) is { } origin
                ? new(origin, true)
                : null,
            Notes = snapshot.Manifest is null ? [WithoutManifest(path)] : [],
        };
    }

    private static ulong? LastLsn(AlopexFile log, EngineContext context)
    {
        using var wal = AlopexWalFile.Open(context.Disk, log.FullName);
        return wal.Frames(context.Cancellation).LastLsn;
    }

    /// <summary>The finding that a snapshot has no manifest; not an error, because the engine makes such copies.</summary>
    public static ChainProblem WithoutManifest(string path) =>
        ChainProblem.Warning(
            ErrorCode.MissingFile,
            "made by the engine's command line, or interrupted: without snapshot.manifest it is unknown whether a file "
                + "is missing",
            path,
            advice: "Take a new backup; tables and log were checked by their own checksums only."
        );

    /// <summary>checkpoint.meta; null when the engine would take it for absent.</summary>
    public AlopexCheckpointMeta? ReadMeta(IDisk disk, out string fault)
    {
        fault = "it is missing";
        if (Folder.Find(AlopexNames.Meta) is not { } file)
        {
            return null;
        }
        using var open = disk.OpenRead(file.FullName);
        var bytes = open.Bytes(0, Math.Min(open.Length, AlopexCheckpointMeta.Size));
        if (AlopexCheckpointMeta.TryRead(bytes, out var meta, out var why))
        {
            return meta;
        }
        fault = why;
        return null;
    }

    private static byte[]? ReadManifestBytes(IDisk disk, string path)
    {
        var file = Path.Combine(path, AlopexNames.Manifest);
        if (disk.Stat(file) is not { } entry)
        {
            return null;
        }
        if (entry.Kind != DiskEntryKind.File || entry.Length > AlopexManifest.LargestSize)
        {
            throw new BackupException(
                ErrorCode.Malformed,
                $"the manifest is not a file of at most {AlopexManifest.LargestSize} bytes",
                file
            );
        }
        using var open = disk.OpenRead(file);
        return open.Bytes(0, entry.Length);
    }

    private static AlopexManifest Decode(byte[] bytes, string path) =>
        BackupException.Naming(Path.Combine(path, AlopexNames.Manifest), () => AlopexManifest.Read(bytes));

    private static bool Fits(string path, EngineContext context)
    {
        try
        {
            var snapshot = Open(path, context);
            var there = snapshot.Folder.Files.ToDictionary(
                f => f.Name,
                f => (ulong)f.Entry.Length,
                StringComparer.Ordinal
            );
            return there.Count == snapshot.Manifest!.Entries.Count
                && snapshot.Manifest.Entries.All(e => there.TryGetValue(e.Name, out var size) && size == e.Size);
        }
        catch (BackupException e) when (e.Kind is ErrorKind.Damaged or ErrorKind.Unsupported)
        {
            return false;
        }
    }

    // The log is half a gigabyte by its length and next to nothing on disk; tables have no holes.
    private static long OnDisk(AlopexFile file) =>
        file.Name.StartsWith(AlopexNames.Wal, StringComparison.Ordinal)
            ? Math.Min(file.Entry.Length, file.Entry.AllocatedBytes)
            : file.Entry.Length;

    /// <summary>
    /// The manifest identifies the content. Two snapshots of a database that did not change have the same one, so the
    /// name, which tells their times, counts too.
    /// </summary>
    private string Identify(string name, AlopexCheckpointMeta? meta)
    {
        var hasher = Hasher.New();
        hasher.Update(Encoding.UTF8.GetBytes(AlopexNames.SnapshotTime(name) is null ? "" : name));
        if (ManifestBytes is not null)
        {
            hasher.Update(ManifestBytes);
        }
        else
        {
            var list = Folder.Files.Select(f =>
                string.Create(CultureInfo.InvariantCulture, $"{f.Name}\0{f.Entry.Length}\n")
            );
            hasher.Update(Encoding.UTF8.GetBytes($"{meta}\n{string.Concat(list)}"));
        }
        return hasher.Finalize().ToString();
    }
}
