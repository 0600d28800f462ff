using System.Buffers.Binary;
using System.IO.Hashing;
using BackupTools.Errors;
using BackupTools.Formats.Primitives;

namespace BackupTools.Formats.PowDb;

/// <summary>Reads catalog.bin, versions 1 to 7, to its last byte (PowDB format, §3).</summary>
internal static class PowDbCatalogReader
{
    /// <summary>Larger files are refused before they are read.</summary>
    public const int MaxLength = 16 * 1024 * 1024;

    private const int MinLength = 14;
    private const ushort NewestVersion = 7;
    private const byte NewestType = 8;

    // A name takes its length and one byte at least; an expression index may name nothing.
    private const int SmallestColumn = 9;
    private const int SmallestIndex = 5;
    private const int SmallestExpressionIndex = 21;

    /// <summary>True when the bytes start as a catalogue does; enough to recognise a data directory.</summary>
    public static bool HasMagic(ReadOnlySpan<byte> bytes) => bytes.StartsWith("BCAT"u8);

    /// <summary>Checks in the engine's order: length, magic, CRC, version, then everything.</summary>
    /// <exception cref="BackupException">
    /// Truncated, BadMagic, ChecksumMismatch, UnsupportedVersion, Malformed or UnsafeName.
    /// </exception>
    public static PowDbCatalog Read(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < MinLength)
        {
            throw Fault.Truncated($"a catalog of {bytes.Length} bytes, at least {MinLength} are needed", bytes.Length);
        }
        if (!HasMagic(bytes))
        {
            throw Fault.BadMagic("not a catalog: it does not start with BCAT");
        }
        var body = bytes[..^sizeof(uint)];
        var stored = BinaryPrimitives.ReadUInt32LittleEndian(bytes[^sizeof(uint)..]);
        var actual = Crc32.HashToUInt32(body);
        if (stored != actual)
        {
            throw Fault.Mismatch("CRC32 mismatch in the catalog", stored, actual, body.Length);
        }
        var reader = new SpanReader(body);
        reader.Skip(4);
        var version = reader.U16();
        if (version is 0 or > NewestVersion)
        {
            throw Fault.UnsupportedVersion(
                $"unsupported catalog version {version} (this version understands 1 to {NewestVersion})",
                4
            );
        }
        var count = reader.U32();
        if (version >= 6 && reader.U64() == 0)
        {
            throw Fault.Malformed("the next index id is zero", reader.Offset - sizeof(ulong));
        }
        var tables = new List<PowDbTable>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0u; i < count; i++)
        {
            var at = reader.Offset;
            var table = Table(ref reader, version);
            if (!names.Add(table.Name))
            {
                throw Fault.Malformed($"table {table.Name} is there twice", at);
            }
            tables.Add(table);
        }
        if (version >= 7)
        {
            SkipLinks(ref reader);
        }
        if (reader.Remaining > 0)
        {
            throw Fault.Malformed($"{reader.Remaining} bytes follow the last table", reader.Offset);
        }
        return new PowDbCatalog(version, tables);
    }

    private static PowDbTable Table(ref SpanReader reader, ushort version)
    {
        var name = Identifier(ref reader);
        var columns = new PowDbColumn[Count(ref reader, SmallestColumn)];
        for (var i = 0; i < columns.Length; i++)
        {
            var column = Identifier(ref reader);
            var at = reader.Offset;
            columns[i] = new PowDbColumn(column, reader.U8(), reader.U8() != 0, reader.U16());
            if (columns[i].Type > NewestType)
            {
                throw Fault.Malformed($"column {name}.{column} has unknown type {columns[i].Type}", at);
            }
        }
        var indexes = Array.Empty<PowDbColumnIndex>();
        if (version >= 2)
        {
            indexes = new PowDbColumnIndex[Count(ref reader, SmallestIndex)];
            for (var i = 0; i < indexes.Length; i++)
            {
                var at = reader.Offset;
                var column = Identifier(ref reader);
                indexes[i] = new PowDbColumnIndex(column, version >= 3 && reader.U8() != 0);
                if (!Array.Exists(columns, c => string.Equals(c.Name, column, StringComparison.Ordinal)))
                {
                    throw Fault.Malformed($"an index of {name} is on an unknown column {column}", at);
                }
            }
        }
        if (version >= 4)
        {
            SkipDefaults(ref reader);
        }
        if (version >= 5)
        {
            reader.Skip(sizeof(ushort) * (ulong)reader.U16());
        }
        return new PowDbTable(name, columns, indexes, version >= 6 ? ExpressionIndexes(ref reader) : []);
    }

    private static PowDbExpressionIndex[] ExpressionIndexes(ref SpanReader reader)
    {
        var indexes = new PowDbExpressionIndex[Count(ref reader, SmallestExpressionIndex)];
        for (var i = 0; i < indexes.Length; i++)
        {
            var id = reader.U64();
            var unique = reader.U8() != 0;
            reader.Skip(sizeof(ushort));
            var text = Text(ref reader);
            var column = Text(ref reader);
            for (var segments = reader.U16(); segments > 0; segments--)
            {
                var at = reader.Offset;
                switch (reader.U8())
                {
                    case 1:
                        reader.Skip(reader.U32());
                        break;
                    case 2:
                        reader.Skip(sizeof(uint));
                        break;
                    default:
                        throw Fault.Malformed("unknown kind of path segment in an expression index", at);
                }
            }
            indexes[i] = new PowDbExpressionIndex(id, unique, text, column);
        }
        return indexes;
    }

    private static void SkipDefaults(ref SpanReader reader)
    {
        for (var defaults = reader.U16(); defaults > 0; defaults--)
        {
            reader.Skip(sizeof(ushort));
            var at = reader.Offset;
            var type = reader.U8();
            var length = PowDbValue.FixedLength(type);
            if (length is null)
            {
                throw Fault.Malformed($"a default has unknown type {type}", at);
            }
            reader.Skip(length == PowDbValue.Counted ? reader.U32() : (ulong)length);
        }
    }

    private static void SkipLinks(ref SpanReader reader)
    {
        for (var links = reader.U32(); links > 0; links--)
        {
            for (var part = 0; part < 5; part++)
            {
                reader.Skip(reader.U32());
            }
            reader.Skip(1);
        }
    }

    /// <summary>A table's or column's name; it becomes part of file names, so nothing else is let through.</summary>
    private static string Identifier(ref SpanReader reader)
    {
        var at = reader.Offset;
        var name = Text(ref reader);
        return PowDbNames.IsIdentifier(name)
            ? name
            : throw new BackupException(ErrorCode.UnsafeName, "a name in the catalog is not an identifier", offset: at);
    }

    /// <summary>A count of things of so many bytes each at least: one that cannot be true costs no memory.</summary>
    private static int Count(ref SpanReader reader, int smallest)
    {
        var at = reader.Offset;
        var count = reader.U16();
        return count <= reader.Remaining / smallest
            ? count
            : throw Fault.Truncated(
                $"{count} of something are announced and only {reader.Remaining} bytes are left",
                at
            );
    }

    private static string Text(ref SpanReader reader) => reader.Utf8(reader.U32());
}
