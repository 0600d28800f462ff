using System.IO.Hashing;
using BackupTools.Formats.Primitives;

namespace BackupTools.Formats.Alopex;

/// <summary>
/// A key, held in bounded memory: its length, its checksum and its first bytes. Two keys that agree in all of
/// <see cref="PrefixSize"/> bytes are not told apart by order.
/// </summary>
internal sealed class AlopexKey
{
    /// <summary>How much of a key is kept.</summary>
    public const int PrefixSize = 4096;

    private readonly Crc32 _crc = new();
    private readonly byte[] _prefix = new byte[PrefixSize];
    private int _kept;

    /// <summary>Bytes of the key so far.</summary>
    public ulong Length { get; private set; }

    /// <summary>CRC-32 of the key.</summary>
    public uint Crc => _crc.GetCurrentHashAsUInt32();

    /// <summary>CRC-32 of the key followed by one more byte; the bloom filter's second hash is made so (§4).</summary>
    public uint CrcWith(byte next) => Crc32Combine.Of(Crc, Crc32.HashToUInt32([next]), 1);

    /// <summary>Forgets the key.</summary>
    public void Clear()
    {
        _crc.Reset();
        _kept = 0;
        Length = 0;
    }

    /// <summary>Adds the key's next bytes.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        _crc.Append(bytes);
        Length += (ulong)bytes.Length;
        var take = Math.Min(bytes.Length, PrefixSize - _kept);
        bytes[..take].CopyTo(_prefix.AsSpan(_kept));
        _kept += take;
    }

    /// <summary>Order by bytes; 0 also for two long keys with the same beginning.</summary>
    public int OrderAgainst(AlopexKey other) => Kept.SequenceCompareTo(other.Kept);

    /// <summary>True when length, checksum and beginning agree.</summary>
    public bool IsSameAs(AlopexKey other) =>
        Length == other.Length && Crc == other.Crc && Kept.SequenceEqual(other.Kept);

    private ReadOnlySpan<byte> Kept => _prefix.AsSpan(0, _kept);
}
