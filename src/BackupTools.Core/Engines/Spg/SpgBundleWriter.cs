using System.IO.Hashing;
using BackupTools.Files;
using BackupTools.Formats.Primitives;
using BackupTools.Formats.Spg;

namespace BackupTools.Engines.Spg;

/// <summary>
/// Puts a v2 bundle together in one pass: snapshot and log are copied to where they belong, and the header, which
/// needs lengths that are known only at the end, is written last. The CRCs of the parts are combined.
/// </summary>
internal sealed class SpgBundleWriter(IDiskFile target, EngineContext context)
{
    private long _snapLength;
    private uint _snapCrc;

    /// <summary>CRC-32 of the snapshot.</summary>
    public uint SnapshotCrc => _snapCrc;

    /// <summary>Starts over in the same staged file.</summary>
    public void Reset()
    {
        target.SetLength(0);
        _snapLength = 0;
        _snapCrc = 0;
    }

    /// <summary>Writes a snapshot that is in memory.</summary>
    public void WriteSnapshot(ReadOnlySpan<byte> snapshot)
    {
        target.Write(snapshot, SpgBundleHeader.FixedLength);
        _snapLength = snapshot.Length;
        _snapCrc = Crc32.HashToUInt32(snapshot);
    }

    /// <summary>Takes note of a snapshot that was written to its place already.</summary>
    public void TakeSnapshot(long length, uint crc)
    {
        _snapLength = length;
        _snapCrc = crc;
    }

    /// <summary>Copies the database file, showing every block to the check.</summary>
    public void CopySnapshot(IDiskFile database, long length, SpgSnapshotCheck check)
    {
        var crc = new Crc32();
        context.Copy(
            database,
            new FileRange(0, length),
            target,
            SpgBundleHeader.FixedLength,
            block =>
            {
                crc.Append(block);
                check.Append(block);
            }
        );
        _snapLength = length;
        _snapCrc = crc.GetCurrentHashAsUInt32();
    }

    /// <summary>
    /// Copies a range of the log and scans its frames; <paramref name="marked"/> leaves space for the mark.
    /// </summary>
    public SpgSliceScan CopySlice(SpgSource source, FileRange range, bool marked)
    {
        var scan = new SpgSliceScan(range.Start);
        var offset = SliceOffset(_snapLength, marked);
        source.Reading(range);
        context.Copy(source.Wal!, range, target, offset, scan.Append);
        // What lies after the cut is about to be overwritten.
        source.Copied(range with { End = scan.Scanner.CutPoint }, target, offset);
        return scan;
    }

    /// <summary>
    /// Writes everything else. wal_len, snap_len and the version of <paramref name="header"/> are filled in here;
    /// <paramref name="sliceLength"/> bytes of the copied slice belong to the bundle, with that CRC.
    /// </summary>
    public SpgBundleHeader Finish(SpgBundleHeader header, long sliceLength, uint sliceCrc, bool marked)
    {
        header = header with
        {
            SnapLen = (ulong)_snapLength,
            WalLen = (ulong)(sliceLength + (marked ? SpgBaselineMark.Length : 0)),
        };
        Span<byte> start = stackalloc byte[SpgBundleHeader.FixedLength];
        header.WriteFixed(start);
        target.Write(start, 0);

        Span<byte> middle = stackalloc byte[SpgBundleHeader.WalFieldsLength + SpgBaselineMark.Length];
        header.WriteWalFields(middle);
        SpgBaselineMark.Bytes.CopyTo(middle[SpgBundleHeader.WalFieldsLength..]);
        middle = marked ? middle : middle[..SpgBundleHeader.WalFieldsLength];
        target.Write(middle, header.WalFieldsOffset);

        var crc = Crc32Combine.Of(Crc32.HashToUInt32(start), _snapCrc, _snapLength);
        crc = Crc32Combine.Of(crc, Crc32.HashToUInt32(middle), middle.Length);
        crc = Crc32Combine.Of(crc, sliceCrc, sliceLength);
        Span<byte> trailer = stackalloc byte[SpgBundleHeader.TrailerLength];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32LittleEndian(trailer, crc);
        target.Write(trailer, header.BodyLength);
        target.SetLength(header.BodyLength + SpgBundleHeader.TrailerLength);
        return header;
    }

    /// <summary>Where the log's own bytes begin after a snapshot of that length.</summary>
    public static long SliceOffset(long snapLength, bool marked) =>
        SpgBundleHeader.FixedLength
        + snapLength
        + SpgBundleHeader.WalFieldsLength
        + (marked ? SpgBaselineMark.Length : 0);
}
