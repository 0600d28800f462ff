using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace BackupTools.Formats.Grafeo;

/// <summary>Writes bincode 2 with the standard configuration (Grafeo format, §2), always in the shortest form.</summary>
internal sealed class BincodeWriter
{
    private readonly ArrayBufferWriter<byte> _buffer = new();

    /// <summary>Any unsigned integer of 16 to 64 bits, a length, or an enum's variant.</summary>
    public BincodeWriter U64(ulong value)
    {
        var span = _buffer.GetSpan(9);
        switch (value)
        {
            case < 251:
                span[0] = (byte)value;
                _buffer.Advance(1);
                break;
            case <= ushort.MaxValue:
                span[0] = 251;
                BinaryPrimitives.WriteUInt16LittleEndian(span[1..], (ushort)value);
                _buffer.Advance(3);
                break;
            case <= uint.MaxValue:
                span[0] = 252;
                BinaryPrimitives.WriteUInt32LittleEndian(span[1..], (uint)value);
                _buffer.Advance(5);
                break;
            default:
                span[0] = 253;
                BinaryPrimitives.WriteUInt64LittleEndian(span[1..], value);
                _buffer.Advance(9);
                break;
        }
        return this;
    }

    /// <summary>A length and the text as UTF-8.</summary>
    public BincodeWriter Text(string value)
    {
        U64((ulong)Encoding.UTF8.GetByteCount(value));
        Encoding.UTF8.GetBytes(value, _buffer);
        return this;
    }

    public byte[] ToArray() => _buffer.WrittenSpan.ToArray();
}
