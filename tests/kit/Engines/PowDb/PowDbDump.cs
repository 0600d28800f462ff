using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace BackupTools.Tests.Engines.PowDb;

/// <summary>
/// The rows of a data directory of 0.4.x as the engine's dump prints them, log replayed. An oracle written from the
/// format description alone; it shares no code with what it tests.
/// </summary>
internal static class PowDbDump
{
    private const int PageSize = 4096;

    /// <summary>Table headers and rows, sorted as the dump has them; without max_lsn and the count of index misses.</summary>
    public static string[] Of(string folder)
    {
        var lines = new List<string>();
        var wal = WalRecords(folder);
        foreach (
            var table in Tables(File.ReadAllBytes(Path.Combine(folder, "catalog.bin")))
                .OrderBy(t => t.Name, StringComparer.Ordinal)
        )
        {
            var rows = Rows(
                File.ReadAllBytes(Path.Combine(folder, table.Name + ".heap")),
                wal.Where(r => r.Table == table.Name)
            );
            var columns = string.Join(
                ", ",
                table.Columns.Select(c => $"{c.Name}:{TypeName(c.Type)}{(c.Required ? "!" : "")}")
            );
            lines.Add($"table {table.Name} ({columns}) indexes [{string.Join(",", table.Indexes)}] rows {rows.Count}");
            lines.AddRange(rows.Select(r => "  " + RowText(r, table.Columns)).Order(StringComparer.Ordinal));
        }
        return [.. lines];
    }

    /// <summary>The same lines of an expected dump.</summary>
    public static string[] Expected(string name) =>
        [
            .. File.ReadLines(PowDbFixtures.At("expected", name))
                .Where(l => !l.StartsWith("max_lsn", StringComparison.Ordinal))
                .Select(l =>
                    l.StartsWith("table ", StringComparison.Ordinal)
                        ? l[..l.LastIndexOf(" index_misses", StringComparison.Ordinal)]
                        : l
                ),
        ];

    private static List<byte[]> Rows(byte[] heap, IEnumerable<WalRecord> wal)
    {
        var rows = new SortedDictionary<(uint Page, ushort Slot), byte[]>();
        var lsns = new Dictionary<uint, ulong>();
        for (var page = 0u; page < heap.Length / PageSize; page++)
        {
            var bytes = heap.AsSpan((int)page * PageSize, PageSize);
            lsns[page] = BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]);
            for (ushort slot = 0; slot < BinaryPrimitives.ReadUInt16LittleEndian(bytes[4094..]); slot++)
            {
                var at = 4094 - (4 * (slot + 1));
                var length = BinaryPrimitives.ReadUInt16LittleEndian(bytes[(at + 2)..]);
                if (length != 0xFFFF)
                {
                    rows[(page, slot)] = bytes
                        .Slice(BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]), length)
                        .ToArray();
                }
            }
        }
        foreach (var record in wal)
        {
            if (record.Lsn <= lsns.GetValueOrDefault(record.Page))
            {
                continue;
            }
            lsns[record.Page] = record.Lsn;
            if (record.Type == 3)
            {
                rows.Remove((record.Page, record.Slot));
            }
            else
            {
                rows[(record.Page, record.Slot)] = record.Row;
            }
        }
        return [.. rows.Values];
    }

    private static string RowText(byte[] row, IReadOnlyList<Column> columns)
    {
        var bitmap = (columns.Count + 7) / 8;
        var isNull = (int i) => ((row[2 + (i / 8)] >> (i % 8)) & 1) != 0;
        var at = 2 + bitmap;
        var fixedAt = new int[columns.Count];
        for (var i = 0; i < columns.Count; i++)
        {
            fixedAt[i] = at;
            at += FixedLength(columns[i].Type);
        }
        var variables = columns.Count(c => FixedLength(c.Type) == 0);
        var data = at + (2 * (variables + 1));
        var variable = 0;
        var texts = new List<string>();
        for (var i = 0; i < columns.Count; i++)
        {
            var type = columns[i].Type;
            var value = row.AsSpan(fixedAt[i], FixedLength(type));
            if (FixedLength(type) == 0)
            {
                var from = BinaryPrimitives.ReadUInt16LittleEndian(row.AsSpan(at + (2 * variable)));
                var to = BinaryPrimitives.ReadUInt16LittleEndian(row.AsSpan(at + (2 * variable) + 2));
                value = row.AsSpan(data + from, to - from);
                variable++;
            }
            texts.Add(isNull(i) ? "NULL" : ValueText(type, value));
        }
        return string.Join("|", texts);
    }

    private static string ValueText(byte type, ReadOnlySpan<byte> value) =>
        type switch
        {
            1 => string.Create(CultureInfo.InvariantCulture, $"i{BinaryPrimitives.ReadInt64LittleEndian(value)}"),
            2 => "f"
                + BinaryPrimitives
                    .ReadDoubleLittleEndian(value)
                    .ToString("0.0###############", CultureInfo.InvariantCulture),
            3 => value[0] != 0 ? "btrue" : "bfalse",
            4 => $"\"{Encoding.UTF8.GetString(value)}\"",
            5 => string.Create(CultureInfo.InvariantCulture, $"t{BinaryPrimitives.ReadInt64LittleEndian(value)}"),
            6 => "u" + Convert.ToHexStringLower(value),
            7 => "x" + Convert.ToHexStringLower(value),
            _ => throw new InvalidDataException($"type {type}"),
        };

    private static int FixedLength(byte type) =>
        type switch
        {
            1 or 2 or 5 => 8,
            3 => 1,
            6 => 16,
            _ => 0,
        };

    private static string TypeName(byte type) =>
        new[] { "Empty", "Int", "Float", "Bool", "Str", "DateTime", "Uuid", "Bytes" }[type];

    internal static List<WalRecord> WalRecords(string folder)
    {
        var records = new List<WalRecord>();
        var path = Path.Combine(folder, "wal.log");
        var bytes = File.Exists(path) ? File.ReadAllBytes(path) : [];
        for (var at = 0; at + 25 <= bytes.Length; )
        {
            var length = BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(at));
            if (
                length < 25
                || length > bytes.Length - at
                || PowDbTestDatabase.Crc(bytes.AsSpan(at + 8, length - 8))
                    != BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(at + 4))
            )
            {
                break; // the engine stops there and drops the rest (§5)
            }
            var type = bytes[at + 16];
            var lsn = BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(at + 17));
            var p = at + 25;
            if (type <= 3)
            {
                var table = Text(bytes, ref p);
                var page = BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(p));
                var slot = BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(p + 4));
                var row = bytes.AsSpan(p + 10, BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(p + 6))).ToArray();
                records.Add(new WalRecord(type, lsn, table, page, slot, row));
            }
            at += length;
        }
        return records;
    }

    private static List<Table> Tables(byte[] catalog)
    {
        var tables = new List<Table>();
        var p = 10;
        for (var n = BinaryPrimitives.ReadInt32LittleEndian(catalog.AsSpan(6)); n > 0; n--)
        {
            var name = Text(catalog, ref p);
            var columns = new List<Column>();
            for (var c = Short(catalog, ref p); c > 0; c--)
            {
                columns.Add(new Column(Text(catalog, ref p), catalog[p], catalog[p + 1] != 0));
                p += 4;
            }
            var indexes = new List<string>();
            for (var c = Short(catalog, ref p); c > 0; c--)
            {
                indexes.Add(Text(catalog, ref p));
                p++;
            }
            tables.Add(new Table(name, columns, indexes));
        }
        return tables;
    }

    private static ushort Short(byte[] b, ref int p) => BinaryPrimitives.ReadUInt16LittleEndian(b.AsSpan((p += 2) - 2));

    private static string Text(byte[] b, ref int p)
    {
        var length = BinaryPrimitives.ReadInt32LittleEndian(b.AsSpan(p));
        p += 4 + length;
        return Encoding.UTF8.GetString(b, p - length, length);
    }

    private sealed record Column(string Name, byte Type, bool Required);

    private sealed record Table(string Name, List<Column> Columns, List<string> Indexes);

    internal sealed record WalRecord(byte Type, ulong Lsn, string Table, uint Page, ushort Slot, byte[] Row);
}
