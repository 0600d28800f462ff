using BackupTools.Formats.Primitives;

namespace BackupTools.Formats.Grafeo;

/// <summary>
/// Reads bincode 2 with the standard configuration (Grafeo format, §2): little-endian, variable-length integers,
/// no field names. Accepts exactly what the engine accepts: longer forms than needed, but never wider than the field.
/// </summary>
internal ref struct BincodeReader
{
    private SpanReader _reader;

    /// <summary>Starts at the first byte; <paramref name="baseOffset"/> is that byte's offset in its file.</summary>
    public BincodeReader(ReadOnlySpan<byte> bytes, long baseOffset = 0) => _reader = new SpanReader(bytes, baseOffset);

    /// <summary>Offset of the next byte in the file.</summary>
    public readonly long Offset => _reader.Offset;

    /// <summary>Bytes left.</summary>
    public readonly int Remaining => _reader.Remaining;

    /// <summary>A raw byte; bool and u8 are never variable-length.</summary>
    public byte U8() => _reader.U8();

    /// <summary>A u64, a usize or a length.</summary>
    public ulong U64() => Variable(wide: true);

    /// <summary>A u32 or an enum's variant.</summary>
    public uint U32() => (uint)Variable(wide: false);

    /// <summary>That many raw bytes.</summary>
    public ReadOnlySpan<byte> Bytes(ulong count) => _reader.Bytes(count);

    /// <summary>A length and that many bytes of UTF-8.</summary>
    public string Text() => _reader.Utf8(U64());

    /// <summary>
    /// The count of a sequence whose elements take at least <paramref name="smallest"/> bytes each, so that a count
    /// that cannot be true is refused before anything is allocated for it.
    /// </summary>
    public int Count(int smallest)
    {
        var at = Offset;
        var count = U64();
        if (count > (ulong)(Remaining / smallest))
        {
            throw Fault.Truncated($"{count} elements are announced and only {Remaining} bytes are left", at);
        }
        return (int)count;
    }

    /// <summary>Refuses bytes after the last field, as the engine does since 0.6.0.</summary>
    public readonly void End(string what)
    {
        if (Remaining > 0)
        {
            throw Fault.Malformed($"{Remaining} bytes too many after the {what}", Offset);
        }
    }

    private ulong Variable(bool wide)
    {
        var at = Offset;
        var marker = _reader.U8();
        return marker switch
        {
            < 251 => marker,
            251 => _reader.U16(),
            252 => _reader.U32(),
            253 when wide => _reader.U64(),
            _ => throw Fault.Malformed(
                $"InvalidIntegerType {{ expected: {(wide ? "U64" : "U32")}, found: {Name(marker)} }}",
                at
            ),
        };
    }

    private static string Name(byte marker) =>
        marker switch
        {
            253 => "U64",
            254 => "U128",
            _ => "Reserved",
        };
}
