using System.Buffers.Binary;
using BackupTools.Errors;
using BackupTools.Formats.Primitives;
using Blake3;

namespace BackupTools.Formats.PowDb;

/// <summary>A delta file: for each page its index as u32 and its 4096 bytes (PowDB format, §7).</summary>
internal static class PowDbDelta
{
    public const int RecordSize = sizeof(uint) + PowDbPage.Size;

    public static uint IndexOf(ReadOnlySpan<byte> record) => BinaryPrimitives.ReadUInt32LittleEndian(record);

    public static ReadOnlySpan<byte> PageOf(ReadOnlySpan<byte> record) => record[sizeof(uint)..RecordSize];

    /// <summary>
    /// Refuses a delta that is not of a heap under exactly its own name. Engine 0.4.7 also made deltas of indexes
    /// (defect 4), so these are let through.
    /// </summary>
    /// <exception cref="BackupException">UnsafeName.</exception>
    public static void RequireSafe(PowDbPages pages)
    {
        var isPaged = PowDbNames.IsHeap(pages.Name) || PowDbNames.IsIndex(pages.Name);
        if (!isPaged || !string.Equals(pages.DeltaFile, DeltaOf(pages.Name), StringComparison.Ordinal))
        {
            throw new BackupException(
                ErrorCode.UnsafeName,
                $"invalid backup manifest file name: {pages.DeltaFile} (as the delta of {pages.Name})"
            );
        }
    }

    /// <summary>Compares a delta's length with its manifest, in the engine's words.</summary>
    /// <exception cref="BackupException">LengthMismatch.</exception>
    public static void RequireLength(PowDbPages pages, long fileLength)
    {
        var expected = pages.FileLength;
        if (fileLength != expected)
        {
            throw new BackupException(
                ErrorCode.LengthMismatch,
                $"delta for {pages.Name} has length {fileLength} but {pages.PageCount} page records expected {expected}"
            );
        }
        if (pages.DeltaLength != (ulong)expected)
        {
            throw new BackupException(
                ErrorCode.LengthMismatch,
                $"the manifest says {pages.DeltaLength} bytes for {pages.DeltaFile}, which has {fileLength}"
            );
        }
    }

    public static string DeltaOf(string heap) => heap + PowDbNames.DeltaSuffix;
}

/// <summary>
/// Follows a delta record by record: indices ascending, inside the heap, and in sum those of the manifest. The engine
/// of 0.4.7 trusts the embedded indices; here neither list is trusted alone.
/// </summary>
internal sealed class PowDbDeltaCheck(PowDbPages pages)
{
    private readonly Hasher _indices = Hasher.New();
    private long _last = -1;
    private long _records;

    /// <summary>Takes the next record's index and returns it.</summary>
    /// <exception cref="BackupException">Malformed, with the offset in the delta.</exception>
    public uint Take(ReadOnlySpan<byte> record)
    {
        var index = PowDbDelta.IndexOf(record);
        if (index <= _last || index >= pages.TotalPages)
        {
            throw Fault.Malformed(
                $"page {index} of {pages.Name} is out of order or outside its {pages.TotalPages} pages",
                _records * PowDbDelta.RecordSize
            );
        }
        _last = index;
        _records++;
        _indices.Update(record[..sizeof(uint)]);
        return index;
    }

    /// <summary>Says that the delta has ended.</summary>
    /// <exception cref="BackupException">Malformed: the manifest lists other pages.</exception>
    public void Finish()
    {
        if (_indices.Finalize() != pages.IndexDigest)
        {
            throw Fault.Malformed($"{pages.DeltaFile} holds other pages than the manifest lists for {pages.Name}");
        }
    }
}
