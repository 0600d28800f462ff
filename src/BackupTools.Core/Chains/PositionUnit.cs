namespace BackupTools.Chains;

/// <summary>What a position counts. Positions of different units are never compared.</summary>
internal enum PositionUnit
{
    /// <summary>Byte offset in the primary's write-ahead log (SPG).</summary>
    WalBytes,

    /// <summary>MVCC commit counter (Grafeo).</summary>
    Epoch,

    /// <summary>Log sequence number (PowDB, Alopex).</summary>
    Lsn,

    /// <summary>Transaction number of LTX files (SQLite).</summary>
    Txid,

    /// <summary>
    /// Number of the WAL file times 2³², plus the offset in it (SQLite, replicas that Litestream 0.3 made).
    /// </summary>
    WalIndexOffset,
}
