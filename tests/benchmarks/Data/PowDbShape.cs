using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;
using BackupTools.Options;

namespace BackupTools.Benchmarks.Data;

/// <summary>
/// A PowDB data directory of the 0.4.x layout (PowDB format, §1–4): a catalogue, one large table or several that share
/// its size, a small one with a unique index, an empty log.
/// </summary>
internal sealed class PowDbShape(int largeTables) : IDatabaseShape
{
    /// <summary>The shape with several large tables.</summary>
    public const string Tables = "PowDB tables";

    private const int PageSize = 4096;
    private const int PageHeader = 20;
    private const int TextLength = 240;
    private const int RowLength = 2 + 1 + 8 + 4 + TextLength;
    private const int RowsPerPage = (PageSize - PageHeader - 2) / (RowLength + 4);

    /// <summary>One page in this many belongs to the small table.</summary>
    private const int SmallTableShare = 50;

    /// <summary>LSNs between two generations of changes; more than a generation uses.</summary>
    private const ulong Generation = 1UL << 40;

    public string Engine => EngineNames.PowDb;

    public string Name => largeTables == 1 ? Engine : Tables;

    public bool ChangesInPlace => true;

    private IEnumerable<string> Large =>
        Enumerable.Range(1, largeTables).Select(i => largeTables == 1 ? "orders" : $"orders{i}");

    public string Create(string folder, long bytes, long seed)
    {
        var source = Directory.CreateDirectory(Path.Combine(folder, "powdb")).FullName;
        var pages = Math.Max(2, bytes / PageSize);
        var small = Math.Max(1, pages / SmallTableShare);
        var large = (pages - small) / largeTables;
        ulong rows = 0;
        foreach (var table in Large)
        {
            WriteHeap(Path.Combine(source, table + ".heap"), large, rows + 1, new TextSource(seed + (long)rows));
            rows += (ulong)(large * RowsPerPage);
        }
        WriteHeap(Path.Combine(source, "accounts.heap"), small, rows + 1, new TextSource(seed + 1));
        PowDbIndex.Write(Path.Combine(source, "accounts_id.idx"), (int)(small * RowsPerPage), RowsPerPage);
        WriteCatalog(Path.Combine(source, "catalog.bin"));
        DataFile.Create(Path.Combine(source, "wal.log")).Dispose();
        return source;
    }

    /// <summary>
    /// Updates one row on each of so many pages, spread evenly over the tables. Every second page keeps its LSN, as the
    /// engine's own updates and deletes do.
    /// </summary>
    public void Change(string source, long bytes, long seed)
    {
        var text = new TextSource(seed);
        var heaps = Directory.GetFiles(source, "*.heap").Order(StringComparer.Ordinal).ToList();
        var share = (double)bytes / heaps.Sum(h => new FileInfo(h).Length);
        foreach (var heap in heaps)
        {
            using var file = File.OpenHandle(heap, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
            var pages = RandomAccess.GetLength(file) / PageSize;
            var changes = (long)Math.Round(pages * share);
            var page = new byte[PageSize];
            for (var i = 0L; i < changes; i++)
            {
                // One page in each of equal stretches: no page twice, no order to guess.
                var from = i * pages / changes;
                var offset = (from + text.Below(((i + 1) * pages / changes) - from)) * PageSize;
                RandomAccess.Read(file, page, offset);
                var row = PageHeader + ((int)text.Below(RowsPerPage) * RowLength);
                text.Fill(page.AsSpan(row + RowLength - TextLength, TextLength));
                if ((i & 1) == 0)
                {
                    BinaryPrimitives.WriteUInt64LittleEndian(page.AsSpan(8), ((ulong)seed * Generation) + (ulong)i);
                }
                Seal(page);
                RandomAccess.Write(file, page, offset);
            }
            RandomAccess.FlushToDisk(file);
        }
    }

    private static void WriteHeap(string path, long pages, ulong firstLsn, TextSource text)
    {
        using var file = DataFile.Create(path);
        for (var i = 0L; i < pages; i++)
        {
            var page = file.Take(PageSize);
            page.Clear();
            BinaryPrimitives.WriteUInt32LittleEndian(page, (uint)i);
            page[4] = 1; // data
            page[5] = 1; // has a CRC
            BinaryPrimitives.WriteUInt16LittleEndian(page[6..], PageHeader + (RowsPerPage * RowLength));
            BinaryPrimitives.WriteUInt64LittleEndian(page[8..], firstLsn + (ulong)((i + 1) * RowsPerPage) - 1);
            for (var slot = 0; slot < RowsPerPage; slot++)
            {
                var start = PageHeader + (slot * RowLength);
                WriteRow(page.Slice(start, RowLength), (i * RowsPerPage) + slot, text);
                BinaryPrimitives.WriteUInt16LittleEndian(page[(PageSize - 2 - (4 * (slot + 1)))..], (ushort)start);
                BinaryPrimitives.WriteUInt16LittleEndian(page[(PageSize - (4 * (slot + 1)))..], RowLength);
            }
            BinaryPrimitives.WriteUInt16LittleEndian(page[(PageSize - 2)..], RowsPerPage);
            Seal(page);
        }
    }

    /// <summary>A row of (id Int, text Str), the layout of 0.4.x.</summary>
    private static void WriteRow(Span<byte> row, long id, TextSource text)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(row, RowLength);
        BinaryPrimitives.WriteInt64LittleEndian(row[3..], id);
        BinaryPrimitives.WriteUInt16LittleEndian(row[13..], TextLength);
        text.Fill(row[15..]);
    }

    private static void Seal(Span<byte> page)
    {
        page[16..20].Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(page[16..], Crc32.HashToUInt32(page));
    }

    private void WriteCatalog(string path)
    {
        var crc = new Crc32();
        using var file = DataFile.Create(path, crc);
        file.Write("BCAT"u8);
        file.Write((ushort)3);
        file.Write((uint)largeTables + 1);
        foreach (var table in Large)
        {
            WriteTable(file, table, indexed: false);
        }
        WriteTable(file, "accounts", indexed: true);
        file.Spill();
        file.Write(crc.GetCurrentHashAsUInt32());
    }

    private static void WriteTable(DataFile file, string name, bool indexed)
    {
        const byte Int = 1;
        const byte Str = 4;
        WriteString(file, name);
        file.Write((ushort)2);
        WriteColumn(file, "id", Int, required: true, 0);
        WriteColumn(file, "text", Str, required: false, 1);
        file.Write((ushort)(indexed ? 1 : 0));
        if (indexed)
        {
            WriteString(file, "id");
            file.Write((byte)1); // unique
        }
    }

    private static void WriteColumn(DataFile file, string name, byte type, bool required, ushort position)
    {
        WriteString(file, name);
        file.Write(type);
        file.Write((byte)(required ? 1 : 0));
        file.Write(position);
    }

    private static void WriteString(DataFile file, string text)
    {
        file.Write((uint)text.Length);
        file.Write(Encoding.ASCII.GetBytes(text));
    }
}
