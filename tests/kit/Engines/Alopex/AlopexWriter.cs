using BackupTools.Formats.Alopex;
using BackupTools.Tests.Formats.Alopex;

namespace BackupTools.Tests.Engines.Alopex;

/// <summary>
/// Writes a data directory as the engine does (format document, §3.7 and §5): one entry and one section header per
/// commit; a checkpoint writes the tables under their final names, then renames a new meta, then empties the log.
/// Commit n sets "n" and one of fifty keys to n, so every state that ever existed can be told from its keys.
/// </summary>
internal sealed class AlopexWriter : IDisposable
{
    private const int KeyCount = 50;

    private readonly string _folder;
    private readonly AlopexWalDialect _dialect;
    private readonly AlopexWalGeometry _geometry;
    private readonly FileStream _wal;
    private readonly SortedDictionary<string, AlopexRow> _memory = new(StringComparer.Ordinal);
    private readonly Random _random = new(20261120);
    private readonly bool _pauses;
    private ulong _end;
    private ulong _timestamp;
    private int _tables;
    private long _acknowledged;

    public AlopexWriter(
        string folder,
        AlopexWalDialect dialect = AlopexWalDialect.A,
        long segmentSize = 8192,
        int segments = 3,
        bool pauses = true
    )
        : this(folder, dialect, segmentSize, segments, pauses, FileMode.Create)
    {
        Directory.CreateDirectory(Path.Combine(folder, "sst"));
        _wal.SetLength(_geometry.RequiredLength);
        for (var i = 0; i < segments; i++)
        {
            Write(new AlopexWalSegmentHeader(2, 1 + (ulong)i, i == 0 ? 1u : 0u).ToBytes(), _geometry.SegmentOffset(i));
        }
        WriteSectionHeader();
    }

    private AlopexWriter(
        string folder,
        AlopexWalDialect dialect,
        long segmentSize,
        int segments,
        bool pauses,
        FileMode mode
    )
    {
        (_folder, _dialect, _pauses) = (folder, dialect, pauses);
        _geometry = new AlopexWalGeometry(dialect == AlopexWalDialect.A ? 16 : 20, segmentSize, segments);
        Directory.CreateDirectory(folder);
        _wal = new FileStream(
            Path.Combine(folder, "lsm.wal"),
            new FileStreamOptions
            {
                Mode = mode,
                Access = FileAccess.ReadWrite,
                Share = FileShare.ReadWrite | FileShare.Delete,
                BufferSize = 0,
            }
        );
    }

    /// <summary>
    /// Opens a directory as the engine does: what only the log holds goes to memory, and what is torn is cut off, as
    /// the later dialect does.
    /// </summary>
    public static AlopexWriter Open(string folder)
    {
        var read = AlopexKeyReader.Read(folder);
        var head = new byte[AlopexWalHeader.ProbeSize];
        using (var wal = File.OpenHandle(Path.Combine(folder, "lsm.wal")))
        {
            RandomAccess.Read(wal, head, 0);
        }
        var writer = new AlopexWriter(folder, AlopexWalHeader.Read(head).Dialect, 8192, 3, false, FileMode.Open)
        {
            _timestamp = read.LastLsn,
            _end = read.LogEnd,
            _tables = Directory
                .GetFiles(Path.Combine(folder, "sst"), "*.sst")
                .Select(f => int.Parse(Path.GetFileNameWithoutExtension(f)))
                .DefaultIfEmpty()
                .Max(),
        };
        foreach (var (lsn, sequence, key, value) in read.Logged)
        {
            var bytes = value is null ? null : Convert.FromHexString(value);
            writer._memory[key.ToUpperInvariant()] = new AlopexRow(Convert.FromHexString(key), lsn, sequence, bytes);
        }
        writer.WriteSectionHeader();
        return writer;
    }

    /// <summary>The last commit that was acknowledged: every snapshot begun from now on must hold it.</summary>
    public long Acknowledged => Interlocked.Read(ref _acknowledged);

    public int Tables => _tables;

    /// <summary>LSN of the last commit.</summary>
    public ulong Lsn => _timestamp;

    /// <summary>One commit; makes room by a checkpoint when the log is full.</summary>
    public void Commit(int valueSize = 0)
    {
        if (_end + (ulong)valueSize + 200 >= _geometry.Ring)
        {
            Checkpoint();
        }
        var number = _acknowledged + 1;
        _timestamp += 1 + (ulong)_random.Next(3);
        var value = $"{number}".PadRight(Math.Max(valueSize, 1), '.');
        Commit(
            AlopexRow.Of($"k{number % KeyCount:d2}", _timestamp, value, 1),
            AlopexRow.Of("n", _timestamp, $"{number}", 2)
        );
        Interlocked.Exchange(ref _acknowledged, number);
    }

    /// <summary>One commit of keys in ascending order, each to a value or to none.</summary>
    public void Commit(IEnumerable<(string Key, string? Value)> changes)
    {
        _timestamp++;
        Commit([.. changes.Select((c, i) => AlopexRow.Of(c.Key, _timestamp, c.Value, (ulong)i + 1))]);
    }

    /// <summary>Begins an entry that is never finished: the header says it is there, and half of it is.</summary>
    public void Tear()
    {
        var entry = AlopexWal.Entry(_timestamp + 1, Batch([AlopexRow.Of("torn", 0, "torn")]));
        Append(entry[..(entry.Length / 2)]);
    }

    private void Commit(params AlopexRow[] rows)
    {
        var entry = AlopexWal.Entry(_timestamp, Batch(rows));
        Append(entry);
        foreach (var row in rows)
        {
            _memory[Convert.ToHexString(row.Key)] = row;
        }
    }

    /// <summary>Writes what is in memory as tables, then the meta, then empties the log.</summary>
    public void Checkpoint()
    {
        WriteTables();
        WriteMeta();
        EmptyLog();
    }

    /// <summary>The first third of a checkpoint. No commit can come before the last (§5).</summary>
    public void WriteTables()
    {
        foreach (var part in _memory.Values.Chunk(30))
        {
            _tables++;
            WriteTable(Path.Combine(_folder, "sst", $"{_tables}.sst"), AlopexTableBuilder.Build(part, blockSize: 512));
        }
        _memory.Clear();
    }

    /// <summary>The second third.</summary>
    public void WriteMeta()
    {
        var temporary = Path.Combine(_folder, "checkpoint.tmp");
        var now = (ulong)DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        File.WriteAllBytes(temporary, new AlopexCheckpointMeta(_timestamp, now).ToBytes());
        Pause();
        File.Move(temporary, Path.Combine(_folder, "checkpoint.meta"), overwrite: true);
        Pause();
    }

    /// <summary>The last third.</summary>
    public void EmptyLog()
    {
        _end = 0;
        WriteSectionHeader();
    }

    public void Dispose() => _wal.Dispose();

    /// <summary>
    /// The number of the commit that keys are the state of; fails when they are the state of none.
    /// </summary>
    public static long StateOf(IReadOnlyDictionary<string, string> keys)
    {
        if (keys.Count == 0)
        {
            return 0;
        }
        var state = Number(keys[Convert.ToHexStringLower("n"u8)]);
        for (var i = 0; i < KeyCount; i++)
        {
            var last = state - ((((state - i) % KeyCount) + KeyCount) % KeyCount);
            var key = Convert.ToHexStringLower(System.Text.Encoding.UTF8.GetBytes($"k{i:d2}"));
            Assert.Equal(Math.Max(last, 0), keys.TryGetValue(key, out var value) ? Number(value) : 0);
        }
        return state;
    }

    private static long Number(string hex) =>
        long.Parse(System.Text.Encoding.UTF8.GetString(Convert.FromHexString(hex)).TrimEnd('.'));

    private void Append(byte[] entry)
    {
        var at = 0;
        foreach (var (offset, length) in _geometry.Pieces(_end, (ulong)entry.Length))
        {
            var begins = (offset - _geometry.HeaderSize) % _geometry.SegmentSize == AlopexWalSegmentHeader.Size;
            if (begins)
            {
                var segment = (offset - _geometry.HeaderSize) / _geometry.SegmentSize;
                var header = new AlopexWalSegmentHeader(2, 1 + (ulong)segment, _timestamp);
                Write(header.ToBytes(), _geometry.SegmentOffset((int)segment));
            }
            // In two writes, so that half an entry can be seen.
            var half = (int)length / 2;
            Write(entry.AsSpan(at, half), offset);
            Write(entry.AsSpan(at + half, (int)length - half), offset + half);
            at += (int)length;
        }
        _end += (ulong)entry.Length;
        WriteSectionHeader();
    }

    private void WriteSectionHeader() => Write(new AlopexWalHeader(_dialect, 0, _end, false).ToBytes(), 0);

    private void Write(ReadOnlySpan<byte> bytes, long offset) => RandomAccess.Write(_wal.SafeFileHandle, bytes, offset);

    /// <summary>Placeholder, body, then the header is patched, then the footer: half-written for a while.</summary>
    private void WriteTable(string path, byte[] table)
    {
        using var file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write, FileShare.ReadWrite);
        RandomAccess.Write(file, new byte[32], 0);
        for (var at = 32; at < table.Length - 48; at += 700)
        {
            RandomAccess.Write(file, table.AsSpan(at, Math.Min(700, table.Length - 48 - at)), at);
        }
        Pause();
        RandomAccess.Write(file, table.AsSpan(0, 32), 0);
        Pause();
        RandomAccess.Write(file, table.AsSpan(table.Length - 48), table.Length - 48);
    }

    private void Pause()
    {
        if (_pauses && _random.Next(4) == 0)
        {
            Thread.Sleep(_random.Next(3));
        }
    }

    private static byte[] Batch(AlopexRow[] rows) =>
        [
            2,
            .. AlopexWal.Varint((ulong)rows.Length),
            .. rows.SelectMany(r =>
                (byte[])
                    [
                        (byte)(r.Value is null ? 1 : 0),
                        .. AlopexWal.Varint((ulong)r.Key.Length),
                        .. r.Key,
                        .. AlopexWal.Varint((ulong)(r.Value?.Length ?? 0)),
                        .. r.Value ?? [],
                    ]
            ),
        ];
}
