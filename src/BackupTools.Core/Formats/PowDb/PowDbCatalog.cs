namespace BackupTools.Formats.PowDb;

/// <summary>A column; <see cref="Type"/> as in PowDB format, §3.</summary>
internal sealed record PowDbColumn(string Name, byte Type, bool Required, ushort Position);

/// <summary>An index over one column.</summary>
internal sealed record PowDbColumnIndex(string Column, bool Unique);

/// <summary>An index over an expression (catalogue version 6).</summary>
internal sealed record PowDbExpressionIndex(ulong Id, bool Unique, string Text, string Column);

/// <summary>A table with all that names its files.</summary>
internal sealed record PowDbTable(
    string Name,
    IReadOnlyList<PowDbColumn> Columns,
    IReadOnlyList<PowDbColumnIndex> Indexes,
    IReadOnlyList<PowDbExpressionIndex> ExpressionIndexes
)
{
    public string HeapFile => Name + PowDbNames.HeapSuffix;

    public string FileOf(PowDbColumnIndex index) => $"{Name}_{index.Column}{PowDbNames.IndexSuffix}";

    public string FileOf(PowDbExpressionIndex index) => $"{Name}_{index.Id}{PowDbNames.ExpressionIndexSuffix}";
}

/// <summary>What catalog.bin says: the tables and their indexes (PowDB format, §3).</summary>
internal sealed record PowDbCatalog(ushort Version, IReadOnlyList<PowDbTable> Tables)
{
    /// <summary>Engine 0.4.x writes this version or older, and neither superblocks nor catalog.lsn.</summary>
    public const ushort NewestLegacyVersion = 3;

    /// <summary>What a manifest that does not say stands for (PowDB format, §6).</summary>
    public const ushort DefaultVersion = 5;

    public bool IsLegacy => Version <= NewestLegacyVersion;

    /// <summary>The names of heaps and indexes, each once.</summary>
    public IReadOnlySet<string> DataFiles() =>
        Tables
            .SelectMany(t =>
                t.Indexes.Select(t.FileOf).Concat(t.ExpressionIndexes.Select(t.FileOf)).Prepend(t.HeapFile)
            )
            .ToHashSet(StringComparer.Ordinal);
}
