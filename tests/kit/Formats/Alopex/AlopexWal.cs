using System.Buffers.Binary;
using BackupTools.Formats.Alopex;

namespace BackupTools.Tests.Formats.Alopex;

/// <summary>A WAL in memory, read with the parts under test as the engine room does it with files.</summary>
internal static class AlopexWal
{
    public static AlopexWalGeometry.ReadAt Reader(byte[] wal) =>
        (offset, buffer) =>
        {
            var count = (int)Math.Clamp(wal.Length - offset, 0, buffer.Length);
            wal.AsSpan((int)Math.Min(offset, wal.Length), count).CopyTo(buffer);
            return count;
        };

    /// <summary>Opens a WAL with every check of §3.5 and replays it in pieces of the given size.</summary>
    public static AlopexWalReplay Replay(byte[] wal, int piece = int.MaxValue, bool framesOnly = false)
    {
        var header = AlopexWalHeader.Read(wal.AsSpan(0, Math.Min(wal.Length, AlopexWalHeader.ProbeSize)));
        var geometry = Open(wal, header);
        var used = header.Used(geometry.Ring);
        var replay = new AlopexWalReplay(header.Start, used, geometry.Ring, framesOnly);
        foreach (var (offset, length) in geometry.Pieces(header.Start, used))
        {
            for (long at = 0; at < length && !replay.IsDone; at += piece)
            {
                replay.Feed(wal.AsSpan((int)(offset + at), (int)Math.Min(piece, length - at)));
            }
        }
        return replay;
    }

    public static AlopexWalGeometry Open(byte[] wal, AlopexWalHeader header)
    {
        var geometry = AlopexWalGeometry.Find(header.Size, wal.Length, Reader(wal));
        if (wal.Length < geometry.RequiredLength)
        {
            throw AlopexWalHeader.TooSmall();
        }
        header.Check(geometry.Ring);
        ulong baseId = 0;
        for (var i = 0; i < geometry.Segments; i++)
        {
            var offset = geometry.SegmentOffset(i);
            var segment = AlopexWalSegmentHeader.Read(wal.AsSpan((int)offset, AlopexWalSegmentHeader.Size), i, offset);
            baseId = i == 0 ? segment.SegmentId : baseId;
            segment.CheckSequence(baseId, i, offset);
        }
        return geometry;
    }

    public static byte[] Batch(byte[] value) => [2, 1, 0, 1, (byte)'k', .. Varint((ulong)value.Length), .. value];

    public static byte[] Entry(ulong lsn, byte[] body)
    {
        var entry = new byte[16 + body.Length];
        BinaryPrimitives.WriteUInt64LittleEndian(entry, lsn);
        BinaryPrimitives.WriteInt32LittleEndian(entry.AsSpan(8), body.Length + 4);
        body.CopyTo(entry, 12);
        BinaryPrimitives.WriteUInt32LittleEndian(
            entry.AsSpan(12 + body.Length),
            AlopexKeyReader.Crc(entry.AsSpan(0, 12 + body.Length))
        );
        return entry;
    }

    public static byte[] Varint(ulong value)
    {
        var bytes = new List<byte>();
        for (; value >= 128; value >>= 7)
        {
            bytes.Add((byte)(value | 128));
        }
        bytes.Add((byte)value);
        return [.. bytes];
    }
}
