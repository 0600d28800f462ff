using System.Buffers.Binary;
using System.Text;

namespace BackupTools.Tests.Engines.PowDb;

/// <summary>
/// A small data directory in memory, built from the format description alone: catalogue version 3, heaps with page
/// checksums, indexes of one leaf. Shares no code with what it tests, its CRC included.
/// </summary>
internal sealed class PowDbTestDatabase
{
    private const int PageSize = 4096;

    /// <summary>A table of (id Int, v Str); a page is a list of rows, a row's text may be null.</summary>
    internal sealed class Table
    {
        public List<Page> Pages { get; } = [];

        public bool Indexed { get; set; } = true;

        public bool NullsIndexed { get; set; }
    }

    internal sealed class Page
    {
        public List<(long Id, string? Text)> Rows { get; } = [];

        public ulong Lsn { get; set; }

        /// <summary>Slots whose row was deleted; the row stays in <see cref="Rows"/> to keep the place.</summary>
        public HashSet<int> Deleted { get; } = [];

        public bool IsZero { get; set; }

        public bool HasChecksum { get; set; } = true;
    }

    public SortedDictionary<string, Table> Tables { get; } = new(StringComparer.Ordinal);

    public ulong NextLsn { get; set; } = 1;

    /// <summary>Files that belong to no table.</summary>
    public Dictionary<string, byte[]> Strays { get; } = [];

    /// <summary>The durable files: what a restore has to bring back.</summary>
    public SortedDictionary<string, byte[]> Files()
    {
        var files = new SortedDictionary<string, byte[]>(StringComparer.Ordinal) { ["catalog.bin"] = Catalog() };
        foreach (var (name, table) in Tables)
        {
            files[name + ".heap"] = Heap(table);
            if (table.Indexed)
            {
                files[name + "_id.idx"] = Index(table, 1, byText: false);
            }
            if (table.NullsIndexed)
            {
                files[name + "_v.idx"] = Index(table, 4, byText: true);
            }
        }
        return files;
    }

    /// <summary>Makes a folder hold exactly this database.</summary>
    public SortedDictionary<string, byte[]> WriteTo(string folder)
    {
        Directory.CreateDirectory(folder);
        var files = Files();
        foreach (var old in Directory.GetFiles(folder).Where(f => !files.ContainsKey(Path.GetFileName(f))))
        {
            File.Delete(old);
        }
        foreach (var (name, bytes) in files.Concat(Strays))
        {
            File.WriteAllBytes(Path.Combine(folder, name), bytes);
        }
        return files;
    }

    public byte[] Catalog()
    {
        var b = new Writer();
        b.Raw("BCAT"u8).U16(3).U32((uint)Tables.Count);
        foreach (var (name, table) in Tables)
        {
            b.Str(name).U16(2);
            b.Str("id").U8(1).U8(1).U16(0);
            b.Str("v").U8(4).U8(0).U16(1);
            b.U16((ushort)((table.Indexed ? 1 : 0) + (table.NullsIndexed ? 1 : 0)));
            if (table.Indexed)
            {
                b.Str("id").U8(1);
            }
            if (table.NullsIndexed)
            {
                b.Str("v").U8(0);
            }
        }
        return b.WithCrc();
    }

    public static byte[] Heap(Table table)
    {
        var heap = new byte[table.Pages.Count * PageSize];
        for (var i = 0; i < table.Pages.Count; i++)
        {
            PageBytes(table.Pages[i], i).CopyTo(heap, i * PageSize);
        }
        return heap;
    }

    public static byte[] PageBytes(Page page, int index)
    {
        var bytes = new byte[PageSize];
        if (page.IsZero)
        {
            return bytes;
        }
        var free = 20;
        for (var slot = 0; slot < page.Rows.Count; slot++)
        {
            if (page.Deleted.Contains(slot))
            {
                BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(4096 - (4 * (slot + 1))), 0xFFFF);
                continue;
            }
            var row = Row(page.Rows[slot]);
            row.CopyTo(bytes, free);
            BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(4094 - (4 * (slot + 1))), (ushort)free);
            BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(4096 - (4 * (slot + 1))), (ushort)row.Length);
            free += row.Length;
        }
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(4094), (ushort)page.Rows.Count);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, (uint)index);
        bytes[4] = 1;
        bytes[5] = (byte)(page.HasChecksum ? 1 : 0);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(6), (ushort)free);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(8), page.Lsn);
        if (page.HasChecksum)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(16), Crc(bytes));
        }
        return bytes;
    }

    /// <summary>A row that fits the heaps above: length, null bitmap, id, two offsets, text.</summary>
    public static byte[] Row((long Id, string? Text) row)
    {
        var text = Encoding.UTF8.GetBytes(row.Text ?? "");
        var bytes = new byte[2 + 1 + 8 + 4 + text.Length];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, (ushort)bytes.Length);
        bytes[2] = (byte)(row.Text is null ? 2 : 0);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(3), row.Id);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(13), (ushort)text.Length);
        text.CopyTo(bytes, 15);
        return bytes;
    }

    public static byte[] Index(Table table, byte type, bool byText)
    {
        var entries = table
            .Pages.SelectMany(
                (p, page) => p.Rows.Select((r, slot) => (r, page, slot)).Where(e => !p.Deleted.Contains(e.slot))
            )
            .Where(e => !byText || e.r.Text is not null)
            .ToArray();
        var b = new Writer();
        b.Raw("BIDX"u8).U16(1).U32(0).U32(1).U8(1).U32((uint)entries.Length);
        foreach (var (row, _, _) in entries)
        {
            b.U8(type);
            if (byText)
            {
                b.Str(row.Text!);
            }
            else
            {
                b.U64((ulong)row.Id);
            }
        }
        foreach (var (_, page, slot) in entries)
        {
            b.U32((uint)page).U16((ushort)slot);
        }
        return b.U8(0).WithCrc();
    }

    /// <summary>A record of the log in the layout of 0.4.x.</summary>
    public static byte[] WalRecord(ulong lsn, byte type, string table, uint page, ushort slot, byte[] row)
    {
        var body = new Writer();
        body.U64(lsn).U8(type).U64(lsn).Str(table).U32(page).U16(slot).U32((uint)row.Length).Raw(row);
        var bytes = body.ToArray();
        return new Writer().U32((uint)bytes.Length + 8).U32(Crc(bytes)).Raw(bytes).ToArray();
    }

    /// <summary>CRC-32 bit by bit, the textbook's.</summary>
    public static uint Crc(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var b in bytes)
        {
            crc = Table256[(byte)(crc ^ b)] ^ (crc >> 8);
        }
        return ~crc;
    }

    private static readonly uint[] Table256 = Enumerable
        .Range(0, 256)
        .Select(n =>
        {
            var c = (uint)n;
            for (var k = 0; k < 8; k++)
            {
                c = (c & 1) != 0 ? 0xEDB88320 ^ (c >> 1) : c >> 1;
            }
            return c;
        })
        .ToArray();

    /// <summary>Bytes of the format, little-endian.</summary>
    internal sealed class Writer
    {
        private readonly List<byte> _bytes = [];

        public Writer U8(byte v) => Raw([v]);

        public Writer U16(ushort v)
        {
            Span<byte> b = stackalloc byte[2];
            BinaryPrimitives.WriteUInt16LittleEndian(b, v);
            return Raw(b);
        }

        public Writer U32(uint v)
        {
            Span<byte> b = stackalloc byte[4];
            BinaryPrimitives.WriteUInt32LittleEndian(b, v);
            return Raw(b);
        }

        public Writer U64(ulong v)
        {
            Span<byte> b = stackalloc byte[8];
            BinaryPrimitives.WriteUInt64LittleEndian(b, v);
            return Raw(b);
        }

        public Writer Str(string v) => U32((uint)Encoding.UTF8.GetByteCount(v)).Raw(Encoding.UTF8.GetBytes(v));

        public Writer Raw(ReadOnlySpan<byte> v)
        {
            _bytes.AddRange(v);
            return this;
        }

        public byte[] ToArray() => _bytes.ToArray();

        public byte[] WithCrc() => U32(Crc(ToArray())).ToArray();
    }
}
