using System.Buffers.Binary;
using System.Globalization;
using System.IO.Hashing;
using BackupTools.Options;

namespace BackupTools.Benchmarks.Data;

/// <summary>
/// An Alopex data directory (Alopex format, §1–4, dialect A): tables, checkpoint.meta and the sparse log of 512 MiB.
/// </summary>
internal sealed class AlopexShape : IDatabaseShape
{
    /// <summary>About what the engine makes of its memtable threshold of 64 MiB.</summary>
    private const long TableBytes = 64L << 20;

    /// <summary>Bytes of commits in the log after a checkpoint; they stay in the first segment.</summary>
    private const long LogBytes = 1L << 20;

    public string Engine => EngineNames.Alopex;

    public string Create(string folder, long bytes, long seed)
    {
        var source = Directory.CreateDirectory(Path.Combine(folder, "alopex")).FullName;
        Directory.CreateDirectory(TablesOf(source));
        AlopexLog.Create(LogOf(source));
        var (lsn, size) = (0UL, bytes);
        for (var id = 1; bytes > 0; id++)
        {
            var part = Math.Min(bytes, TableBytes);
            lsn = AddTable(source, id, part, lsn, new TextSource(seed + id));
            bytes -= part;
        }
        Checkpoint(source, lsn);
        AlopexLog.Restart(LogOf(source), Math.Min(LogBytes, size), lsn, new TextSource(seed));
        return source;
    }

    /// <summary>A checkpoint: a new table, then other commits in the log.</summary>
    public void Change(string source, long bytes, long seed)
    {
        var text = new TextSource(seed);
        var last = Directory
            .GetFiles(TablesOf(source))
            .Max(t => int.Parse(Path.GetFileNameWithoutExtension(t), CultureInfo.InvariantCulture));
        var meta = File.ReadAllBytes(MetaOf(source));
        var lsn = BinaryPrimitives.ReadUInt64LittleEndian(meta.AsSpan(4)) + AlopexLog.EntriesIn(LogBytes);
        lsn = AddTable(source, last + 1, bytes, lsn, text);
        Checkpoint(source, lsn);
        AlopexLog.Restart(LogOf(source), LogBytes, lsn, text);
    }

    private static string TablesOf(string source) => Path.Combine(source, "sst");

    private static string LogOf(string source) => Path.Combine(source, "lsm.wal");

    private static string MetaOf(string source) => Path.Combine(source, "checkpoint.meta");

    private static ulong AddTable(string source, int id, long bytes, ulong lsn, TextSource text)
    {
        var path = Path.Combine(TablesOf(source), string.Create(CultureInfo.InvariantCulture, $"{id}.sst"));
        return AlopexTable.Write(path, bytes, lsn + 1, text);
    }

    private static void Checkpoint(string source, ulong lsn)
    {
        var meta = new byte[24];
        BinaryPrimitives.WriteUInt32LittleEndian(meta, 1);
        BinaryPrimitives.WriteUInt64LittleEndian(meta.AsSpan(4), lsn);
        BinaryPrimitives.WriteUInt64LittleEndian(meta.AsSpan(12), 1_775_000_000_000);
        BinaryPrimitives.WriteUInt32LittleEndian(meta.AsSpan(20), Crc32.HashToUInt32(meta.AsSpan(0, 20)));
        var next = Path.Combine(source, "checkpoint.tmp");
        using (var file = DataFile.Create(next))
        {
            file.Write(meta);
        }
        File.Move(next, MetaOf(source), overwrite: true);
    }
}
