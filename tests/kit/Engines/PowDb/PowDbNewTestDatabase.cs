using System.Buffers.Binary;
using static BackupTools.Tests.Engines.PowDb.PowDbTestDatabase;

namespace BackupTools.Tests.Engines.PowDb;

/// <summary>
/// A small data directory as the newest engines have it, from the format description (§1 to §5): catalogue version 6
/// or 7, superblock, page format 1, prefixed rows, expression index, durable LSN, views, users, a log with a header.
/// </summary>
internal sealed class PowDbNewTestDatabase
{
    private const int PageSize = 4096;

    public ushort CatalogVersion { get; set; } = 6;

    public ulong DurableLsn { get; set; } = 500;

    /// <summary>Rows per data page.</summary>
    public List<int> Pages { get; } = [3, 2];

    /// <summary>The LSN of each data page; a page that has none here was stamped last.</summary>
    public List<ulong> Lsns { get; } = [100, 101];

    public int Rows => Pages.Sum();

    public string WriteTo(string folder)
    {
        Directory.CreateDirectory(folder);
        void Write(string name, byte[] bytes) => File.WriteAllBytes(Path.Combine(folder, name), bytes);
        Write("catalog.bin", Catalog());
        Write("items.heap", Heap());
        Write("items_id.idx", Index(2));
        Write("items_7.eidx", Index(2));
        Write("catalog.lsn", BitConverter.GetBytes(DurableLsn));
        Write("views.bin", "BVIW whatever"u8.ToArray());
        Write("auth.json", "{\"users\":[]}"u8.ToArray());
        Write("wal.log", Wal(0));
        return folder;
    }

    public byte[] Catalog()
    {
        var b = new Writer();
        b.Raw("BCAT"u8).U16(CatalogVersion).U32(1);
        if (CatalogVersion >= 6)
        {
            b.U64(8);
        }
        b.Str("items").U16(2);
        b.Str("id").U8(1).U8(1).U16(0);
        b.Str("doc").U8(8).U8(0).U16(1);
        b.U16(1).Str("id").U8(1);
        b.U16(1).U16(1).U8(4).Str("{}"); // a default
        b.U16(1).U16(0); // an auto-increment column
        if (CatalogVersion >= 6)
        {
            b.U16(1).U64(7).U8(0).U16(1).Str("doc.a[2]").Str("doc").U16(2).U8(1).Str("a").U8(2).U32(2);
        }
        if (CatalogVersion >= 7)
        {
            b.U32(1).Str("items").Str("link").Str("items").Str("id").Str("id").U8(1);
        }
        return b.WithCrc();
    }

    public byte[] Heap()
    {
        var heap = new byte[(1 + Pages.Count) * PageSize];
        var super = heap.AsSpan(0, PageSize);
        super[4] = 5;
        super[5] = 0x11;
        "PHEAP"u8.CopyTo(super[20..]);
        BinaryPrimitives.WriteUInt16LittleEndian(super[25..], 2);
        BinaryPrimitives.WriteUInt16LittleEndian(super[29..], PageSize);
        BinaryPrimitives.WriteUInt32LittleEndian(super[31..], 1);
        Stamp(super);
        var id = 0L;
        for (var i = 0; i < Pages.Count; i++)
        {
            var page = heap.AsSpan((i + 1) * PageSize, PageSize);
            var free = 20;
            for (var slot = 0; slot < Pages[i]; slot++)
            {
                var row = new Writer().Raw("PROW"u8).U16(1).Raw(Row((id++, null))).ToArray();
                row.CopyTo(page[free..]);
                BinaryPrimitives.WriteUInt16LittleEndian(page[(4094 - (4 * (slot + 1)))..], (ushort)free);
                BinaryPrimitives.WriteUInt16LittleEndian(page[(4096 - (4 * (slot + 1)))..], (ushort)row.Length);
                free += row.Length;
            }
            BinaryPrimitives.WriteUInt32LittleEndian(page, (uint)i + 1);
            page[4] = 1;
            page[5] = 0x11;
            BinaryPrimitives.WriteUInt16LittleEndian(page[6..], (ushort)free);
            BinaryPrimitives.WriteUInt64LittleEndian(page[8..], i < Lsns.Count ? Lsns[i] : DurableLsn);
            BinaryPrimitives.WriteUInt16LittleEndian(page[4094..], (ushort)Pages[i]);
            Stamp(page);
        }
        return heap;
    }

    /// <summary>A log with a header and that many insert records.</summary>
    public static byte[] Wal(int records)
    {
        var b = new Writer();
        b.Raw("PWAL"u8).U16(1).U16(0);
        for (var i = 0; i < records; i++)
        {
            b.Raw(WalRecord(600 + (ulong)i, 1, "items", 1, (ushort)i, Row((i, null))));
        }
        return b.ToArray();
    }

    private byte[] Index(ushort version)
    {
        var b = new Writer();
        b.Raw("BIDX"u8).U16(version).U32(0).U32(1).U8(1).U32((uint)Rows);
        for (var i = 0; i < Rows; i++)
        {
            b.U8(1).U64((ulong)i);
        }
        for (var page = 0; page < Pages.Count; page++)
        {
            for (var slot = 0; slot < Pages[page]; slot++)
            {
                b.U32((uint)page + 1).U16((ushort)slot);
            }
        }
        return b.U8(0).U32(0).WithCrc();
    }

    private static void Stamp(Span<byte> page)
    {
        page[16..20].Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(page[16..], Crc(page));
    }
}
