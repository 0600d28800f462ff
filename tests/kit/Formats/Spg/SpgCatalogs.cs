using System.IO.Hashing;
using System.Text;
using BackupTools.Formats.Primitives;

namespace BackupTools.Tests.Formats.Spg;

/// <summary>Writes catalogues (SPG format, §3.2) with what the real ones do not contain.</summary>
public static class SpgCatalogs
{
    public enum Damage
    {
        None,
        Type,
        Default,
        Value,
        IndexKind,
        IndexColumn,
        Utf8,
        Bitmap,
        Key,
        Locator,
    }

    /// <summary>One table of a whole-number column per value: how the live tests tell states apart.</summary>
    public static byte[] Counter(ulong counter, byte version = 8)
    {
        using var stream = new MemoryStream();
        using var w = new BinaryWriter(stream);
        Head(w, version, 1);
        Name(w, "commits");
        w.Write((ushort)1);
        Column(w, 2);
        w.Write(1u);
        w.Write((byte)0);
        w.Write(counter);
        w.Write((ushort)0);
        w.Flush();
        return stream.ToArray();
    }

    /// <summary>FILE_VERSION 9: as many rows of a number, a text and a vector that is mostly NULL.</summary>
    public static byte[] Rows(uint count)
    {
        using var stream = new MemoryStream();
        using var w = new BinaryWriter(stream);
        Head(w, 9, 1);
        Name(w, "rows");
        w.Write((ushort)3);
        Column(w, 2);
        Column(w, 6);
        Column(w, 4);
        w.Write(count);
        for (var i = 0u; i < count; i++)
        {
            var hasVector = i % 100 == 0;
            w.Write((byte)(hasVector ? 0 : 0b010));
            w.Write((ulong)i);
            if (hasVector)
            {
                Cell(w, 6);
            }
            Name(w, $"row {i} of a table that is rather large");
        }
        w.Write((ushort)0);
        w.Flush();
        return stream.ToArray();
    }

    /// <summary>FILE_VERSION 9 with every type, every kind of default, NULLs and every kind of index.</summary>
    public static byte[] Everything()
    {
        using var stream = new MemoryStream();
        using var w = new BinaryWriter(stream);
        Head(w, 9, 2);
        Name(w, "everything");
        byte[] types = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13];
        w.Write((ushort)types.Length);
        for (var i = 0; i < types.Length; i++)
        {
            Column(w, types[i], defaultTag: (byte)(i % 11));
        }
        w.Write(3u);
        for (var row = 0; row < 3; row++)
        {
            var nulls = (ushort)(row == 1 ? 0b1_0101_0101_0101 : 0);
            w.Write(nulls);
            for (var i = 0; i < types.Length; i++)
            {
                if ((nulls >> i & 1) == 0)
                {
                    Cell(w, types[i]);
                }
            }
        }
        w.Write((ushort)2);
        Name(w, "by_key");
        w.Write((ushort)0);
        w.Write((byte)0);
        w.Write(3u);
        w.Write((byte)0);
        w.Write(7L);
        w.Write(1u);
        Locator(w, 0);
        w.Write((byte)1);
        Name(w, "clé");
        w.Write(2u);
        Locator(w, 0);
        Locator(w, 0);
        w.Write((byte)2);
        w.Write((byte)1);
        w.Write(0u);
        Name(w, "near");
        w.Write((ushort)5);
        w.Write((byte)1);
        w.Write((ushort)16);
        w.Write((ushort)32);
        w.Write(0u);
        w.Write((byte)1);
        w.Write(3u);
        w.Write([0, 1, 0]);
        w.Write((byte)2);
        foreach (var nodes in new uint[] { 3, 1 })
        {
            w.Write(nodes);
            for (var n = 0; n < nodes; n++)
            {
                w.Write((ushort)2);
                w.Write(1u);
                w.Write(2u);
            }
        }
        // A second table whose only content is one long text, and no index.
        Name(w, "texts");
        w.Write((ushort)1);
        Column(w, 4);
        w.Write(1u);
        w.Write((byte)0);
        Name(w, new string('x', 65000));
        w.Write((ushort)0);
        w.Flush();
        return stream.ToArray();
    }

    /// <summary>A small FILE_VERSION 9 catalogue with one thing wrong.</summary>
    public static byte[] Damaged(Damage damage)
    {
        using var stream = new MemoryStream();
        using var w = new BinaryWriter(stream);
        Head(w, 9, 1);
        Name(w, "t");
        var columns = damage == Damage.Bitmap ? 257 : 1;
        w.Write((ushort)columns);
        for (var i = 0; i < columns; i++)
        {
            Column(
                w,
                damage == Damage.Type ? (byte)99 : (byte)4,
                damage == Damage.Value ? (byte)11 : (byte)0,
                damage == Damage.Default ? (byte)2 : (byte)1
            );
        }
        w.Write(1u);
        w.Write((byte)0);
        w.Write((ushort)1);
        w.Write(damage == Damage.Utf8 ? (byte)0xC3 : (byte)'x');
        w.Write((ushort)1);
        Name(w, "i");
        w.Write((ushort)(damage == Damage.IndexColumn ? 1 : 0));
        w.Write(damage == Damage.IndexKind ? (byte)2 : (byte)0);
        w.Write(1u);
        w.Write(damage == Damage.Key ? (byte)3 : (byte)0);
        w.Write(0L);
        w.Write(1u);
        Locator(w, damage == Damage.Locator ? (byte)2 : (byte)0);
        w.Flush();
        return stream.ToArray();
    }

    /// <summary>FILE_VERSION 9: one table of such columns, then what is given: rows, the count of indexes, indexes.</summary>
    public static byte[] Table(byte[] types, uint rows, byte[] rest)
    {
        using var stream = new MemoryStream();
        using var w = new BinaryWriter(stream);
        Head(w, 9, 1);
        Name(w, "t");
        w.Write((ushort)types.Length);
        foreach (var type in types)
        {
            Column(w, type, hasDefault: 0);
        }
        w.Write(rows);
        w.Write(rest);
        w.Flush();
        return stream.ToArray();
    }

    /// <summary>A catalogue without tables of any FILE_VERSION, with the checksum that those from 54 on end with.</summary>
    public static byte[] Empty(byte version)
    {
        byte[] body = [.. "SPGDB001"u8, version, 0, 0, 0, 0];
        return version < 54 ? body : [.. body, .. BitConverter.GetBytes(Crc32C.HashToUInt32(body))];
    }

    /// <summary>An envelope (§3.1) of such sections, the catalogue first; v2 and later end with a checksum.</summary>
    public static byte[] Envelope(byte version, params byte[][] sections)
    {
        byte[] body =
        [
            .. "SPGENV01"u8,
            version,
            .. sections.SelectMany(s => (byte[])[.. BitConverter.GetBytes(s.Length), .. s]),
        ];
        return version < 2 ? body : [.. body, .. BitConverter.GetBytes(Crc32.HashToUInt32(body))];
    }

    private static void Head(BinaryWriter w, byte version, uint tables)
    {
        w.Write("SPGDB001"u8);
        w.Write(version);
        w.Write(tables);
    }

    private static void Name(BinaryWriter w, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        w.Write((ushort)bytes.Length);
        w.Write(bytes);
    }

    private static void Column(BinaryWriter w, byte type, byte defaultTag = 0, byte hasDefault = 1)
    {
        Name(w, $"c{type}");
        w.Write(type);
        w.Write(
            type switch
            {
                6 or 8 or 9 or 14 or 15 => new byte[4],
                10 => new byte[2],
                _ => [],
            }
        );
        w.Write((byte)1);
        w.Write(hasDefault);
        if (hasDefault == 1)
        {
            w.Write(defaultTag);
            w.Write(
                defaultTag switch
                {
                    1 or 9 => new byte[4],
                    2 or 3 or 10 => new byte[8],
                    4 => [2, 0, (byte)'h', (byte)'i'],
                    5 => new byte[1],
                    6 => [2, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8],
                    7 => new byte[2],
                    8 => new byte[17],
                    _ => [],
                }
            );
        }
        w.Write((byte)0);
    }

    private static void Cell(BinaryWriter w, byte type)
    {
        switch (type)
        {
            case 4 or 8 or 9 or 13:
                Name(w, "größe");
                break;
            case 6:
                w.Write(3u);
                w.Write(new byte[12]);
                break;
            default:
                w.Write(
                    new byte[
                        type switch
                        {
                            1 or 11 => 4,
                            5 => 1,
                            7 => 2,
                            10 => 17,
                            _ => 8,
                        }
                    ]
                );
                break;
        }
    }

    private static void Locator(BinaryWriter w, byte tag)
    {
        w.Write(tag);
        w.Write(1L);
    }
}
