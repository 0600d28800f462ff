using System.Buffers.Binary;
using System.Globalization;
using System.IO.Hashing;
using System.Text;
using BackupTools.Formats.Primitives;
using BackupTools.Options;

namespace BackupTools.Benchmarks.Data;

/// <summary>
/// An SPG database file, a bare catalogue of FILE_VERSION 59 with its CRC-32C (SPG format, §3.2), beside a log of
/// version 3 frames (§4.2).
/// </summary>
internal sealed class SpgShape : IDatabaseShape
{
    private const int TextLength = 1000;
    private const int RowLength = 1 + 8 + 2 + TextLength;

    /// <summary>What the appendices add per row: two u64, a byte, a u64.</summary>
    private const int RowAppendix = 25;

    /// <summary>One byte in this many is in the log, the rest in the catalogue.</summary>
    private const int LogShare = 20;

    public string Engine => EngineNames.Spg;

    public string Create(string folder, long bytes, long seed)
    {
        var home = Directory.CreateDirectory(Path.Combine(folder, "spg")).FullName;
        var source = Path.Combine(home, "a.db");
        var log = bytes / LogShare;
        WriteCatalog(source, (bytes - log) / (RowLength + RowAppendix), new TextSource(seed));
        using (var file = DataFile.Create(LogOf(source)))
        {
            WriteFrames(file, log, new TextSource(seed + 1));
        }
        return source;
    }

    public void Change(string source, long bytes, long seed)
    {
        using var file = DataFile.Append(LogOf(source));
        WriteFrames(file, bytes, new TextSource(seed));
    }

    private static string LogOf(string source) => Path.ChangeExtension(source, ".wal");

    private static void WriteFrames(DataFile file, long bytes, TextSource text)
    {
        const uint VersionThree = 0xC000_0000;
        const byte Sql = 1;
        var end = file.Position + bytes;
        for (var id = 1_000_000_000L; file.Position < end; id++)
        {
            var sql = Encoding.ASCII.GetBytes(
                string.Create(CultureInfo.InvariantCulture, $"INSERT INTO orders VALUES ({id}, '")
            );
            var length = sql.Length + (int)text.Below(TextLength) + 2;
            var frame = file.Take(9 + length);
            BinaryPrimitives.WriteUInt32LittleEndian(frame, VersionThree | (uint)length);
            frame[8] = Sql;
            sql.CopyTo(frame[9..]);
            text.Fill(frame[(9 + sql.Length)..^2]);
            "')"u8.CopyTo(frame[^2..]);
            BinaryPrimitives.WriteUInt32LittleEndian(frame[4..], Crc32.HashToUInt32(frame[8..]));
        }
    }

    private static void WriteCatalog(string path, long rows, TextSource text)
    {
        var crc = new Crc32C();
        using var file = DataFile.Create(path, crc);
        file.Write("SPGDB001"u8);
        file.Write((byte)59);
        file.Write(1u);
        WriteString(file, "orders");
        file.Write((ushort)2);
        WriteColumn(file, "id", type: 2); // BIGINT
        WriteColumn(file, "text", type: 4); // TEXT
        file.Write((uint)rows);
        for (var id = 0L; id < rows; id++)
        {
            file.Write((byte)0); // no NULLs
            file.Write((ulong)id);
            file.Write((ushort)TextLength);
            text.Fill(file.Take(TextLength));
        }
        file.Write((ushort)0); // no indexes
        // The appendices of versions 11 to 59 for a table that uses none of them.
        file.Write((byte)0); // hot tier
        file.Zeros((11 * 2) + 1 + (2 * 2) + 1 + 1 + 2);
        file.Write((uint)rows);
        for (var id = 0L; id < rows; id++)
        {
            file.Write(1UL); // xmin
            file.Write(0UL); // xmax
            file.Write((byte)0);
            file.Write((ulong)id + 1); // row id
        }
        file.Write((ulong)rows + 1); // next row id
        file.Zeros(9 * 4); // catalogue-wide blocks
        file.Spill();
        file.Write(crc.GetCurrentHashAsUInt32());
    }

    private static void WriteColumn(DataFile file, string name, byte type)
    {
        WriteString(file, name);
        file.Write(type);
        file.Zeros(3); // not nullable, no default, no auto-increment
    }

    private static void WriteString(DataFile file, string text)
    {
        file.Write((ushort)text.Length);
        file.Write(Encoding.ASCII.GetBytes(text));
    }
}
