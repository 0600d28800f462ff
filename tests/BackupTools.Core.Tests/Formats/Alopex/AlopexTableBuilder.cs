using System.Buffers.Binary;
using System.Text;

namespace BackupTools.Tests.Formats.Alopex;

/// <summary>One version of a key; no value is a delete.</summary>
internal sealed record AlopexRow(byte[] Key, ulong Timestamp, ulong Sequence, byte[]? Value)
{
    public static AlopexRow Of(string key, ulong timestamp, string? value, ulong sequence = 1) =>
        new(Encoding.UTF8.GetBytes(key), timestamp, sequence, value is null ? null : Encoding.UTF8.GetBytes(value));
}

/// <summary>Writes tables as §4 of the format document says; the rows must be in order.</summary>
internal static class AlopexTableBuilder
{
    public static byte[] Build(IReadOnlyList<AlopexRow> rows, int blockSize = 4096, bool bloom = true)
    {
        var file = new List<byte>(new byte[32]);
        var index = new List<byte>();
        var blocks = 0;
        for (var at = 0; at < rows.Count; blocks++)
        {
            var payload = new List<byte>();
            var from = at;
            do
            {
                payload.AddRange(Entry(rows[at++]));
            } while (at < rows.Count && payload.Count + Entry(rows[at]).Length + 12 <= blockSize);
            List<byte> block = [.. U32(at - from), .. U32(payload.Count), .. payload];
            block.AddRange(U32(AlopexKeyReader.Crc(block.ToArray())));
            index.AddRange([.. U64((ulong)file.Count), .. U32(block.Count)]);
            index.AddRange([.. U32(rows[from].Key.Length), .. rows[from].Key]);
            index.AddRange([.. U32(rows[at - 1].Key.Length), .. rows[at - 1].Key]);
            file.AddRange(block);
        }
        index.InsertRange(0, U32(blocks));
        var indexOffset = (ulong)file.Count;
        file.AddRange(index);
        var filter = bloom ? Bloom(rows) : [];
        var bloomOffset = bloom ? (ulong)file.Count : 0;
        file.AddRange(filter);
        var bytes = file.ToArray();
        Encoding.ASCII.GetBytes("ASST").CopyTo(bytes, 0);
        bytes[4] = 1;
        bytes[6] = (byte)(bloom ? 1 : 0);
        U32(blocks).CopyTo(bytes, 8);
        U64((ulong)rows.Count).CopyTo(bytes, 12);
        U32(rows.Count == 0 ? 0 : rows.Min(r => r.Key.Length)).CopyTo(bytes, 20);
        U32(rows.Count == 0 ? 0 : rows.Max(r => r.Key.Length)).CopyTo(bytes, 24);
        return
        [
            .. bytes,
            .. U64(indexOffset),
            .. U32(index.Count),
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

    private static byte[] U32(int value) => U32((uint)value);

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
