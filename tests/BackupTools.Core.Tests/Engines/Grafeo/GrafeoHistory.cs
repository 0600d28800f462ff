using BackupTools.Operations;
using BackupTools.Reports;
using BackupTools.Tests.Formats.Grafeo;

namespace BackupTools.Tests.Engines.Grafeo;

/// <summary>
/// A database of either generation whose log grows by random commits, written byte by byte as an engine would, and the
/// operations on its backups. Its clock goes a second further with everything that happens.
/// </summary>
internal sealed class GrafeoHistory : IDisposable
{
    private readonly StandingClock _clock = new();
    private readonly GrafeoHarness _box = new();
    private readonly bool _paged;
    private readonly Random _random;
    private ulong _lsn = 311;
    private ulong _transaction = 10;
    private int _sequence;

    public GrafeoHistory(bool paged, int seed)
    {
        _paged = paged;
        _random = new Random(seed);
        Plain = !paged || seed % 2 != 0;
        _box.Become(paged ? "v06-native" : "v05-reference", "S0");
        foreach (var file in Directory.EnumerateFiles(_box.Log, "*.log"))
            File.Delete(file);
        BeginFile();
    }

    public Random Random => _random;

    /// <summary>The last epoch committed; images are of epoch 3.</summary>
    public ulong Epoch { get; private set; } = 3;

    /// <summary>
    /// Every group moves the epoch. Changes of the schema and seals do not: with these, an epoch alone does not say how
    /// much of the log is meant, and where bundles end decides.
    /// </summary>
    public bool Plain { get; }

    public string Backups => _box.Backups;

    public string At(params string[] parts) => _box.Inner.At(parts);

    /// <summary>A few commits, among them some that were undone, changed the schema, or fill several frames.</summary>
    public void Work()
    {
        for (var n = _random.Next(1, 4); n > 0; n--)
        {
            Tick();
            if (_random.Next(4) == 0)
                BeginFile();
            if (_paged)
                CommitGroup();
            else
                CommitFrames();
        }
    }

    /// <summary>0.6.0: a commit that moves no epoch.</summary>
    public void ChangeSchema()
    {
        Tick();
        _transaction++;
        AppendFrame(3, GrafeoBytes.GroupPayload(311, Epoch, (ulong)_clock.Milliseconds, 10));
    }

    public BundleInfo Full() => Take(Verbs.Full);

    public BundleInfo Increment(string? folder = null) => Take(Verbs.Increment, folder);

    /// <summary>A full, and now and then another; increments; work before each.</summary>
    public void Backup(int count)
    {
        Full();
        for (var i = 1; i < count; i++)
        {
            Work();
            if (_random.Next(4) == 0)
                Full();
            else
                Increment();
        }
    }

    public OperationHost Host(BackupTools.Files.IDisk? disk = null) =>
        new() { Clock = _clock, Disk = disk ?? BackupTools.Files.LocalDisk.Instance };

    public BundleInfo Merge(MergeSettings settings, BackupTools.Files.IDisk? disk = null)
    {
        var host = Host(disk);
        return Verbs.Merge(settings, host);
    }

    public IReadOnlyList<ChainInfo> Chains(string folder) =>
        ReadChains.Read(folder, false, null, Host()).Select(r => r.Chain!).ToList();

    /// <summary>What a restore gives: the epoch it reached and every file, by name.</summary>
    public string Restored(string folder, string? chain = null, ulong? position = null, DateTimeOffset? time = null)
    {
        var destination = At($"r-{Guid.NewGuid():N}", "x.grafeo");
        var settings = new RestoreSettings
        {
            Path = folder,
            ChainId = chain,
            ToPosition = position,
            PointInTime = time,
            DestinationPath = destination,
        };
        var report = Verbs.Restore(settings, Host());
        var files = report.Files.Order(StringComparer.Ordinal).Select(f => Convert.ToHexString(File.ReadAllBytes(f)));
        var all = $"{report.EndPosition}: {string.Join('/', files)}";
        Directory.Delete(Path.GetDirectoryName(destination)!, recursive: true);
        return all;
    }

    public void Tick() => _clock.Milliseconds += 1000;

    private BundleInfo Take(Func<BackupSettings, OperationHost, BundleInfo> take, string? folder = null)
    {
        Tick();
        var settings = new BackupSettings { SourcePath = _box.Database, DestinationPath = folder ?? Backups };
        return take(settings, Host());
    }

    private void BeginFile()
    {
        var name = _paged ? $"wal_{_lsn:D20}.log" : $"wal_{_sequence++:D8}.log";
        if (File.Exists(Path.Combine(_box.Log, name)))
            return; // an empty one: the engine keeps it
        var header = GrafeoBytes.SegmentHeader(_lsn);
        GrafeoBytes.FixtureBytes("v06-native", "S0.grafeo").AsSpan(16, 16).CopyTo(header.AsSpan(16));
        BitConverter.GetBytes(GrafeoBytes.Crc(header.AsSpan(0, 124))).CopyTo(header, 124);
        File.WriteAllBytes(Path.Combine(_box.Log, name), _paged ? header : []);
    }

    private void Append(byte[] bytes)
    {
        var last = Directory.EnumerateFiles(_box.Log, "*.log").Order(StringComparer.Ordinal).Last();
        File.WriteAllBytes(last, [.. File.ReadAllBytes(last), .. bytes]);
    }

    private void CommitFrames()
    {
        Epoch++;
        var bytes = new List<byte>();
        if (_random.Next(3) == 0)
            bytes.AddRange([.. GrafeoBytes.Node(Epoch + 1000, "Undone"), .. GrafeoBytes.Abort(_transaction++)]);
        for (var n = _random.Next(1, 5); n > 0; n--)
            bytes.AddRange(GrafeoBytes.Node(Epoch * 10 + (ulong)n, new string('N', _random.Next(1, 60))));
        if (_random.Next(4) == 0)
        {
            // A transaction may straddle two files.
            Append([.. bytes]);
            BeginFile();
            bytes.Clear();
        }
        Append([.. bytes, .. GrafeoBytes.Commit(_transaction++), .. GrafeoBytes.Epoch(Epoch)]);
    }

    private void CommitGroup()
    {
        var schemaOnly = !Plain && _random.Next(5) == 0;
        Epoch += schemaOnly ? 0ul : 1;
        if (!Plain && _random.Next(4) == 0)
            AppendFrame(3, BitConverter.GetBytes(_lsn)); // a seal
        _transaction++;
        var payload = GrafeoBytes.GroupPayload(311, Epoch, (ulong)_clock.Milliseconds, _random.Next(1, 90));
        if (_random.Next(3) == 0)
        {
            AppendFrame(1, payload);
            AppendFrame(2, new byte[_random.Next(1, 50)]);
        }
        else
        {
            AppendFrame(3, payload);
        }
    }

    private void AppendFrame(byte flags, byte[] payload)
    {
        var frame = GrafeoBytes.Frame(_lsn, _transaction, flags, payload);
        Append(frame);
        _lsn += (ulong)frame.Length;
    }

    public void Dispose() => _box.Dispose();
}
