using BackupTools.Chains;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.Sqlite;
using BackupTools.Options;

namespace BackupTools.Engines.Sqlite;

/// <summary>The LTX files of a replica as bundles that chain.</summary>
internal static class LtxBundles
{
    /// <summary>
    /// Every file of the levels that a chain can use. Litestream keeps the same transactions in several levels: a file
    /// that can be reached from no snapshot, because its transactions were merged into another that can, is left out,
    /// and so is the second of two that hold exactly the same transactions.
    /// </summary>
    public static IEnumerable<BundleReadResult> Read(SqliteReplica replica, EngineContext context)
    {
        var files = replica.LtxFiles(context.Disk).ToList();
        var read = SideBySide
            .Read(files, f => Remembered(f.File, replica.Name, context), context)
            .Select((result, i) => (files[i].Level, Result: result))
            .ToList();
        var sound = read.Where(r => r.Result.Header is not null)
            .OrderByDescending(r => Ltx(r.Result.Header!).Side is not null)
            .ThenByDescending(r => r.Level)
            .Select(r => r.Result.Header!)
            .DistinctBy(h => (Ltx(h).Header.MinTxid, Ltx(h).Header.MaxTxid))
            .ToList();
        var inOrder = InOrder(Linked(sound)).ToList();
        return read.Select(r => r.Result)
            .Where(r => r.Error is not null)
            .Concat(Lost(replica, files.Select(f => f.File.Name), context.Disk))
            .Select(r => Placed(r, inOrder))
            .Concat(inOrder.Select(BundleReadResult.Ok))
            // As they were taken, which levels hide: increments have the lowest. What cannot be read has its name only.
            .OrderBy(r => r.Header?.End.Value ?? NamedEnd(r.FullName))
            .ThenBy(r => r.Header?.Kind)
            .ThenBy(r => r.FullName, StringComparer.Ordinal);
    }

    /// <summary>
    /// Bundles after all that are there, whose side files are left: nothing else tells that the newest state is lost. What comes
    /// before, other files may hold: Litestream merges, and removes what it has merged.
    /// </summary>
    private static List<BundleReadResult> Lost(SqliteReplica replica, IEnumerable<string> names, IDisk disk)
    {
        var last = names
            .Select(name => LitestreamNames.TryLtx(name, out _, out var max) ? max : 0)
            .DefaultIfEmpty()
            .Max();
        var lost = replica.SideFilesAfter(last, disk).ToList();
        if (lost.Count > 0)
        {
            // A run puts the side file there first; it may have come to its end since they were listed.
            var begun = StagingArea.UnfinishedIn(disk, replica.Folder).ToHashSet(StringComparer.Ordinal);
            if (Path.GetDirectoryName(replica.Folder) is { } destination && !StoreAddress.Is(replica.Folder))
                begun.UnionWith(StagingArea.UnfinishedIn(disk, destination));
            lost.RemoveAll(l => begun.Contains(l.Bundle) || disk.Stat(l.Bundle) is not null);
        }
        return lost.ConvertAll(l =>
            BundleReadResult.Bad(
                l.Bundle,
                new BackupException(
                    ErrorCode.MissingFile,
                    "the bundle is gone, while its side file is still there",
                    l.Bundle,
                    recommendation: $"Bring the bundle back; if it is lost, delete '{l.Side}'."
                )
            ) with
            {
                Series = replica.Name,
            }
        );
    }

    /// <summary>The transactions are in the name, whatever happened to the content.</summary>
    private static BundleReadResult Placed(BundleReadResult bad, List<BundleHeader> inOrder) =>
        NamedEnd(bad.FullName) is not ulong.MaxValue and var end
            ? bad with
            {
                OrderUtc = ClockOrder.After(
                    inOrder.LastOrDefault(h => h.End.Value < end)?.OrderUtc ?? DateTimeOffset.MinValue
                ),
            }
            : bad;

    private static ulong NamedEnd(string path) =>
        LitestreamNames.TryLtx(Path.GetFileName(path), out _, out var max) ? max : ulong.MaxValue;

    private static BundleReadResult? Remembered(DiskEntry file, string series, EngineContext context)
    {
        DiskEntry[] files = context.Disk.Stat(SideFiles.PathOf(file.Path)) is { } side ? [file, side] : [file];
        return context.Remembered(EngineNames.Sqlite, file.Path, files, () => ReadOne(file.Path, series, context.Disk));
    }

    /// <summary>The header of one file, standing alone.</summary>
    /// <param name="path">The file.</param>
    /// <param name="series">The database.</param>
    /// <param name="disk">The disk.</param>
    public static BundleReadResult ReadOne(string path, string series, IDisk disk)
    {
        try
        {
            using var file = disk.OpenRead(path);
            var head = SqliteFile.Start(file, LtxHeader.Length);
            var header = LtxHeader.Parse(head);
            var length = file.Length;
            var atTail = length - Math.Min(LtxTrailer.Length, length - LtxHeader.Length);
            var tail = file.Bytes(atTail, length - atTail);
            var trailer = LtxTrailer.Parse(tail, header, atTail);
            RequireName(Path.GetFileName(path), header);
            var bundle = Describe(path, series, length, [.. head, .. tail], header, trailer, disk);
            return BundleReadResult.Ok(bundle with { Traits = LtxTraits.Of(bundle, file) });
        }
        catch (BackupException e)
        {
            return BundleReadResult.Bad(path, e) with { Series = series };
        }
    }

    /// <summary>Transactions are counted in the order in which they were taken, whatever the clock showed.</summary>
    private static IEnumerable<BundleHeader> InOrder(IEnumerable<BundleHeader> headers)
    {
        DateTimeOffset? newest = null;
        foreach (var same in headers.GroupBy(h => h.End.Value).OrderBy(g => g.Key))
        {
            var told = same.Select(h => h with { TakenAfterUtc = ClockOrder.TakenAfter(h.CreatedUtc, newest) })
                .ToList();
            newest = told.Max(h => h.OrderUtc);
            foreach (var header in told)
            {
                yield return header;
            }
        }
    }

    private static LtxBundle Ltx(BundleHeader header) => (LtxBundle)SqliteBundle.Of(header);

    private static void RequireName(string name, LtxHeader header)
    {
        if (LitestreamNames.TryLtx(name, out var min, out var max) && (min != header.MinTxid || max != header.MaxTxid))
        {
            throw new BackupException(
                ErrorCode.Malformed,
                $"the file holds transactions {header.MinTxid}..{header.MaxTxid}, not those of its name",
                offset: 16,
                recommendation: "Give the file its own name again, or use another copy."
            );
        }
    }

    private static BundleHeader<SqliteBundle> Describe(
        string path,
        string series,
        long length,
        byte[] identity,
        LtxHeader header,
        LtxTrailer trailer,
        IDisk disk
    )
    {
        var id = Blake3.Hasher.Hash(identity).ToString();
        var notes = new List<ChainProblem>();
        var side = SideFiles.Find(path, id, disk, notes);
        return new BundleHeader<SqliteBundle>
        {
            Engine = EngineNames.Sqlite,
            Kind = header.IsSnapshot ? BundleKind.Full : BundleKind.Incremental,
            Start = Txid(header.IsSnapshot ? header.MaxTxid : header.MinTxid - 1),
            End = Txid(header.MaxTxid),
            CreatedUtc = header.Time,
            TellsOrder = true,
            Length = length + (side?.Length ?? 0),
            FullName = path,
            Format = "LTX1",
            Id = id,
            Series = series,
            Checksum = $"{trailer.File:x16}",
            Notes = notes,
            Parsed = new LtxBundle(header, trailer, side?.Content),
        };
    }

    public static ChainPosition Txid(ulong value) => new(value, PositionUnit.Txid);

    /// <summary>
    /// An increment may begin before the state that it is laid on (a snapshot in the middle of what a lower level merged):
    /// its pages are then newer than those it repeats. It builds on the earliest reachable state that it reaches back to.
    /// </summary>
    private static IEnumerable<BundleHeader> Linked(List<BundleHeader> headers)
    {
        var ends = new SortedSet<ulong>();
        var reached = new List<BundleHeader>();
        var strays = new List<BundleHeader>();
        foreach (var header in headers.OrderBy(h => h.End.Value).ThenBy(h => h.Kind))
        {
            if (header.Kind == BundleKind.Full)
            {
                ends.Add(header.End.Value);
                reached.Add(header);
                continue;
            }
            if (header.End > header.Start && OnState(ends, header) is { } state)
            {
                ends.Add(header.End.Value);
                reached.Add(header with { Start = Txid(state) });
            }
            else
            {
                strays.Add(header);
            }
        }
        return reached.Concat(strays.Where(s => !reached.Exists(r => Holds(r, s))));
    }

    private static ulong? OnState(SortedSet<ulong> ends, BundleHeader increment)
    {
        var fitting = ends.GetViewBetween(increment.Start.Value, increment.End.Value - 1);
        return fitting.Count > 0 ? fitting.Min : null;
    }

    private static bool Holds(BundleHeader whole, BundleHeader part) =>
        Ltx(whole).Header.MinTxid <= Ltx(part).Header.MinTxid && Ltx(whole).Header.MaxTxid >= Ltx(part).Header.MaxTxid;
}
