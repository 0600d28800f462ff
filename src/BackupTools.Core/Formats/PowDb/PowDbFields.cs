namespace BackupTools.Formats.PowDb;

/// <summary>A field of manifest.json or increment.json (PowDB format, §6, §7).</summary>
internal enum PowDbField
{
    Unknown,
    FormatVersion,
    Created,
    BaseSourceLsn,
    SourceLsn,
    CatalogVersion,
    Sync,
    Files,
    Changed,
    Name,
    Length,
    Blake3,
    TotalPages,
    PageIndices,
    DeltaFile,
    DeltaLength,
    DeltaBlake3,
    Count,
}

/// <summary>Which fields an object has, what they are called, and how large their numbers may be.</summary>
internal static class PowDbFields
{
    private static readonly string[] Names =
    [
        "",
        "format_version",
        "created_unix_secs",
        "base_source_lsn",
        "source_lsn",
        "catalog_version",
        "sync",
        "files",
        "changed",
        "name",
        "len",
        "blake3_hex",
        "total_pages",
        "page_indices",
        "delta_file",
        "delta_len",
        "delta_blake3_hex",
    ];

    /// <summary>Of a whole file: all of them must be there.</summary>
    public static readonly PowDbField[] File = [PowDbField.Name, PowDbField.Length, PowDbField.Blake3];

    /// <summary>Of changed pages: all of them must be there.</summary>
    public static readonly PowDbField[] Pages =
    [
        PowDbField.Name,
        PowDbField.TotalPages,
        PowDbField.PageIndices,
        PowDbField.DeltaFile,
        PowDbField.DeltaLength,
        PowDbField.DeltaBlake3,
    ];

    /// <summary>Of the document: the catalogue version and sync need not be there.</summary>
    public static PowDbField[] Root(bool increment) =>
        increment
            ?
            [
                PowDbField.FormatVersion,
                PowDbField.Created,
                PowDbField.BaseSourceLsn,
                PowDbField.SourceLsn,
                PowDbField.CatalogVersion,
                PowDbField.Sync,
                PowDbField.Changed,
            ]
            :
            [
                PowDbField.FormatVersion,
                PowDbField.Created,
                PowDbField.SourceLsn,
                PowDbField.CatalogVersion,
                PowDbField.Sync,
                PowDbField.Files,
            ];

    /// <summary>As it is written in the file.</summary>
    public static string Name(PowDbField field) => Names[(int)field];

    /// <summary>The largest number that the engine's type for the field holds.</summary>
    public static ulong LimitOf(PowDbField field) =>
        field switch
        {
            PowDbField.FormatVersion or PowDbField.TotalPages => uint.MaxValue,
            PowDbField.CatalogVersion => ushort.MaxValue,
            _ => ulong.MaxValue,
        };
}
