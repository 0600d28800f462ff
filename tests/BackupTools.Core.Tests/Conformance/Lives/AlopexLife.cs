using System.Text;
using BackupTools.Engines.Alopex;
using BackupTools.Errors;
using BackupTools.Formats.Alopex;
using BackupTools.Operations;
using BackupTools.Tests.Engines.Alopex;
using BackupTools.Tests.Files;
using BackupTools.Tests.Formats.Alopex;

namespace BackupTools.Tests.Conformance.Lives;

/// <summary>
/// Alopex as far as its files go, in both dialects: what is committed is appended to the ring of the log, a checkpoint
/// writes tables. A transaction reaches the log when it is committed.
/// </summary>
internal sealed class AlopexLife : ILifeSubject
{
    private readonly SortedSet<string> _keys = new(StringComparer.Ordinal);
    private AlopexWriter? _writer;
    private bool _cutsTornTails;
    private List<LifeChange> _pending = [];
    private ulong _lsn;

    public string Engine => EngineNames.Alopex;

    /// <summary>Nothing in a snapshot, nor its name, says whose it is.</summary>
    public string KeyOf(string path) => "";

    public bool HasOwnClock => false;

    public DateTimeOffset? DateInName(string bundle) => AlopexNames.SnapshotTime(bundle);

    public TimeProvider Clock { get; set; } = TimeProvider.System;

    public ulong? Position => _lsn;

    public bool HasExactPosition => true;

    public string FileOf(string name) => name;

    public IEnumerable<string> FilesAt(string path) => [path];

    public void Create(string path, int pick)
    {
        _cutsTornTails = pick % 2 == 0;
        _keys.Clear();
        _writer = new AlopexWriter(path, _cutsTornTails ? AlopexWalDialect.B : AlopexWalDialect.A, pauses: false);
        _lsn = 0;
    }

    public void Open(string path)
    {
        _keys.Clear();
        _keys.UnionWith(Read(path).Keys);
        _writer = AlopexWriter.Open(path);
        _lsn = _writer.Lsn;
    }

    public void Close() => Stop();

    public void Kill(int pick)
    {
        // The older dialect appends behind what is torn, and loses that by itself (Alopex format, §3.7).
        if (pick % 2 == 1 && _cutsTornTails)
        {
            _writer!.Tear();
        }
        Stop();
    }

    public void Commit(IReadOnlyList<LifeChange> changes)
    {
        var last = new SortedDictionary<string, string?>(StringComparer.Ordinal);
        foreach (var change in _pending.Concat(changes))
        {
            foreach (var key in change.IsTable ? KeysOf(change.Table, last.Keys) : [change.Key])
            {
                last[key] = change.Value;
            }
        }
        _writer!.Commit(last.Select(c => (c.Key, c.Value)));
        _keys.UnionWith(last.Where(c => c.Value is not null).Select(c => c.Key));
        _keys.ExceptWith(last.Where(c => c.Value is null).Select(c => c.Key));
        _pending = [];
        _lsn = _writer.Lsn;
    }

    public bool Begin(IReadOnlyList<LifeChange> changes)
    {
        _pending.AddRange(changes);
        return true;
    }

    public bool Checkpoint(int pick)
    {
        _writer!.Checkpoint();
        return true;
    }

    public IReadOnlyDictionary<string, string> Read(string path) =>
        AlopexKeyReader.Read(path).Keys.ToDictionary(k => Text(k.Key), k => Text(k.Value));

    /// <summary>The server's snapshot (§6.2): a checkpoint, a copy and a manifest; the marker names it.</summary>
    public bool BackUp(string path, string folder, bool full)
    {
        var snapshot = Path.Combine(folder, AlopexNames.Snapshot(Clock.GetUtcNow().ToUnixTimeSeconds()));
        if (_writer is null || Directory.Exists(snapshot))
        {
            return false; // in one second both would get one folder (§6.9)
        }
        Checkpoint(0);
        Directory.CreateDirectory(Path.Combine(snapshot, AlopexNames.Tables));
        var entries = new List<AlopexManifestEntry>();
        foreach (var file in Directory.GetFiles(path, "*", SearchOption.AllDirectories))
        {
            var name = TempFolder.Relative(path, file);
            var copy = Path.Combine(snapshot, name);
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
            var bytes = File.ReadAllBytes(copy);
            entries.Add(new AlopexManifestEntry(name, (ulong)bytes.Length, AlopexKeyReader.Crc(bytes)));
        }
        File.WriteAllBytes(Path.Combine(snapshot, AlopexNames.Manifest), new AlopexManifest(entries).ToBytes());
        File.WriteAllText(Path.Combine(folder, AlopexNames.Latest), snapshot);
        return true;
    }

    public bool OrdersBackups => false;

    public bool RestoreByEngine(string folder, string path, bool isOurs) => false;

    public BackupSettings Choose(BackupSettings settings, int pick) => settings;

    /// <summary>Every snapshot is complete in itself: there is nothing to refuse.</summary>
    public IEnumerable<ErrorCode> MayRefuse(LifeSituation situation) => [];

    public void Dispose() => Stop();

    private void Stop()
    {
        _writer?.Dispose();
        _writer = null;
        _pending = [];
    }

    private List<string> KeysOf(string table, IEnumerable<string> pending) =>
        [.. _keys.Concat(pending).Where(k => k.StartsWith(table + "/", StringComparison.Ordinal)).Distinct()];

    private static string Text(string hex) => Encoding.UTF8.GetString(Convert.FromHexString(hex));
}
