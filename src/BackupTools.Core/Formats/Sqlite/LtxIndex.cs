using System.Buffers.Binary;
using System.IO.Hashing;

namespace BackupTools.Formats.Sqlite;

/// <summary>The encoding of an LTX file's page index: three varints a page, a 0, and its own length (SQLite format, §4).</summary>
internal static class LtxIndex
{
    /// <summary>The most bytes that one page takes in the index.</summary>
    public const int LargestEntry = 5 + 10 + 5;

    /// <summary>The 0 and the length.</summary>
    public const int EndLength = 1 + 8;

    /// <summary>Writes the entry of a page; returns its bytes.</summary>
    /// <param name="target">At least <see cref="LargestEntry"/> bytes.</param>
    /// <param name="number">The page's number.</param>
    /// <param name="offset">Where its header is in the file.</param>
    /// <param name="length">Bytes of header and compressed page.</param>
    public static int WriteEntry(Span<byte> target, uint number, long offset, int length)
    {
        var at = Varint(target, number);
        at += Varint(target[at..], (ulong)offset);
        return at + Varint(target[at..], (ulong)length);
    }

    /// <summary>Writes what follows the last entry.</summary>
    /// <param name="target">At least <see cref="EndLength"/> bytes.</param>
    /// <param name="entries">Bytes of all entries.</param>
    public static void WriteEnd(Span<byte> target, long entries)
    {
        target[0] = 0;
        BinaryPrimitives.WriteUInt64BigEndian(target[1..], (ulong)entries + 1);
    }

    private static int Varint(Span<byte> target, ulong value)
    {
        var at = 0;
        for (; value >= 0x80; value >>= 7)
        {
            target[at++] = (byte)(value | 0x80);
        }
        target[at++] = (byte)value;
        return at;
    }
}

/// <summary>Compares an index with the pages that it should name, without keeping either.</summary>
internal sealed class LtxIndexCheck
{
    private readonly XxHash128 _wanted = new();
    private readonly XxHash128 _found = new();

    /// <summary>Bytes that the index must have.</summary>
    public long Length { get; private set; }

    /// <summary>Bytes of the index that were not compared yet.</summary>
    public long BytesLeft { get; private set; }

    /// <summary>True when the bytes compared are those wanted.</summary>
    public bool IsRight => BytesLeft == 0 && _wanted.GetCurrentHashAsUInt128() == _found.GetCurrentHashAsUInt128();

    /// <summary>A page was read.</summary>
    public void Add(uint number, long offset, int length)
    {
        Span<byte> entry = stackalloc byte[LtxIndex.LargestEntry];
        Want(entry[..LtxIndex.WriteEntry(entry, number, offset, length)]);
    }

    /// <summary>The last page was read: the index follows.</summary>
    public void EndOfPages()
    {
        Span<byte> end = stackalloc byte[LtxIndex.EndLength];
        LtxIndex.WriteEnd(end, Length);
        Want(end);
        BytesLeft = Length;
    }

    /// <summary>Takes the next bytes of the index as it is in the file.</summary>
    public void Compare(ReadOnlySpan<byte> part)
    {
        _found.Append(part);
        BytesLeft -= part.Length;
    }

    private void Want(ReadOnlySpan<byte> bytes)
    {
        _wanted.Append(bytes);
        Length += bytes.Length;
    }
}
