using System.IO.Hashing;

namespace BackupTools.Formats.Primitives;

/// <summary>CRC-32 of a file that is mostly holes: zeros cost nothing, and pieces may come with their own CRC.</summary>
internal sealed class SparseCrc32
{
    private static readonly uint OneZero = Crc32.HashToUInt32([0]);

    /// <summary>CRC-32 of everything so far.</summary>
    public uint Current { get; private set; }

    /// <summary>Bytes so far.</summary>
    public long Length { get; private set; }

    public void Append(ReadOnlySpan<byte> bytes) => Append(Crc32.HashToUInt32(bytes), bytes.Length);

    /// <summary>Adds bytes of which only the CRC is known.</summary>
    public void Append(uint crc, long length)
    {
        Current = Crc32Combine.Of(Current, crc, length);
        Length += length;
    }

    /// <summary>Adds zeros until that many bytes were seen.</summary>
    public void ZerosUpTo(long length)
    {
        var zeros = OneZero;
        var count = 1L;
        for (var left = length - Length; left > 0; left >>= 1, count <<= 1)
        {
            if ((left & 1) != 0)
            {
                Append(zeros, count);
            }
            if (left > 1)
            {
                zeros = Crc32Combine.Of(zeros, zeros, count);
            }
        }
    }
}
