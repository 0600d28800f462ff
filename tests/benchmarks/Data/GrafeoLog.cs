using System.Buffers.Binary;
using System.Globalization;
using System.IO.Hashing;

namespace BackupTools.Benchmarks.Data;

/// <summary>
/// Grafeo log segments of version 2 (Grafeo format, §7.2). Every group has the same length, so that epoch and
/// transaction follow from the position alone and a log can be continued without reading it.
/// </summary>
internal static class GrafeoLog
{
    private const long RotateAt = 64L << 20;
    private const int SegmentHeader = 128;
    private const int FrameHeader = 25;
    private const int RecordHeader = 6;
    private const int NodesPerGroup = 8;
    private const int TextLength = 500;

    /// <summary>A GroupBegin whose epoch takes the varint of five bytes and whose time takes the one of nine.</summary>
    private const int GroupBegin = 5 + 9 + 1;

    private const int Node = 4 + 5 + 1 + 7 + 1 + 5 + 3 + 5 + TextLength;
    private const int Payload = 8 + RecordHeader + GroupBegin + (NodesPerGroup * (RecordHeader + Node));
    private const int Group = FrameHeader + Payload;

    public static string FolderOf(string source) => source + ".wal";

    /// <summary>Appends whole groups of at least <paramref name="bytes"/> in total, rotating where the engine would.</summary>
    public static void Append(string source, long bytes, TextSource text)
    {
        var folder = FolderOf(source);
        var segment = Directory.GetFiles(folder, "wal_*.log").Order(StringComparer.Ordinal).LastOrDefault();
        var file = segment is null ? Begin(folder, GrafeoShape.CheckpointLsn) : DataFile.Append(segment);
        var lsn = segment is null
            ? GrafeoShape.CheckpointLsn
            : ulong.Parse(Path.GetFileNameWithoutExtension(segment)[4..], CultureInfo.InvariantCulture)
                + (ulong)(file.Position - SegmentHeader);
        try
        {
            for (var written = 0L; written < bytes; written += Group)
            {
                if (file.Position >= RotateAt)
                {
                    file.Dispose();
                    file = Begin(folder, lsn);
                }
                WriteGroup(file.Take(Group), lsn, text);
                lsn += Group;
            }
        }
        finally
        {
            file.Dispose();
        }
    }

    private static DataFile Begin(string folder, ulong firstLsn)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"wal_{firstLsn:D20}.log");
        var file = DataFile.Create(Path.Combine(folder, name));
        var header = file.Take(SegmentHeader);
        header.Clear();
        "GRAFWAL\0"u8.CopyTo(header);
        BinaryPrimitives.WriteUInt16LittleEndian(header[8..], 2);
        BinaryPrimitives.WriteUInt16LittleEndian(header[10..], SegmentHeader);
        GrafeoShape.DatabaseId.CopyTo(header[16..]);
        BinaryPrimitives.WriteUInt64LittleEndian(header[32..], firstLsn);
        BinaryPrimitives.WriteUInt64LittleEndian(header[40..], GrafeoShape.CreatedMilliseconds);
        BinaryPrimitives.WriteUInt32LittleEndian(header[124..], Crc32.HashToUInt32(header[..124]));
        return file;
    }

    private static void WriteGroup(Span<byte> frame, ulong lsn, TextSource text)
    {
        var number = (lsn - GrafeoShape.CheckpointLsn) / Group;
        BinaryPrimitives.WriteUInt32LittleEndian(frame, Payload);
        BinaryPrimitives.WriteUInt64LittleEndian(frame[8..], lsn);
        BinaryPrimitives.WriteUInt64LittleEndian(frame[16..], GrafeoShape.LastTransaction + 1 + number);
        frame[24] = 3; // first and last frame of its group
        BinaryPrimitives.WriteUInt64LittleEndian(frame[FrameHeader..], lsn);
        var at = FrameHeader + 8;
        at = BeginRecord(frame, at, kind: 1, GroupBegin);
        at = PutVarint32(frame, at, (uint)(GrafeoShape.ImageEpoch + 1 + number));
        frame[at] = 0xFD;
        BinaryPrimitives.WriteUInt64LittleEndian(frame[(at + 1)..], GrafeoShape.CreatedMilliseconds + number);
        frame[at + 9] = 0; // origin
        at += 10;
        for (var i = 0u; i < NodesPerGroup; i++)
        {
            at = BeginRecord(frame, at, kind: 16, Node);
            at = PutNode(frame, at, (uint)(GrafeoShape.ImageEpoch + (number * NodesPerGroup) + i), text);
        }
        var crc = new Crc32();
        crc.Append(frame[..4]);
        crc.Append(frame[8..]);
        BinaryPrimitives.WriteUInt32LittleEndian(frame[4..], crc.GetCurrentHashAsUInt32());
    }

    private static int BeginRecord(Span<byte> frame, int at, byte kind, int length)
    {
        frame[at] = kind;
        frame[at + 1] = 1; // required
        BinaryPrimitives.WriteUInt32LittleEndian(frame[(at + 2)..], (uint)length);
        return at + RecordHeader;
    }

    /// <summary>A node of the default graph with one label and one text property.</summary>
    private static int PutNode(Span<byte> frame, int at, uint id, TextSource text)
    {
        frame.Slice(at, 4).Clear();
        at = PutVarint32(frame, at + 4, id);
        frame[at] = 1;
        "\u0006Person"u8.CopyTo(frame[(at + 1)..]);
        frame[at + 8] = 1;
        "\u0004name"u8.CopyTo(frame[(at + 9)..]);
        at += 14;
        frame[at] = 0xFB;
        BinaryPrimitives.WriteUInt16LittleEndian(frame[(at + 1)..], 5 + TextLength);
        frame[at + 3] = 4; // string
        BinaryPrimitives.WriteUInt32LittleEndian(frame[(at + 4)..], TextLength);
        text.Fill(frame.Slice(at + 8, TextLength));
        return at + 8 + TextLength;
    }

    private static int PutVarint32(Span<byte> frame, int at, uint value)
    {
        frame[at] = 0xFC;
        BinaryPrimitives.WriteUInt32LittleEndian(frame[(at + 1)..], value);
        return at + 5;
    }
}
