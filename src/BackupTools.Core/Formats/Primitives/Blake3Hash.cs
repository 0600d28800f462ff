using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace BackupTools.Formats.Primitives;

/// <summary>A 32-byte digest; ToString gives 64 lower-case hex characters.</summary>
internal readonly struct Hash : IEquatable<Hash>
{
    /// <summary>Bytes of a digest.</summary>
    public const int Size = 32;

    private readonly Bytes _bytes;

    /// <summary>The digest that these eight words are in little-endian order.</summary>
    internal Hash(ReadOnlySpan<uint> words)
    {
        Span<byte> bytes = _bytes;
        for (var i = 0; i < Size / sizeof(uint); i++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(bytes[(i * sizeof(uint))..], words[i]);
        }
    }

    /// <summary>The digest stored in exactly 32 bytes.</summary>
    public static Hash FromBytes(ReadOnlySpan<byte> bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(bytes.Length, Size);
        return MemoryMarshal.Read<Hash>(bytes);
    }

    [UnscopedRef]
    public ReadOnlySpan<byte> AsSpan() => _bytes;

    public void CopyTo(Span<byte> destination) => AsSpan().CopyTo(destination);

    public bool Equals(Hash other) => AsSpan().SequenceEqual(other.AsSpan());

    public override bool Equals([NotNullWhen(true)] object? obj) => obj is Hash other && Equals(other);

    public override int GetHashCode() => BinaryPrimitives.ReadInt32LittleEndian(AsSpan());

    public override string ToString() => Convert.ToHexStringLower(AsSpan());

    public static bool operator ==(Hash left, Hash right) => left.Equals(right);

    public static bool operator !=(Hash left, Hash right) => !left.Equals(right);

    [InlineArray(Size)]
    private struct Bytes
    {
        private byte _first;
    }
}
