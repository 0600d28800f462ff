using System.Text;
using BackupTools.Chains;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.Primitives;
using BackupTools.Formats.Sqlite;
using BackupTools.Options;

namespace BackupTools.Engines.Sqlite;

/// <summary>
/// The generations of Litestream 0.3 as bundles that chain: snapshots are fulls, pieces of WAL files are increments
/// (SQLite format, §5).
/// </summary>
/// <remarks>
/// A piece does not say how long it is, and its name does not say on what it builds: each is decompressed to be counted,
/// so that a hole is seen where chains are listed. What it should build on and what is not there is named by an id that
/// no bundle has.
/// </remarks>
internal static class GenerationBundles
{
    private const int TailLength = 16;

    /// <summary>The bundles of all generations of a replica.</summary>
    public static IEnumerable<BundleReadResult> Read(SqliteReplica replica, string series, EngineContext context) =>
        SqliteReplica
            .Folders(replica.Generations, context.Disk)
            .Where(e => LitestreamNames.IsGeneration(e.Name))
            .SelectMany(e => Placed([.. ReadGeneration(e.Path, series, context)]));

    /// <summary>Of a generation the index in the name tells what is older than a snapshot that can be read.</summary>
    private static IEnumerable<BundleReadResult> Placed(IReadOnlyList<BundleReadResult> generation)
    {
        var newest = generation
            .Select(r => r.Header is { } header && SqliteBundle.Of(header) is SnapshotBundle of ? of.Index : 0u)
            .DefaultIfEmpty()
            .Max();
        return generation.Select(r =>
            r.Error is not null && IndexOf(r.FullName) < newest ? r with { OrderUtc = DateTimeOffset.MinValue } : r
        );
    }

    private static uint IndexOf(string path) =>
        LitestreamNames.TryWal(Path.GetFileName(path), out var index, out _) ? index
        : LitestreamNames.TrySnapshot(Path.GetFileName(path), out index) ? index
        : uint.MaxValue;

    /// <summary>True for the path of a file that this class reads.</summary>
    public static bool IsBundle(string path) =>
        GenerationOf(path) is not null
        && (
            LitestreamNames.TrySnapshot(Path.GetFileName(path), out _)
            || LitestreamNames.TryWal(Path.GetFileName(path), out _, out _)
        );

    /// <summary>The one bundle that a file is; its generation is read, as its parent is found there.</summary>
    public static IEnumerable<BundleReadResult> ReadOne(string path, EngineContext context)
    {
        var series = Path.GetFileName(ReplicaOf(path)) ?? "";
        return ReadGeneration(GenerationOf(path)!, series, context).Where(r => r.FullName == path);
    }

    /// <summary>The folder of the database that a bundle is of.</summary>
    public static string? ReplicaOf(string path) => Path.GetDirectoryName(Path.GetDirectoryName(GenerationOf(path)));

    /// <summary>The pieces of a WAL file beside a snapshot, by offset.</summary>
    public static IEnumerable<(string Path, uint Offset)> PiecesOf(string snapshot, uint index, IDisk disk) =>
        SqliteReplica
            .Files(Path.Combine(GenerationOf(snapshot)!, LitestreamNames.Wal), disk)
            .Select(f => (f.Path, IsPiece: LitestreamNames.TryWal(f.Name, out var of, out var at) && of == index, at))
            .Where(f => f.IsPiece)
            .Select(f => (f.Path, f.at))
            .OrderBy(f => f.at);

    /// <summary>0.3 has no transaction numbers: the number of the WAL file × 2³² + the offset in it.</summary>
    public static ChainPosition Position(uint index, long offset) =>
        new(((ulong)index << 32) + (ulong)offset, PositionUnit.WalIndexOffset);

    private static string? GenerationOf(string path)
    {
        var kind = Path.GetDirectoryName(path);
        var generation = Path.GetDirectoryName(kind);
        return
            Path.GetFileName(kind) is LitestreamNames.Snapshots or LitestreamNames.Wal
            && generation is not null
            && LitestreamNames.IsGeneration(Path.GetFileName(generation))
            ? generation
            : null;
    }

    private static IEnumerable<BundleReadResult> ReadGeneration(string folder, string series, EngineContext context)
    {
        var disk = context.Disk;
        var generation = Path.GetFileName(folder);
        var snapshots = new Dictionary<uint, string>();
        var pieces = SqliteReplica.Files(Path.Combine(folder, LitestreamNames.Wal), disk).ToList();
        foreach (var file in SqliteReplica.Files(Path.Combine(folder, LitestreamNames.Snapshots), disk))
        {
            if (!LitestreamNames.TrySnapshot(file.Name, out var index))
            {
                continue;
            }
            var result = TryDescribe(
                file with
                {
                    ModifiedUtc = StateTime(file, index, pieces),
                },
                series,
                new SnapshotBundle(generation, index),
                Position(index, 0),
                disk
            );
            if (result.Header is { } header)
            {
                snapshots.Add(index, header.Id);
            }
            yield return result;
        }
        var last = (Index: 0u, End: -1L, Id: "");
        var log = new GenerationLog();
        foreach (var file in pieces)
        {
            if (!LitestreamNames.TryWal(file.Name, out var index, out var offset))
            {
                continue;
            }
            context.Cancellation.ThrowIfCancellationRequested();
            var parent =
                offset == 0 && snapshots.TryGetValue(index, out var snapshot) ? snapshot
                : Follows(last.Index, last.End, index, offset) ? last.Id
                : null;
            var piece = new WalBundle(generation, index, offset, 0);
            var result = ReadPiece(file, series, piece, parent, log, continues: parent == last.Id, context);
            yield return result;
            last = result.Header is { } header
                ? (index, offset + ((WalBundle)SqliteBundle.Of(header)).Length, header.Id)
                : (index, -1, "");
        }
    }

    /// <summary>
    /// A snapshot holds the state from before its WAL file, but is uploaded at any time after: that state was there when
    /// the first piece of it, or of a later one, came.
    /// </summary>
    private static DateTimeOffset StateTime(DiskEntry snapshot, uint index, List<DiskEntry> pieces) =>
        pieces
            .Where(p => LitestreamNames.TryWal(p.Name, out var of, out _) && of >= index)
            .Append(snapshot)
            .Min(p => p.ModifiedUtc);

    /// <summary>A WAL file begins where the one before was left, wherever that was.</summary>
    private static bool Follows(uint lastIndex, long lastEnd, uint index, uint offset) =>
        lastEnd >= 0 && (offset == 0 ? index == lastIndex + 1 : index == lastIndex && offset == lastEnd);

    private static BundleReadResult ReadPiece(
        DiskEntry file,
        string series,
        WalBundle piece,
        string? parent,
        GenerationLog log,
        bool continues,
        EngineContext context
    )
    {
        try
        {
            var (index, offset) = (piece.Index, piece.Offset);
            long length;
            using (var source = context.Disk.OpenRead(file.Path))
            {
                length = log.Read(source, index, offset, continues, context.Cancellation);
            }
            if (length == 0 || length > uint.MaxValue - offset)
            {
                throw Fault.Malformed($"a piece of {length} bytes of a WAL file");
            }
            var result = TryDescribe(
                file,
                series,
                piece with
                {
                    Length = length,
                },
                Position(index, offset + length),
                context.Disk
            );
            return result.Header is { } header
                ? BundleReadResult.Ok(
                    header with
                    {
                        Kind = BundleKind.Incremental,
                        Start = Position(index, offset),
                        ParentId =
                            log.Missing is null && parent is not null
                                ? parent
                                : Missing(piece.Generation, index, offset),
                        Notes = log.Missing is { } why ? [EndIsMissing(file.Path, index, why)] : [],
                    }
                )
                : result;
        }
        catch (BackupException e)
        {
            return BundleReadResult.Bad(file.Path, e.At(file.Path));
        }
    }

    private static BundleReadResult TryDescribe(
        DiskEntry file,
        string series,
        SqliteBundle parsed,
        ChainPosition end,
        IDisk disk
    )
    {
        try
        {
            return BundleReadResult.Ok(
                new BundleHeader<SqliteBundle>
                {
                    Engine = EngineNames.Sqlite,
                    Kind = BundleKind.Full,
                    Start = end,
                    End = end,
                    CreatedUtc = file.ModifiedUtc,
                    Length = file.Length,
                    FullName = file.Path,
                    Format = "Litestream 0.3",
                    Id = Identity(file, disk),
                    Series = series,
                    Notes = parsed is SnapshotBundle ? [UploadTimes(file.Path)] : [],
                    Parsed = parsed,
                }
            );
        }
        catch (BackupException e)
        {
            return BundleReadResult.Bad(file.Path, e);
        }
    }

    private static ChainProblem UploadTimes(string path) =>
        ChainProblem.Info(
            ErrorCode.TargetNotCovered,
            "Litestream 0.3 records no commit times: the times shown are when the files were uploaded",
            path,
            advice: "Restore by position where seconds matter."
        );

    private static ChainProblem EndIsMissing(string path, uint index, string why) =>
        ChainProblem.Error(
            ErrorCode.ChainGap,
            $"the end of WAL file {index - 1:x8} is missing: {why}",
            path,
            advice: "Bring back the missing piece, or restore to a position before it."
        );

    /// <summary>The frame ends with a checksum of its content; with names and length it tells any two pieces apart.</summary>
    private static string Identity(DiskEntry entry, IDisk disk)
    {
        using var file = disk.OpenRead(entry.Path);
        var length = Math.Min(TailLength, file.Length);
        var tail = file.Bytes(file.Length - length, length);
        var generation = Path.GetFileName(GenerationOf(entry.Path));
        return Digest($"{generation}/{entry.Name}/{file.Length}/{Convert.ToHexStringLower(tail)}");
    }

    private static string Missing(string generation, uint index, uint offset) =>
        Digest($"{generation}: what leads to {index:x8}_{offset:x8} is missing");

    private static string Digest(string text) => Blake3.Hasher.Hash(Encoding.UTF8.GetBytes(text)).ToString();
}
