using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using BackupTools.Errors;

namespace BackupTools.Formats.Primitives;

/// <summary>
/// Reads little-endian values from untrusted bytes. Every read is checked by subtraction before it happens; reading
/// past the end throws <see cref="ErrorCode.Truncated"/> with the absolute offset.
/// </summary>
internal ref struct SpanReader(ReadOnlySpan<byte> bytes, long baseOffset = 0)
{
    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    private readonly ReadOnlySpan<byte> _bytes = bytes;
    private readonly long _baseOffset = baseOffset;
    private int _position;

    /// <summary>Bytes read so far.</summary>
    public readonly int Position => _position;

    /// <summary>Bytes left.</summary>
    public readonly int Remaining => _bytes.Length - _position;

    /// <summary>Offset of the next byte in the file.</summary>
    public readonly long Offset => _baseOffset + _position;

    /// <summary>The bytes not read yet.</summary>
    public readonly ReadOnlySpan<byte> Rest => _bytes[_position..];

    /// <summary>The next <paramref name="count"/> bytes. The count is a ulong so that no caller narrows it first.</summary>
    public ReadOnlySpan<byte> Bytes(ulong count)
    {
        if (count > (ulong)Remaining)
        {
            throw Fault.Truncated(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"unexpected end of data at offset {Offset} (wanted {count} bytes, {Remaining} left)"
                ),
                Offset
            );
        }
        var slice = _bytes.Slice(_position, (int)count);
        _position += (int)count;
        return slice;
    }

    public byte U8() => Bytes(1)[0];

    public ushort U16() => BinaryPrimitives.ReadUInt16LittleEndian(Bytes(2));

    public uint U32() => BinaryPrimitives.ReadUInt32LittleEndian(Bytes(4));

    public ulong U64() => BinaryPrimitives.ReadUInt64LittleEndian(Bytes(8));

    public void Skip(ulong count) => _ = Bytes(count);

    /// <summary>The next <paramref name="count"/> bytes as UTF-8; invalid sequences throw Malformed.</summary>
    public string Utf8(ulong count)
    {
        var at = Offset;
        try
        {
            return StrictUtf8.GetString(Bytes(count));
        }
        catch (DecoderFallbackException e)
        {
            throw new BackupException(ErrorCode.Malformed, "invalid UTF-8 in a name or text", offset: at, inner: e);
        }
    }
}
