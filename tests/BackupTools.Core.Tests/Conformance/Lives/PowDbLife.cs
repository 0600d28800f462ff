using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using BackupTools.Errors;
using BackupTools.Operations;
using BackupTools.Tests.Engines.PowDb;

namespace BackupTools.Tests.Conformance.Lives;

/// <summary>
/// PowDB 0.4.x as far as its files go (PowDB format, §2 to §5, §9): changes are logged and reach their pages at a
/// checkpoint, which empties the log; making or dropping a table checkpoints and writes the catalogue. An insert stamps
/// its page with its LSN, updates and deletes do not, and at each open LSNs go on behind the highest page.
/// </summary>
internal sealed class PowDbLife : ILifeSubject
{
    private const int PageSize = 4096;
    private const int RowsPerPage = 3;

    private string _folder = "";
    private bool _isOpen;
    private ulong _written;
    private PowDbTestDatabase _database = new();

    public string Engine => EngineNames.PowDb;

    public string KeyOf(string path) => Path.GetFileName(path);

    public bool HasOwnClock => false;

    public TimeProvider Clock { get; set; } = TimeProvider.System;

    /// <summary>
    /// The highest LSN of the pages on disk. Updates and deletes leave it as it is, and it falls when the table that has
    /// it is dropped.
    /// </summary>
    public ulong? Position => _written;

    public bool HasExactPosition => true;

    private ulong HighestLsn =>
        _database.Tables.Values.SelectMany(t => t.Pages).Select(p => p.Lsn).DefaultIfEmpty().Max();

    private string Wal => Path.Combine(_folder, "wal.log");

    public string FileOf(string name) => name;

    public IEnumerable<string> FilesAt(string path) => [path];

    public void Create(string path, int pick)
    {
        (_folder, _database, _isOpen) = (path, new PowDbTestDatabase(), true);
        _database.WriteTo(path);
        File.WriteAllBytes(Wal, []);
        _written = 0;
    }

    public void Open(string path)
    {
        (_folder, _database, _isOpen) = (path, new PowDbTestDatabase(), true);
        foreach (var heap in Directory.GetFiles(path, "*.heap"))
        {
            _database.Tables[Path.GetFileNameWithoutExtension(heap)] = Load(File.ReadAllBytes(heap));
        }
        foreach (var record in PowDbDump.WalRecords(path))
        {
            Replay(record);
        }
        _database.NextLsn = 1 + HighestLsn;
        Checkpoint(0);
    }

    public void Close()
    {
        Checkpoint(0);
        _isOpen = false;
    }

    public void Kill(int pick)
    {
        if (pick % 2 == 1)
        {
            Append(Record(1, "t0", 0, 0, PowDbTestDatabase.Row((0, "half"))).AsSpan(0, 20 + pick));
        }
        _isOpen = false;
    }

    public void Commit(IReadOnlyList<LifeChange> changes)
    {
        foreach (var change in changes)
        {
            if (change.IsTable)
            {
                Checkpoint(0);
                _database.Tables.Remove(change.Table);
                Checkpoint(0);
            }
            else
            {
                Change(change);
            }
        }
    }

    public bool Begin(IReadOnlyList<LifeChange> changes) => false;

    public bool Checkpoint(int pick)
    {
        _database.WriteTo(_folder);
        File.WriteAllBytes(Wal, []);
        _written = HighestLsn;
        return true;
    }

    public IReadOnlyDictionary<string, string> Read(string path)
    {
        var rows = new Dictionary<string, string>(StringComparer.Ordinal);
        var table = "";
        foreach (var line in PowDbDump.Of(path))
        {
            if (line.StartsWith("table ", StringComparison.Ordinal))
            {
                table = line.Split(' ')[1];
                continue;
            }
            var cells = line.Trim().Split('|');
            rows.Add($"{table}/{cells[0][1..]}", cells[1].Trim('"'));
        }
        return rows;
    }

    /// <summary>
    /// The engine's full (§6), under a name that says whose it is. Its increments lose updates (§9), so nobody can tell
    /// what they hold.
    /// </summary>
    public bool BackUp(string path, string folder, bool full)
    {
        if (!full || !_isOpen)
        {
            return false;
        }
        Checkpoint(0);
        var now = Clock.GetUtcNow();
        var time = now.ToString("yyyyMMdd'T'HHmmssfff'Z'", CultureInfo.InvariantCulture);
        var name = $"{Path.GetFileName(path)}-{time}-full";
        if (Directory.Exists(Path.Combine(folder, name)))
        {
            return false;
        }
        PowDbHandMade.Full(Path.Combine(folder, name), HighestLsn, _database.Files(), (ulong)now.ToUnixTimeSeconds());
        return true;
    }

    public bool OrdersBackups => false;

    public bool RestoreByEngine(string folder, string path, bool isOurs) => false;

    public BackupSettings Choose(BackupSettings settings, int pick) => settings with { IncludeWal = pick % 3 != 1 };

    /// <summary>
    /// Nothing in a data directory names it, so its pages have to tell: where little of what a bundle holds is left,
    /// they cannot. LSNs that fell say nothing of which of two increments on one full is the later.
    /// </summary>
    public IEnumerable<ErrorCode> MayRefuse(LifeSituation situation)
    {
        var wal = new FileInfo(Path.Combine(situation.Settings.SourcePath, "wal.log"));
        if (!situation.Settings.IncludeWal && wal is { Exists: true, Length: > 0 })
        {
            yield return ErrorCode.WalNotEmpty;
        }
        if (
            !situation.IsFull
            && (
                situation.Had(LifeEvents.Restored | LifeEvents.Replaced)
                || situation.Newest?.History.Any(s => IsMostlyGone(s, situation.Rows)) == true
                || (situation.Settings.Differential && Position < situation.Newest?.History[^1].Position)
            )
        )
        {
            yield return ErrorCode.ContinuityNotProved;
        }
    }

    private static bool IsMostlyGone(LifeState state, IReadOnlyDictionary<string, string> rows)
    {
        var before = state.Rows.Split(' ');
        var kept = before.Intersect(rows.Select(r => $"{r.Key}={r.Value}"), StringComparer.Ordinal).Count();
        return kept == 0 || kept < before.Length - kept;
    }

    public void Dispose() { }

    private void Change(LifeChange change)
    {
        if (!_database.Tables.TryGetValue(change.Table, out var table))
        {
            Checkpoint(0);
            _database.Tables[change.Table] = table = new PowDbTestDatabase.Table();
            Checkpoint(0);
        }
        var id = long.Parse(change.Key.Split('/')[1], CultureInfo.InvariantCulture);
        var (page, slot) = Find(table, id);
        var row = (id, change.Value);
        if (page < 0)
        {
            if (table.Pages.Count == 0 || table.Pages[^1].Rows.Count == RowsPerPage)
            {
                table.Pages.Add(new PowDbTestDatabase.Page());
            }
            (page, slot) = (table.Pages.Count - 1, table.Pages[^1].Rows.Count);
            table.Pages[page].Rows.Add(row);
            table.Pages[page].Lsn = _database.NextLsn;
            Append(Record(1, change.Table, page, slot, PowDbTestDatabase.Row(row)));
        }
        else if (change.Value is null)
        {
            table.Pages[page].Deleted.Add(slot);
            Append(Record(3, change.Table, page, slot, []));
        }
        else
        {
            table.Pages[page].Rows[slot] = row;
            Append(Record(2, change.Table, page, slot, PowDbTestDatabase.Row(row)));
        }
        _database.NextLsn++;
    }

    private static (int Page, int Slot) Find(PowDbTestDatabase.Table table, long id)
    {
        for (var page = 0; page < table.Pages.Count; page++)
        {
            for (var slot = 0; slot < table.Pages[page].Rows.Count; slot++)
            {
                if (table.Pages[page].Rows[slot].Id == id && !table.Pages[page].Deleted.Contains(slot))
                {
                    return (page, slot);
                }
            }
        }
        return (-1, -1);
    }

    private byte[] Record(byte type, string table, int page, int slot, byte[] row) =>
        PowDbTestDatabase.WalRecord(_database.NextLsn, type, table, (uint)page, (ushort)slot, row);

    private void Append(ReadOnlySpan<byte> record)
    {
        using var wal = new FileStream(Wal, FileMode.Append);
        wal.Write(record);
    }

    private void Replay(PowDbDump.WalRecord record)
    {
        var pages = _database.Tables[record.Table].Pages;
        while (pages.Count <= record.Page)
        {
            pages.Add(new PowDbTestDatabase.Page());
        }
        var page = pages[(int)record.Page];
        if (record.Lsn <= page.Lsn)
        {
            return;
        }
        page.Lsn = record.Lsn;
        if (record.Type == 3)
        {
            page.Deleted.Add(record.Slot);
        }
        else if (record.Slot == page.Rows.Count)
        {
            page.Rows.Add(RowOf(record.Row));
        }
        else
        {
            page.Rows[record.Slot] = RowOf(record.Row);
        }
    }

    private static PowDbTestDatabase.Table Load(byte[] heap)
    {
        var table = new PowDbTestDatabase.Table();
        foreach (var bytes in heap.Chunk(PageSize))
        {
            var page = new PowDbTestDatabase.Page { Lsn = BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(8)) };
            for (var slot = 0; slot < BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(4094)); slot++)
            {
                var at = BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(4094 - (4 * (slot + 1))));
                var length = BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(4096 - (4 * (slot + 1))));
                if (length == 0xFFFF)
                {
                    page.Deleted.Add(slot);
                }
                page.Rows.Add(length == 0xFFFF ? (0, null) : RowOf(bytes.AsSpan(at, length)));
            }
            table.Pages.Add(page);
        }
        return table;
    }

    /// <summary>The counterpart of <see cref="PowDbTestDatabase.Row"/>.</summary>
    private static (long Id, string? Text) RowOf(ReadOnlySpan<byte> row) =>
        (BinaryPrimitives.ReadInt64LittleEndian(row[3..]), Encoding.UTF8.GetString(row[15..]));
}
