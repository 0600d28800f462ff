using System.Buffers.Binary;
using System.Collections.Concurrent;
using BackupTools.Errors;

namespace BackupTools.Formats.Age;

/// <summary>
/// What follows the header and the nonce: chunks of 64 KiB, each encrypted by itself under its number, the last also under
/// the fact that it is the last. Any number of threads may use it.
/// </summary>
internal sealed class AgePayload(byte[] key, Func<byte[], Aead>? cipher = null) : IDisposable
{
    /// <summary>Plain bytes of every chunk but the last.</summary>
    public const int ChunkLength = 64 << 10;

    /// <summary>The same, encrypted.</summary>
    public const int SealedLength = ChunkLength + Aead.TagLength;

    private readonly Func<byte[], Aead> _cipher = cipher ?? Aead.Of;
    private readonly ConcurrentBag<Aead> _idle = [];

    /// <summary>How many chunks so many plain bytes make: one even of none.</summary>
    public static long ChunksOf(long plain) => Math.Max(1, (plain + ChunkLength - 1) / ChunkLength);

    /// <summary>How long so many plain bytes become.</summary>
    public static long SealedLengthOf(long plain) => plain + (ChunksOf(plain) * Aead.TagLength);

    /// <summary>How many plain bytes are in chunks that are so long together.</summary>
    /// <exception cref="BackupException">Truncated, Malformed: chunks are never so long.</exception>
    public static long PlainLengthOf(long @sealed)
    {
        var (whole, rest) = Math.DivRem(@sealed, SealedLength);
        if (@sealed < Aead.TagLength || rest is > 0 and < Aead.TagLength)
        {
            throw new BackupException(ErrorCode.Truncated, "the encrypted file ends within a chunk");
        }
        if (rest == Aead.TagLength && whole > 0)
        {
            throw new BackupException(ErrorCode.Malformed, "the last chunk of the encrypted file is empty");
        }
        return (whole * ChunkLength) + (rest > 0 ? rest - Aead.TagLength : 0);
    }

    /// <summary>Encrypts a chunk.</summary>
    public void Seal(long index, bool isLast, ReadOnlySpan<byte> plain, Span<byte> @sealed)
    {
        var aead = Take();
        aead.Seal(Nonce(stackalloc byte[Aead.NonceLength], index, isLast), plain, @sealed);
        _idle.Add(aead);
    }

    /// <summary>Decrypts a chunk; false where it is another one, or was changed.</summary>
    public bool TryOpen(long index, bool isLast, ReadOnlySpan<byte> @sealed, Span<byte> plain)
    {
        var aead = Take();
        var isSound = aead.TryOpen(Nonce(stackalloc byte[Aead.NonceLength], index, isLast), @sealed, plain);
        _idle.Add(aead);
        return isSound;
    }

    public void Dispose()
    {
        while (_idle.TryTake(out var aead))
        {
            aead.Dispose();
        }
    }

    private Aead Take() => _idle.TryTake(out var aead) ? aead : _cipher(key);

    private static Span<byte> Nonce(Span<byte> nonce, long index, bool isLast)
    {
        nonce.Clear();
        BinaryPrimitives.WriteInt64BigEndian(nonce[3..], index);
        nonce[11] = isLast ? (byte)1 : (byte)0;
        return nonce;
    }
}
