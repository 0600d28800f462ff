using System.Buffers.Binary;
using System.Text;

namespace BackupTools.Tests.Formats.Alopex;

/// <summary>One version of a key; no value is a delete.</summary>
internal sealed record AlopexRow(byte[] Key, ulong Timestamp, ulong Sequence, byte[]? Value)
{
    public static AlopexRow Of(string key, ulong timestamp, string? value, ulong sequence = 1) =>
        new(Encoding.UTF8.GetBytes(key), timestamp, sequence, value is null ? null : Encoding.UTF8.GetBytes(value));
}

/// <summary>What the table says of a block: its head, its stored payload, its two keys in the index.</summary>
internal sealed record AlopexBlock(int Entries, int Plain, byte[] Payload, byte[] First, byte[] Last);

/// <summary>Writes tables as §4 of the format document says; the rows must be in order.</summary>
internal static class AlopexTableBuilder
{
    /// <summary>The bytes of a table.</summary>
    /// <param name="rows">The entries.</param>
    /// <param name="blockSize">A block is closed before it becomes larger.</param>
    /// <param name="bloom">With a filter.</param>
    /// <param name="codec">What the header's flags say; the payloads are stored as <paramref name="block"/> gives them.</param>
    /// <param name="block">Changes a block before its checksum is made.</param>
    /// <param name="index">Changes the bytes of the index.</param>
    /// <param name="gap">Bytes between the last block and the index.</param>
    public static byte[] Build(
        IReadOnlyList<AlopexRow> rows,
        int blockSize = 4096,
        bool bloom = true,
        int codec = 0,
        Func<AlopexBlock, AlopexBlock>? block = null,
        Action<List<byte>>? index = null,
        int gap = 0
    )
    {
        var file = new List<byte>(new byte[32]);
        var entries = new List<byte>();
        var blocks = 0;
        for (var at = 0; at < rows.Count; blocks++)
        {
            var payload = new List<byte>();
            var from = at;
            do
            {
                payload.AddRange(Entry(rows[at++]));
            } while (at < rows.Count && payload.Count + Entry(rows[at]).Length + 12 <= blockSize);
            var made = new AlopexBlock(at - from, payload.Count, [.. payload], rows[from].Key, rows[at - 1].Key);
            made = block?.Invoke(made) ?? made;
            List<byte> bytesOfIt = [.. U32(made.Entries), .. U32(made.Plain), .. made.Payload];
            bytesOfIt.AddRange(U32(AlopexKeyReader.Crc(bytesOfIt.ToArray())));
            entries.AddRange([.. U64((ulong)file.Count), .. U32(bytesOfIt.Count)]);
            entries.AddRange([.. U32(made.First.Length), .. made.First, .. U32(made.Last.Length), .. made.Last]);
            file.AddRange(bytesOfIt);
        }
        file.AddRange(new byte[gap]);
        entries.InsertRange(0, U32(blocks));
        index?.Invoke(entries);
        var indexOffset = (ulong)file.Count;
        file.AddRange(entries);
        var filter = bloom ? Bloom(rows) : [];
        var bloomOffset = bloom ? (ulong)file.Count : 0;
        file.AddRange(filter);
        var bytes = file.ToArray();
        Encoding.ASCII.GetBytes("ASST").CopyTo(bytes, 0);
        bytes[4] = 1;
        bytes[6] = (byte)((bloom ? 1 : 0) | (codec << 1));
        U32(blocks).CopyTo(bytes, 8);
        U64((ulong)rows.Count).CopyTo(bytes, 12);
        U32(rows.Count == 0 ? 0 : rows.Min(r => r.Key.Length)).CopyTo(bytes, 20);
        U32(rows.Count == 0 ? 0 : rows.Max(r => r.Key.Length)).CopyTo(bytes, 24);
        return
        [
            .. bytes,
            .. U64(indexOffset),
            .. U32(entries.Count),
            .. U64(bloomOffset),
            .. U32(filter.Length),
            .. U64(rows.Count == 0 ? ulong.MaxValue : rows.Min(r => r.Timestamp)),
            .. U64(rows.Count == 0 ? 0 : rows.Max(r => r.Timestamp)),
            .. U32(AlopexKeyReader.Crc(bytes)),
            .. "TSSA"u8,
        ];
    }

    /// <summary>Makes the checksum of the file right again after damage was done, so that it hides nothing else.</summary>
    public static byte[] Reseal(byte[] table)
    {
        U32(AlopexKeyReader.Crc(table.AsSpan(0, table.Length - 48))).CopyTo(table, table.Length - 8);
        return table;
    }

    private static byte[] Entry(AlopexRow row) =>
        [
            (byte)(row.Value is null ? 1 : 0),
            .. U64(row.Timestamp),
            .. U64(row.Sequence),
            .. U32(row.Key.Length),
            .. U32(row.Value?.Length ?? 0),
            .. row.Key,
            .. row.Value ?? [],
        ];

    private static byte[] Bloom(IReadOnlyList<AlopexRow> rows)
    {
        var n = Math.Max(1, rows.Count);
        var bits = Math.Max(8, Math.Ceiling(-(n * Math.Log(0.01)) / (Math.Log(2) * Math.Log(2))));
        var hashes = (uint)Math.Max(1, Math.Round(bits / n * Math.Log(2)));
        var filter = new byte[((int)bits + 7) / 8];
        var count = (uint)filter.Length * 8;
        foreach (var row in rows)
        {
            var first = AlopexKeyReader.Crc(row.Key);
            var step = Math.Max(1, AlopexKeyReader.Crc([.. row.Key, 0xA5]));
            for (uint i = 0; i < hashes; i++)
            {
                var bit = unchecked(first + (i * step)) % count;
                filter[bit / 8] |= (byte)(1 << (int)(bit % 8));
            }
        }
        return [.. U32(hashes), .. U32(filter.Length), .. filter];
    }

    public static byte[] U32(int value) => U32((uint)value);

    private static byte[] U32(uint value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        return bytes;
    }

    private static byte[] U64(ulong value)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        return bytes;
    }
}
