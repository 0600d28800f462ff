using System.Buffers.Binary;
using System.IO.Hashing;

namespace BackupTools.Formats.Grafeo;

/// <summary>What a record of a 0.5.x log does to the transaction it stands in; all else is data.</summary>
internal enum GrafeoRecordKind
{
    /// <summary>Changes something, once its transaction commits.</summary>
    Data = 0,

    /// <summary>
    /// Changes the schema or the list of graphs. The engine does this at once, inside a transaction too: no abort undoes
    /// it, and no commit or epoch need follow. Stands for variants 10 to 28.
    /// </summary>
    Schema = 10,

    /// <summary>Says which graph the data after it is of; no abort undoes that either.</summary>
    SwitchGraph = 29,

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
    /// <summary>First byte after the frame.</summary>
    public long End => Offset + Length;

    /// <summary>True for what changes or addresses the database; false for what only orders transactions.</summary>
    public bool IsContent => Kind < GrafeoRecordKind.TransactionCommit;

    /// <summary>The bytes of a frame that orders transactions.</summary>
    /// <param name="kind">TransactionCommit, TransactionAbort, Checkpoint or EpochAdvance.</param>
    /// <param name="value">Its transaction or epoch.</param>
    public static byte[] Frame(GrafeoRecordKind kind, ulong value)
    {
        var payload = new BincodeWriter().U64((ulong)kind).U64(value).ToArray();
        var frame = new byte[payload.Length + (2 * sizeof(uint))];
        BinaryPrimitives.WriteInt32LittleEndian(frame, payload.Length);
        payload.CopyTo(frame, sizeof(uint));
        BinaryPrimitives.WriteUInt32LittleEndian(
            frame.AsSpan(frame.Length - sizeof(uint)),
            Crc32.HashToUInt32(payload)
        );
        return frame;
    }
}
