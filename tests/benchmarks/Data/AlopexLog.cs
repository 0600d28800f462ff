using System.Buffers.Binary;
using System.IO.Hashing;
using Microsoft.Win32.SafeHandles;

namespace BackupTools.Benchmarks.Data;

/// <summary>
/// lsm.wal of the default geometry (Alopex format, §3): commits of one put each, all of the same length, in the first
/// segment; the rest is holes.
/// </summary>
internal static class AlopexLog
{
    private const int SectionHeader = 16;
    private const long SegmentSize = 64L << 20;
    private const int Segments = 8;
    private const int SegmentHeader = 28;
    private const int KeyLength = 20;
    private const int ValueLength = 1000;
    private const int Body = 2 + 1 + 1 + KeyLength + 2 + ValueLength;
    private const int Entry = 12 + Body + 4;

    /// <summary>The number of commits, and so of LSNs, that so many bytes hold.</summary>
    public static ulong EntriesIn(long bytes) => (ulong)(bytes / Entry);

    public static void Create(string path)
    {
        using var file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite);
        RandomAccess.SetLength(file, SectionHeader + (SegmentSize * Segments));
        RandomAccess.Write(file, new byte[SectionHeader], 0);
        for (var i = 0; i < Segments; i++)
        {
            WriteSegmentHeader(file, i, firstLsn: i == 0 ? 1UL : 0);
        }
        RandomAccess.FlushToDisk(file);
    }

    /// <summary>The log as it is some commits after a checkpoint at <paramref name="lsn"/>.</summary>
    public static void Restart(string path, long bytes, ulong lsn, TextSource text)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite);
        var entries = (int)EntriesIn(bytes);
        var buffer = new byte[(long)entries * Entry];
        for (var i = 0; i < entries; i++)
        {
            WriteEntry(buffer.AsSpan(i * Entry, Entry), lsn + 1 + (ulong)i, text);
        }
        RandomAccess.Write(file, buffer, SectionHeader + SegmentHeader);
        WriteSegmentHeader(file, 0, lsn + 1);
        var header = new byte[SectionHeader];
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(8), (ulong)buffer.Length);
        RandomAccess.Write(file, header, 0);
        RandomAccess.FlushToDisk(file);
    }

    private static void WriteSegmentHeader(SafeFileHandle file, int index, ulong firstLsn)
    {
        var header = new byte[SegmentHeader];
        "AWAL"u8.CopyTo(header);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(4), 2);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(6), (ulong)(index + 1));
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(14), firstLsn);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(22), Crc32.HashToUInt32(header.AsSpan(0, 22)));
        RandomAccess.Write(file, header, SectionHeader + (index * SegmentSize));
    }

    private static void WriteEntry(Span<byte> entry, ulong lsn, TextSource text)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(entry, lsn);
        BinaryPrimitives.WriteUInt32LittleEndian(entry[8..], Body + 4);
        var body = entry[12..^4];
        body[0] = 2; // batch
        body[1] = 1; // of one operation
        body[2] = 0; // put
        body[3] = KeyLength;
        text.Fill(body.Slice(4, KeyLength));
        body[4 + KeyLength] = 0x80 | (ValueLength & 0x7F);
        body[5 + KeyLength] = ValueLength >> 7;
        text.Fill(body[(6 + KeyLength)..]);
        BinaryPrimitives.WriteUInt32LittleEndian(entry[^4..], Crc32.HashToUInt32(entry[..^4]));
    }
}
