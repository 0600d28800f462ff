using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using BackupTools.Errors;
using BackupTools.Operations;
using BackupTools.Tests.Engines.Spg;
using BackupTools.Tests.Formats.Spg;

namespace BackupTools.Tests.Conformance.Lives;

/// <summary>
/// SPG as far as its files go (SPG format, §3 and §4): every commit is appended to the log, a checkpoint writes a new
/// database file and cuts the log. The rows of the one table are key and value; statements name both.
/// </summary>
/// <remarks>
/// Opened after a kill, a server does not cut what it left half-done off its log, and loses what it appends behind it
/// by itself (§4.3); this one cuts it off, so that what it acknowledged is there.
/// </remarks>
internal sealed partial class SpgLife : ILifeSubject
{
    private static readonly int s_headLength = SpgCatalogs.Table([4, 4], 0, []).Length;

    private readonly SortedDictionary<string, string> _rows = new(StringComparer.Ordinal);
    private string _db = "";
    private bool _hasEnvelope;
    private long _committed;
    private bool _isOpen;
    private bool _isInTransaction;
    private List<LifeChange> _pending = [];

    public string Engine => EngineNames.Spg;

    public string KeyOf(string path) => Path.GetFileName(path);

    public bool HasOwnClock => false;

    public TimeProvider Clock { get; set; } = TimeProvider.System;

    public ulong? Position => (ulong)_committed;

    private string Wal => Path.ChangeExtension(_db, ".wal");

    public bool HasExactPosition => true;

    public string FileOf(string name) => name + ".db";

    public IEnumerable<string> FilesAt(string path) => [path, Path.ChangeExtension(path, ".wal")];

    public void Create(string path, int pick)
    {
        (_db, _hasEnvelope, _committed, _isOpen) = (path, pick % 2 == 1, 0, true);
        _rows.Clear();
        WriteDatabase();
        File.WriteAllBytes(Wal, []);
        Date(both: true);
    }

    public void Open(string path)
    {
        _db = path;
        using (var wal = new FileStream(Wal, FileMode.OpenOrCreate))
        {
            var bytes = new byte[wal.Length];
            wal.ReadExactly(bytes);
            _committed = SpgModel.CutPoint(bytes);
            wal.SetLength(_committed);
        }
        _isOpen = true;
        Date();
        _rows.Clear();
        foreach (var (key, value) in Read(path))
        {
            _rows[key] = value;
        }
    }

    public void Close()
    {
        if (_isInTransaction)
        {
            Append(SpgFrames.V2("ROLLBACK"));
            _committed = new FileInfo(Wal).Length;
        }
        Forget();
        _isOpen = false;
    }

    public void Kill(int pick)
    {
        if (pick % 2 == 1)
        {
            var frame = SpgFrames.V3("INSERT INTO t VALUES ('half', 'done')");
            Append(frame.AsSpan(0, 5 + pick));
        }
        Forget();
        _isOpen = false;
    }

    public void Commit(IReadOnlyList<LifeChange> changes)
    {
        if (!_isInTransaction && changes.Count == 1)
        {
            Append(SpgFrames.V3(Sql(changes[0])));
        }
        else
        {
            Begin(changes);
            Append(SpgFrames.V2("COMMIT"));
        }
        LifeChange.Apply([.. _pending, .. _isInTransaction ? [] : changes], _rows);
        Forget();
        _committed = new FileInfo(Wal).Length;
    }

    public bool Begin(IReadOnlyList<LifeChange> changes)
    {
        if (!_isInTransaction)
        {
            Append(SpgFrames.V2("BEGIN"));
            _isInTransaction = true;
        }
        foreach (var change in changes)
        {
            Append(SpgFrames.V2(Sql(change)));
        }
        _pending.AddRange(changes);
        return true;
    }

    public bool Checkpoint(int pick)
    {
        if (_isInTransaction)
        {
            return false;
        }
        WriteDatabase();
        File.WriteAllBytes(Wal, []);
        Date(both: true);
        _committed = 0;
        return true;
    }

    public IReadOnlyDictionary<string, string> Read(string path)
    {
        var rows = Rows(File.Exists(path) ? File.ReadAllBytes(path) : []);
        foreach (var sql in SpgModel.Committed(File.ReadAllBytes(Path.ChangeExtension(path, ".wal"))))
        {
            LifeChange.Apply([Change(sql)], rows);
        }
        return rows;
    }

    /// <summary>
    /// BACKUP TO: what is in memory, and the length of the log (§1.1, §5), under a name that says whose it is. Inside of
    /// a transaction the server would lose that transaction (§5).
    /// </summary>
    public bool BackUp(string path, string folder, bool full)
    {
        if (!_isOpen || _isInTransaction || !full)
        {
            return false;
        }
        var now = Clock.GetUtcNow();
        var time = now.ToString("yyyyMMdd'T'HHmmssfff'Z'", CultureInfo.InvariantCulture);
        var name = Path.Combine(folder, $"{Path.GetFileNameWithoutExtension(path)}-{time}-full.bkp");
        if (File.Exists(name))
        {
            return false;
        }
        var bytes = SpgTestBundles.Bytes(0, 0, Catalog(), (ulong)_committed, [], time: now);
        File.WriteAllBytes(name, bytes);
        return true;
    }

    public bool OrdersBackups => false;

    public bool RestoreByEngine(string folder, string path, bool isOurs) => false;

    public BackupSettings Choose(BackupSettings settings, int pick) => settings;

    /// <summary>
    /// A checkpoint restarts the log, and so may do what puts another database there. A server's full holds neither the
    /// log nor the database file, so nothing shows that a log is the one that follows.
    /// </summary>
    public IEnumerable<ErrorCode> MayRefuse(LifeSituation situation)
    {
        if (situation.IsFull)
        {
            yield break;
        }
        // Nothing proves what a server's own full holds, nor, where a clock was set back, that it is the newest.
        if (
            situation.Newest is { IsOurs: false }
            || situation.Had(LifeEvents.Checkpointed | LifeEvents.Restored | LifeEvents.Replaced)
        )
        {
            yield return ErrorCode.ContinuityNotProved;
            yield return ErrorCode.ForeignEpoch;
            yield return ErrorCode.SinceBeyondLog;
            yield return ErrorCode.SinceInsideFrame;
        }
    }

    public void Dispose() { }

    private void Forget()
    {
        _isInTransaction = false;
        _pending = [];
    }

    private void Append(ReadOnlySpan<byte> frame)
    {
        using (var wal = new FileStream(Wal, FileMode.Append))
        {
            wal.Write(frame);
        }
        Date();
    }

    /// <summary>
    /// As the clock says; but never is a log that was written older than the database file, even if the clock was set
    /// back, or each backup would wait for a checkpoint to end.
    /// </summary>
    private void Date(bool both = false)
    {
        var now = Clock.GetUtcNow().UtcDateTime;
        if (both && File.Exists(_db))
        {
            File.SetLastWriteTimeUtc(_db, now);
        }
        var database = File.GetLastWriteTimeUtc(_db);
        File.SetLastWriteTimeUtc(Wal, now > database ? now : database.AddMilliseconds(1));
    }

    private void WriteDatabase()
    {
        File.WriteAllBytes(_db + ".tmp", Catalog());
        File.Move(_db + ".tmp", _db, overwrite: true);
    }

    private byte[] Catalog() => _hasEnvelope ? SpgCatalogs.Envelope(2, Snapshot(_rows), []) : Snapshot(_rows);

    private static byte[] Snapshot(SortedDictionary<string, string> rows)
    {
        var rest = new List<byte>();
        foreach (var (key, value) in rows)
        {
            rest.Add(0);
            foreach (var text in new[] { key, value })
            {
                rest.AddRange(BitConverter.GetBytes((ushort)text.Length));
                rest.AddRange(Encoding.ASCII.GetBytes(text));
            }
        }
        return SpgCatalogs.Table([4, 4], (uint)rows.Count, [.. rest, 0, 0]);
    }

    private static SortedDictionary<string, string> Rows(ReadOnlySpan<byte> database)
    {
        var rows = new SortedDictionary<string, string>(StringComparer.Ordinal);
        var catalog = database.StartsWith("SPGENV01"u8) ? database[13..] : database;
        var at = s_headLength;
        for (var left = catalog.IsEmpty ? 0 : BitConverter.ToUInt32(catalog[(at - 4)..]); left > 0; left--)
        {
            at++;
            rows[Text(catalog, ref at)] = Text(catalog, ref at);
        }
        return rows;
    }

    private static string Text(ReadOnlySpan<byte> bytes, ref int at)
    {
        var length = BitConverter.ToUInt16(bytes[at..]);
        at += 2 + length;
        return Encoding.ASCII.GetString(bytes.Slice(at - length, length));
    }

    private static string Sql(LifeChange change) =>
        change.IsTable ? $"DROP TABLE {change.Key}"
        : change.Value is { } value ? $"INSERT INTO rows VALUES ('{change.Key}', '{value}')"
        : $"DELETE FROM rows WHERE key = '{change.Key}'";

    private static LifeChange Change(string sql)
    {
        var words = Quoted().Matches(sql).Select(m => m.Groups["text"].Value).ToList();
        return words.Count == 0
            ? new LifeChange(sql.Split(' ')[2], null)
            : new LifeChange(words[0], words.ElementAtOrDefault(1));
    }

    [GeneratedRegex("'(?<text>[^']*)'", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Quoted();
}
