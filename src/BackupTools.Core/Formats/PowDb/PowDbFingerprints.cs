using System.Buffers.Binary;
using System.Text;
using BackupTools.Errors;
using BackupTools.Formats.Primitives;

namespace BackupTools.Formats.PowDb;

/// <summary>
/// One segment of a table of page fingerprints: those of one heap in one window of pages. Complete segments hold
/// every page from the window's start, listed ones name the pages they hold.
/// </summary>
/// <param name="Heap">The heap's file name.</param>
/// <param name="Window">Which window of <see cref="PowDbFingerprints.WindowPages"/> pages.</param>
/// <param name="IsComplete">Every page of the window up to <paramref name="Count"/> is there, without its index.</param>
/// <param name="Count">How many fingerprints follow.</param>
internal sealed record PowDbFingerprintSegment(string Heap, uint Window, bool IsComplete, int Count)
{
    /// <summary>Bytes of the fingerprints after the segment's head.</summary>
    public int BodyLength => Count * (IsComplete ? PowDbFingerprints.Size : PowDbFingerprints.ListedSize);
}

/// <summary>
/// Our table of page fingerprints: "BTPF", u32 version, then segments of u16 name length, name, u32 window, u8 kind,
/// u32 count, fingerprints as <see cref="PowDbPageMac"/> makes them. (Those of version 1 were BLAKE3 chaining values.)
/// </summary>
internal static class PowDbFingerprints
{
    /// <summary>Bytes of a fingerprint.</summary>
    public const int Size = 16;

    /// <summary>Bytes of a page's place in its window and its fingerprint.</summary>
    public const int ListedSize = sizeof(ushort) + Size;

    /// <summary>Pages in a window: 256 MiB of a heap, 1 MiB of fingerprints.</summary>
    public const int WindowPages = 1 << 16;

    public const int FileHeaderSize = 8;

    private const int MaxName = 255;
    private const int FixedHeadSize = sizeof(ushort) + sizeof(uint) + 1 + sizeof(uint);

    /// <summary>The longest head a segment can have.</summary>
    public const int MaxHeadSize = FixedHeadSize + MaxName;

    /// <summary>How a table begins that was made before there was a secret: sound, but of no use for comparison.</summary>
    public static ReadOnlySpan<byte> OldFileHeader => "BTPF\u0001\0\0\0"u8;

    public static ReadOnlySpan<byte> FileHeader => "BTPF\u0002\0\0\0"u8;

    /// <summary>The body of a listed segment: place and fingerprint of each page named, out of all of its window.</summary>
    public static byte[] List(IEnumerable<long> pages, ReadOnlySpan<byte> fingerprints)
    {
        var body = new System.Buffers.ArrayBufferWriter<byte>();
        foreach (var page in pages)
        {
            var entry = body.GetSpan(ListedSize);
            BinaryPrimitives.WriteUInt16LittleEndian(entry, (ushort)page);
            fingerprints.Slice((int)page * Size, Size).CopyTo(entry[sizeof(ushort)..]);
            body.Advance(ListedSize);
        }
        return body.WrittenSpan.ToArray();
    }

    /// <summary>Writes a segment's head and returns its length.</summary>
    public static int WriteHead(Span<byte> target, PowDbFingerprintSegment segment)
    {
        var name = Encoding.ASCII.GetBytes(segment.Heap, target[sizeof(ushort)..]);
        BinaryPrimitives.WriteUInt16LittleEndian(target, (ushort)name);
        var rest = target[(sizeof(ushort) + name)..];
        BinaryPrimitives.WriteUInt32LittleEndian(rest, segment.Window);
        rest[sizeof(uint)] = (byte)(segment.IsComplete ? 1 : 2);
        BinaryPrimitives.WriteInt32LittleEndian(rest[(sizeof(uint) + 1)..], segment.Count);
        return FixedHeadSize + name;
    }

    /// <summary>Reads the head at the start of the bytes; the table's digest was checked, its sense is checked here.</summary>
    /// <exception cref="BackupException">Truncated or Malformed.</exception>
    public static PowDbFingerprintSegment ReadHead(ReadOnlySpan<byte> bytes, long offset, out int length)
    {
        var reader = new Primitives.SpanReader(bytes, offset);
        var heap = reader.Utf8(reader.U16());
        var window = reader.U32();
        var kind = reader.U8();
        var count = reader.U32();
        if (kind is < 1 or > 2 || count is 0 or > WindowPages)
        {
            throw Fault.Malformed("a segment of page fingerprints is not possible", offset);
        }
        length = reader.Position;
        return new PowDbFingerprintSegment(heap, window, kind == 1, (int)count);
    }
}
