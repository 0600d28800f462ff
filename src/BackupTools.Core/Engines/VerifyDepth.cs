namespace BackupTools.Engines;

/// <summary>How much of a bundle is checked.</summary>
internal enum VerifyDepth
{
    /// <summary>Every checksum that the format has, and the structure that joins the bundles.</summary>
    Checksums,

    /// <summary>In addition everything the format defines: pages, records, indexes, catalogues.</summary>
    Deep,
}
