namespace BackupTools.Formats.Grafeo;

/// <summary>What a record of a 0.5.x log does to the transaction it stands in; all else is data.</summary>
internal enum GrafeoRecordKind
{
    /// <summary>Changes something, once its transaction commits.</summary>
    Data = 0,

    /// <summary>Commits the records before it.</summary>
    TransactionCommit = 35,

    /// <summary>Undoes the records before it.</summary>
    TransactionAbort = 36,

    /// <summary>Belongs to no transaction.</summary>
    Checkpoint = 37,

    /// <summary>Gives the commit before it its epoch.</summary>
    EpochAdvance = 38,
}

/// <summary>One whole frame of a 0.5.x log (Grafeo format, §5.2).</summary>
/// <param name="Kind">Its meaning for transactions.</param>
/// <param name="Value">The epoch of an EpochAdvance, the transaction of the others; 0 for data.</param>
/// <param name="Offset">First byte of the frame in its file.</param>
/// <param name="Length">All bytes of the frame.</param>
internal readonly record struct GrafeoRecord(GrafeoRecordKind Kind, ulong Value, long Offset, long Length)
{
    /// <summary>First byte behind the frame.</summary>
    public long End => Offset + Length;
}
