using BackupTools.Chains;
using BackupTools.Errors;
using BackupTools.Formats.PowDb;

namespace BackupTools.Engines.PowDb;

/// <summary>Catalogue, heaps and indexes of a state, held against each other.</summary>
internal static class PowDbStateCheck
{
    /// <summary>
    /// The check that a part is fed to while it is assembled. An index that comes in pages does not come in order and
    /// cannot be read on the way.
    /// </summary>
    public static PowDbFileCheck CheckOf(PowDbStatePart part, PowDbCatalog catalog)
    {
        return BackupException.Naming(
            part.SourcePath,
            () =>
                IsShuffledIndex(part)
                    ? PowDbFileCheck.Of("", 0)
                    : PowDbFileCheck.Of(
                        part.Name,
                        part.Length,
                        catalog.Tables.FirstOrDefault(t =>
                            string.Equals(t.HeapFile, part.Name, StringComparison.Ordinal)
                        )
                    )
        );
    }

    /// <summary>An index that comes in pages, which engine 0.4.7 made of some (PowDB format, §9, defect 4).</summary>
    public static bool IsShuffledIndex(PowDbStatePart part) => part.Layers.Count > 0 && !part.IsHeap;

    /// <summary>Ends a part's check.</summary>
    /// <exception cref="BackupException">An index that is not sound, with the bundle's file that it came from.</exception>
    public static void Finish(PowDbStatePart part, PowDbFileCheck check) =>
        BackupException.Naming(part.SourcePath, () => check.Finish());

    /// <summary>Requires every heap that the catalogue refers to; notes indexes that the engine will have to rebuild.</summary>
    /// <exception cref="BackupException">MissingFile.</exception>
    public static void RequireFiles(
        IReadOnlyList<PowDbStatePart> parts,
        PowDbCatalog catalog,
        ICollection<ChainProblem> findings
    )
    {
        foreach (var problem in MissingFiles(parts, catalog))
        {
            if (problem.Severity == ProblemSeverity.Error)
            {
                throw problem.ToException();
            }
            findings.Add(problem);
        }
    }

    /// <summary>The error for a page that no bundle holds.</summary>
    public static BackupException MissingPage(PowDbStatePart part, long page) =>
        new(
            ErrorCode.VerificationFailed,
            $"page {page} of {part.Name} is in no bundle of the chain",
            part.Layers[^1].Bundle.ManifestPath,
            recommendation: "The increments miss changes: take a new full backup."
        );

    /// <summary>The files that the catalogue refers to and the state does not hold.</summary>
    public static IEnumerable<ChainProblem> MissingFiles(IReadOnlyList<PowDbStatePart> parts, PowDbCatalog catalog)
    {
        var present = parts.Select(p => p.Name).ToHashSet(StringComparer.Ordinal);
        var manifest = parts.FirstOrDefault(p => p.Name == PowDbNames.Catalog)?.Bundle?.ManifestPath;
        foreach (var name in catalog.DataFiles().Where(n => !present.Contains(n)).Order(StringComparer.Ordinal))
        {
            yield return PowDbNames.IsHeap(name)
                ? ChainProblem.Error(
                    ErrorCode.MissingFile,
                    $"{name}, which the catalog refers to, is in no bundle of the chain",
                    manifest,
                    advice: "The engine's own increments leave out new tables without rows: take a new full backup."
                )
                : ChainProblem.Warning(
                    ErrorCode.MissingFile,
                    $"{name} is in no bundle of the chain; the engine rebuilds it when it opens the database",
                    manifest
                );
        }
    }

    /// <summary>
    /// Holds each index against its heap: as many entries as rows that are not NULL there, and no entry after the
    /// heap's last page. With records in the log nothing can be said: indexes are rebuilt after the replay.
    /// </summary>
    public static IEnumerable<ChainProblem> Compare(
        IReadOnlyList<PowDbStatePart> parts,
        IReadOnlyList<PowDbFileCheck?> checks,
        PowDbCatalog catalog
    )
    {
        var byName = parts.Zip(checks).ToDictionary(x => x.First.Name, x => x, StringComparer.Ordinal);
        if (byName.ContainsKey(PowDbNames.Wal))
        {
            yield break;
        }
        foreach (var table in catalog.Tables)
        {
            if (!byName.TryGetValue(table.HeapFile, out var heap) || heap.Second?.Rows is not { } rows)
            {
                continue;
            }
            if (heap.Second.RowFault is { } fault)
            {
                yield return ChainProblem.From(fault) with
                {
                    Message = $"{table.HeapFile}: {fault.Message}",
                    FullName = heap.First.SourcePath,
                };
                continue;
            }
            foreach (var index in table.Indexes)
            {
                if (
                    byName.TryGetValue(table.FileOf(index), out var found)
                    && found.Second?.Index is { } scan
                    && Misfit(table, index, rows, scan) is { } what
                )
                {
                    // Only version 1 was seen to count like this; of version 2 it is merely read.
                    yield return new ChainProblem(
                        scan.Version == 1 ? ProblemSeverity.Error : ProblemSeverity.Warning,
                        ErrorCode.VerificationFailed,
                        $"{found.First.Name} does not fit {table.HeapFile}: {what}",
                        found.First.SourcePath,
                        Recommendation: "If the heap is right, the index can be deleted while the engine is stopped: it "
                            + "is rebuilt. If increments miss changes, take a new full backup."
                    );
                }
            }
        }
    }

    private static string? Misfit(PowDbTable table, PowDbColumnIndex index, PowDbRowTally rows, PowDbIndexScan scan)
    {
        if (scan.HighestPage >= rows.Pages)
        {
            return $"it points to page {scan.HighestPage} of {rows.Pages}";
        }
        var column = 0;
        while (!string.Equals(table.Columns[column].Name, index.Column, StringComparison.Ordinal))
        {
            column++;
        }
        var expected = rows.Rows - rows.NullsIn(column);
        return scan.Entries == expected ? null : $"{scan.Entries} entries for {expected} rows with a value";
    }
}
