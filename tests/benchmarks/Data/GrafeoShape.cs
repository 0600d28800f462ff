using System.Buffers.Binary;
using System.IO.Hashing;
using BackupTools.Options;

namespace BackupTools.Benchmarks.Data;

/// <summary>
/// A Grafeo 0.6.0 database: a version 3 container (Grafeo format, §7.1) whose chunks are as large as the engine's own,
/// beside a version 2 log (<see cref="GrafeoLog"/>).
/// </summary>
internal sealed class GrafeoShape : IDatabaseShape
{
    public const ulong ImageEpoch = 100_000;
    public const ulong CheckpointLsn = 1_000_000;
    public const ulong LastTransaction = 9;
    public const ulong CreatedMilliseconds = 1_775_000_000_000;

    private const int PageSize = 4096;
    private const int ChunkLength = 1_045_359;
    private const int EntryLength = 48;
    private const int DirectoryHeader = 32;
    private const int EntriesPerBlock = ((64 << 10) - DirectoryHeader) / EntryLength;

    /// <summary>One byte in this many is in the log, the rest in the container.</summary>
    private const int LogShare = 20;

    public string Engine => EngineNames.Grafeo;

    public string SideFile(string source) => Path.Combine(GrafeoLog.FolderOf(source), "backup_cursor.meta");

    public IReadOnlyList<string> TakenWhole(string source, DateTime sinceUtc) =>
        [
            .. Directory
                .GetFiles(GrafeoLog.FolderOf(source), "*.log")
                .Where(f => File.GetLastWriteTimeUtc(f) >= sinceUtc),
        ];

    public static ReadOnlySpan<byte> DatabaseId => "benchmark data 1"u8;

    public string Create(string folder, long bytes, long seed)
    {
        var home = Directory.CreateDirectory(Path.Combine(folder, "grafeo")).FullName;
        var source = Path.Combine(home, "a.grafeo");
        var log = bytes / LogShare;
        WriteContainer(source, bytes - log, new TextSource(seed));
        Directory.CreateDirectory(GrafeoLog.FolderOf(source));
        GrafeoLog.Append(source, log, new TextSource(seed + 1));
        return source;
    }

    public void Change(string source, long bytes, long seed) => GrafeoLog.Append(source, bytes, new TextSource(seed));

    private static void WriteContainer(string path, long bytes, TextSource text)
    {
        using var file = DataFile.Create(path);
        WriteFileHeader(file.Take(PageSize));
        file.Zeros(2 * PageSize); // slot 0 stays empty, slot 1 is written when the directory's place is known
        var entries = new List<byte[]>();
        for (var i = 0u; file.Position < bytes || i == 0; i++)
        {
            entries.Add(WriteChunk(file, i, text));
        }
        var root = (Offset: 0UL, Length: 0u, Crc: 0u);
        // The root comes last, because each block carries the checksum of the one it points at.
        foreach (var block in entries.Chunk(EntriesPerBlock).Reverse())
        {
            root = WriteDirectory(file, block, root);
        }
        var slot = new byte[84];
        WriteDatabaseHeader(slot, root.Offset, root.Length, root.Crc);
        file.Patch(2 * PageSize, slot);
    }

    private static void WriteFileHeader(Span<byte> page)
    {
        page.Clear();
        "GRAF"u8.CopyTo(page);
        BinaryPrimitives.WriteUInt32LittleEndian(page[4..], 3);
        BinaryPrimitives.WriteUInt32LittleEndian(page[8..], PageSize);
        DatabaseId.CopyTo(page[16..]);
        BinaryPrimitives.WriteUInt64LittleEndian(page[32..], CreatedMilliseconds);
        "0.6.0"u8.CopyTo(page[40..]);
        BinaryPrimitives.WriteUInt32LittleEndian(page[72..], Crc32.HashToUInt32(page[..72]));
    }

    private static byte[] WriteChunk(DataFile file, uint index, TextSource text)
    {
        const uint rows = 2562;
        var offset = file.Position;
        var chunk = file.Take(ChunkLength);
        text.Fill(chunk);
        var crc = Crc32.HashToUInt32(chunk);
        Align(file);
        var entry = new byte[EntryLength];
        ReadOnlySpan<byte> kind = [2, 4, 2, 2]; // section, its version, kind, codec: as the engine writes text columns
        kind.CopyTo(entry);
        BinaryPrimitives.WriteUInt32LittleEndian(entry.AsSpan(8), 2); // column
        BinaryPrimitives.WriteUInt32LittleEndian(entry.AsSpan(12), rows);
        BinaryPrimitives.WriteUInt64LittleEndian(entry.AsSpan(16), (ulong)index * rows);
        BinaryPrimitives.WriteUInt64LittleEndian(entry.AsSpan(24), (ulong)offset);
        BinaryPrimitives.WriteUInt64LittleEndian(entry.AsSpan(32), ChunkLength);
        BinaryPrimitives.WriteUInt32LittleEndian(entry.AsSpan(40), crc);
        entry[45] = 17; // namespace
        return entry;
    }

    private static (ulong Offset, uint Length, uint Crc) WriteDirectory(
        DataFile file,
        byte[][] entries,
        (ulong Offset, uint Length, uint Crc) next
    )
    {
        var offset = (ulong)file.Position;
        var block = file.Take(DirectoryHeader + (entries.Length * EntryLength));
        block[..DirectoryHeader].Clear();
        "GDIR"u8.CopyTo(block);
        BinaryPrimitives.WriteUInt32LittleEndian(block[4..], (uint)entries.Length);
        BinaryPrimitives.WriteUInt64LittleEndian(block[8..], next.Offset);
        BinaryPrimitives.WriteUInt32LittleEndian(block[16..], next.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(block[20..], next.Crc);
        for (var i = 0; i < entries.Length; i++)
        {
            entries[i].CopyTo(block[(DirectoryHeader + (i * EntryLength))..]);
        }
        var crc = Crc32.HashToUInt32(block);
        var length = (uint)block.Length;
        Align(file);
        return (offset, length, crc);
    }

    private static void WriteDatabaseHeader(Span<byte> slot, ulong rootOffset, uint rootLength, uint rootCrc)
    {
        "GDBH"u8.CopyTo(slot);
        BinaryPrimitives.WriteUInt32LittleEndian(slot[4..], 1); // revision
        BinaryPrimitives.WriteUInt64LittleEndian(slot[8..], 1); // iteration
        BinaryPrimitives.WriteUInt64LittleEndian(slot[16..], CheckpointLsn);
        BinaryPrimitives.WriteUInt64LittleEndian(slot[24..], ImageEpoch);
        BinaryPrimitives.WriteUInt64LittleEndian(slot[32..], LastTransaction);
        BinaryPrimitives.WriteUInt64LittleEndian(slot[40..], rootOffset);
        BinaryPrimitives.WriteUInt32LittleEndian(slot[48..], rootLength);
        BinaryPrimitives.WriteUInt32LittleEndian(slot[52..], rootCrc);
        BinaryPrimitives.WriteUInt64LittleEndian(slot[72..], CreatedMilliseconds);
        BinaryPrimitives.WriteUInt32LittleEndian(slot[80..], Crc32.HashToUInt32(slot[..80]));
    }

    private static void Align(DataFile file) => file.Zeros((int)(-file.Position & (PageSize - 1)));
}
