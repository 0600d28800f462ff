using BackupTools.Errors;

namespace BackupTools.Formats.PowDb;

/// <summary>The names of files in data directories and bundles (PowDB format, §1, §8).</summary>
internal static class PowDbNames
{
    public const string Catalog = "catalog.bin";
    public const string CatalogLsn = "catalog.lsn";
    public const string Views = "views.bin";
    public const string Auth = "auth.json";
    public const string Wal = "wal.log";
    public const string Lock = "LOCK";
    public const string Manifest = "manifest.json";
    public const string Increment = "increment.json";

    public const string HeapSuffix = ".heap";
    public const string IndexSuffix = ".idx";
    public const string ExpressionIndexSuffix = ".eidx";
    public const string DeltaSuffix = ".delta";

    private const string Readers = "readers";
    private const string Sync = ".powdb-sync";
    private const string TemporarySuffix = ".tmp";
    private const int MaxLength = 255;

    private static readonly HashSet<string> Fixed = new(StringComparer.OrdinalIgnoreCase)
    {
        Catalog,
        CatalogLsn,
        Views,
        Auth,
        Wal,
        Lock,
        Readers,
        Sync,
        Manifest,
        Increment,
        PowDbSideFile.FileName,
        PowDbSideFile.TableFileName,
    };

    private static readonly string[] Suffixes =
    [
        HeapSuffix,
        IndexSuffix,
        ExpressionIndexSuffix,
        DeltaSuffix,
        TemporarySuffix,
    ];

    public static bool IsHeap(string name) => name.EndsWith(HeapSuffix, StringComparison.Ordinal);

    public static bool IsIndex(string name) =>
        name.EndsWith(IndexSuffix, StringComparison.Ordinal)
        || name.EndsWith(ExpressionIndexSuffix, StringComparison.Ordinal);

    /// <summary>
    /// What an engine of any version writes into a data directory, with what a crash of it leaves, and what a copied
    /// bundle brings along.
    /// </summary>
    public static bool IsOfTheEngine(string name) =>
        IsKnown(name.EndsWith(TemporarySuffix, StringComparison.Ordinal) ? name[..^TemporarySuffix.Length] : name)
        || IsHeap(name)
        || IsIndex(name)
        || name is Lock or Readers or Sync or Manifest or Increment or PowDbSideFile.FileName
        || name is PowDbSideFile.TableFileName;

    /// <summary>
    /// Such a name in any case as the engine spells it; what is before a suffix is a table's and stays, and so does any
    /// other name.
    /// </summary>
    public static string Spelled(string name)
    {
        if (Fixed.TryGetValue(name, out var own))
        {
            return own;
        }
        var suffix = Array.Find(Suffixes, s => name.EndsWith(s, StringComparison.OrdinalIgnoreCase));
        var stem = name[..^(suffix?.Length ?? 0)];
        return (suffix == TemporarySuffix && Fixed.TryGetValue(stem, out own) ? own : stem) + suffix;
    }

    /// <summary>What of that is a folder: the list of readers, and what the synchronisation keeps.</summary>
    public static bool IsFolderOfTheEngine(string name) => name is Readers or Sync;

    /// <summary>An ASCII letter or underscore, then letters, digits and underscores.</summary>
    public static bool IsIdentifier(string name) =>
        name.Length > 0 && !char.IsAsciiDigit(name[0]) && name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_');

    /// <summary>
    /// Refuses every name that a data directory's durable file cannot have: the list of the newest engine, and the
    /// write-ahead log. Such a name never leaves its folder.
    /// </summary>
    /// <exception cref="BackupException">UnsafeName.</exception>
    public static void RequireSafe(string name)
    {
        if (!IsKnown(name))
        {
            throw new BackupException(ErrorCode.UnsafeName, $"invalid backup manifest file name: {name}");
        }
    }

    private static bool IsKnown(string name) =>
        name.Length <= MaxLength
        && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '.' or '-')
        && (
            name is Catalog or CatalogLsn or Views or Auth or Wal
            || HasStem(name, HeapSuffix)
            || HasStem(name, IndexSuffix)
            || HasStem(name, ExpressionIndexSuffix)
        );

    private static bool HasStem(string name, string suffix) =>
        name.Length > suffix.Length && name.EndsWith(suffix, StringComparison.Ordinal);
}
