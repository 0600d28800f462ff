using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Unicode;

namespace BackupTools.Formats.Spg;

/// <summary>
/// The parts of a catalogue that there are millions of, as many at a time as the bytes at hand hold whole and sound.
/// The first that is cut, damaged or out of the ordinary is left to <see cref="SpgCatalogWalk"/>, which says why.
/// </summary>
internal static class SpgCatalogRuns
{
    /// <summary>Walks whole rows; returns how many, and the bytes they took.</summary>
    public static uint Rows(ReadOnlySpan<byte> bytes, List<byte> types, uint most, out int used)
    {
        var columns = CollectionsMarshal.AsSpan(types);
        var bitmap = (columns.Length + 7) / 8;
        uint rows = 0;
        for (used = 0; rows < most; rows++)
        {
            var rest = bytes[used..];
            var at = bitmap;
            if (rest.Length < bitmap)
            {
                return rows;
            }
            for (var i = 0; i < columns.Length; i++)
            {
                if ((rest[i >> 3] >> (i & 7) & 1) == 0 && !TryCell(rest, SpgColumnType.CellSize(columns[i]), ref at))
                {
                    return rows;
                }
            }
            used += at;
        }
        return rows;
    }

    /// <summary>Walks whole B-tree entries that point at no cold segment; returns how many, and the bytes they took.</summary>
    public static uint BTreeEntries(ReadOnlySpan<byte> bytes, uint most, out int used)
    {
        const int Locator = 9;
        uint entries = 0;
        for (used = 0; entries < most; entries++)
        {
            var rest = bytes[used..];
            var at = 1;
            if (rest.IsEmpty || rest[0] > 2)
            {
                return entries;
            }
            var key = rest[0] switch
            {
                0 => 8,
                1 => SpgColumnType.Text,
                _ => 1,
            };
            if (!TryCell(rest, key, ref at) || rest.Length - at < 4)
            {
                return entries;
            }
            var locators = BinaryPrimitives.ReadUInt32LittleEndian(rest[at..]);
            at += 4;
            if (locators > (uint)(rest.Length - at) / Locator)
            {
                return entries;
            }
            for (; locators > 0; locators--, at += Locator)
            {
                if (rest[at] != 0)
                {
                    return entries;
                }
            }
            used += at;
        }
        return entries;
    }

    private static bool TryCell(ReadOnlySpan<byte> rest, int size, ref int at)
    {
        if (size == SpgColumnType.Text)
        {
            if (rest.Length - at < 2)
            {
                return false;
            }
            size = BinaryPrimitives.ReadUInt16LittleEndian(rest[at..]);
            at += 2;
            if (size > rest.Length - at || !Utf8.IsValid(rest.Slice(at, size)))
            {
                return false;
            }
        }
        // Vectors are rare: the slow path skips them.
        if (size < 0 || size > rest.Length - at)
        {
            return false;
        }
        at += size;
        return true;
    }
}
