using System.Buffers.Binary;
using BackupTools.Errors;
using BackupTools.Formats.Primitives;

namespace BackupTools.Formats.Alopex;

/// <summary>
/// A table's bloom filter (Alopex format, §4). A key that it denies is never looked up by the engine: a wrong bit
/// hides a key as surely as a lost block.
/// </summary>
internal sealed class AlopexBloom(uint hashes, byte[] bits)
{
    /// <summary>Bytes in front of the bits: how many hashes, how many bytes of bits.</summary>
    public const int HeadSize = 8;

    // The engine computes at most 30 for any rate that it allows.
    private const uint MostHashes = 64;

    /// <summary>Checks the head against the size that the footer gives (check 8 of §4).</summary>
    /// <param name="head">The first <see cref="HeadSize"/> bytes; fewer only when the filter has fewer.</param>
    /// <param name="size">Bytes of the whole filter.</param>
    /// <exception cref="BackupException">Malformed, with the engine's words.</exception>
    public static void CheckHead(ReadOnlySpan<byte> head, uint size)
    {
        if (size < HeadSize)
        {
            throw Fault.Malformed("invalid format: SSTable block/index truncated");
        }
        var bits = BinaryPrimitives.ReadUInt32LittleEndian(head[4..]);
        if (bits != size - HeadSize)
        {
            var fault = bits > size - HeadSize ? "SSTable bloom truncated" : "SSTable bloom has trailing bytes";
            throw Fault.Malformed($"invalid format: {fault}");
        }
        var hashes = BinaryPrimitives.ReadUInt32LittleEndian(head);
        if (hashes is 0 or > MostHashes)
        {
            throw Fault.Malformed($"SSTable: the bloom filter claims {hashes} hashes for a key");
        }
    }

    /// <summary>Takes the whole filter, head and bits.</summary>
    /// <exception cref="BackupException">Malformed, with the engine's words.</exception>
    public static AlopexBloom Read(byte[] filter)
    {
        CheckHead(filter, (uint)filter.Length);
        return new AlopexBloom(BinaryPrimitives.ReadUInt32LittleEndian(filter), filter);
    }

    /// <summary>False when the engine would take the key for absent.</summary>
    public bool MayContain(AlopexKey key)
    {
        var count = (uint)(bits.Length - HeadSize) * 8;
        if (count == 0)
        {
            return false;
        }
        var first = key.Crc;
        var step = Math.Max(1, key.CrcWith(0xA5));
        for (uint i = 0; i < hashes; i++)
        {
            var bit = unchecked(first + (i * step)) % count;
            if ((bits[HeadSize + (bit / 8)] & (1 << (int)(bit % 8))) == 0)
            {
                return false;
            }
        }
        return true;
    }
}
