using BackupTools.Chains;
using BackupTools.Formats.Sqlite;

namespace BackupTools.Engines.Sqlite;

/// <summary>What was parsed of a bundle: of an LTX file, or of a file of Litestream 0.3.</summary>
internal abstract record SqliteBundle
{
    /// <summary>What was parsed of a bundle that this engine has described.</summary>
    public static SqliteBundle Of(BundleHeader header) => ((BundleHeader<SqliteBundle>)header).Parsed;
}

/// <summary>An LTX file.</summary>
/// <param name="Header">Its first bytes.</param>
/// <param name="Trailer">Its last bytes.</param>
/// <param name="Side">What our side file says; null when there is none, or none that belongs to it.</param>
internal sealed record LtxBundle(LtxHeader Header, LtxTrailer Trailer, SqliteSideFile? Side) : SqliteBundle
{
    /// <summary>We have written it, whether its side file is still there or not.</summary>
    public bool IsOurs => Side is not null || Header.IsOurs;

    /// <summary>Checksum of the state before; null when nobody says.</summary>
    public ulong? Before =>
        Side is { ParentId: not null } side ? side.PreApply
        : Header.PreApply != 0 ? Header.PreApply
        : null;

    /// <summary>Checksum of the state after; null when nobody says: flag 2 in the LTX file and no side file.</summary>
    public ulong? After => Side?.PostApply ?? (Trailer.PostApply != 0 ? Trailer.PostApply : null);
}

/// <summary>A snapshot of Litestream 0.3: the database file as it was before WAL file <paramref name="Index"/>.</summary>
internal sealed record SnapshotBundle(string Generation, uint Index) : SqliteBundle;

/// <summary>A piece of a WAL file that Litestream 0.3 kept.</summary>
/// <param name="Generation">The folder of the generation.</param>
/// <param name="Index">Number of the WAL file.</param>
/// <param name="Offset">Where the piece begins in it.</param>
/// <param name="Length">Bytes of the piece, decompressed.</param>
internal sealed record WalBundle(string Generation, uint Index, uint Offset, long Length) : SqliteBundle;
