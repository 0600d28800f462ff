using BackupTools.Errors;
using BackupTools.Operations;
using BackupTools.Reports;

namespace BackupTools.Tests.Engines.Grafeo;

/// <summary>
/// A life of a database in the real 0.5.42: sessions, commits, backups. It remembers every state, so that whatever is
/// restored can be told from what never was.
/// </summary>
internal sealed class GrafeoLife : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("grafeo-life-").FullName;
    private readonly List<string> _states = [""];
    private readonly SortedSet<string> _names = new(StringComparer.Ordinal);
    private RealGrafeo05.Shell? _shell;
    private int _restored;

    public GrafeoLife(string name = "x.grafeo")
    {
        Database = At(name);
        if (name.EndsWith(".grafeo", StringComparison.Ordinal))
            RealGrafeo05.Do("init", Database);
    }

    public string Database { get; set; }

    public string Backups => At("b");

    public string At(string name) => Path.Combine(_folder, name);

    /// <summary>Everything that was acknowledged.</summary>
    public IReadOnlyList<string> Names => [.. _names];

    public GrafeoLife Open()
    {
        _shell = RealGrafeo05.Open(Database);
        return this;
    }

    /// <summary>A transaction for each name.</summary>
    public GrafeoLife Commit(params string[] names)
    {
        foreach (var name in names)
        {
            _shell!.Run($"INSERT (:N {{name:'{name}'}})");
            _names.Add(name);
            Remember();
        }
        return this;
    }

    public GrafeoLife Delete(string name)
    {
        _shell!.Run($"MATCH (n:N {{name:'{name}'}}) DELETE n");
        _names.Remove(name);
        Remember();
        return this;
    }

    /// <summary>A statement that changes no node.</summary>
    public GrafeoLife Run(string statement)
    {
        _shell!.Run(statement);
        return this;
    }

    public GrafeoLife Close()
    {
        _shell!.Close();
        return this;
    }

    public GrafeoLife Kill()
    {
        _shell!.Kill();
        return this;
    }

    /// <summary>The database has another state, as after a restore in its place or statements of one's own.</summary>
    public void Became(params string[] names)
    {
        _names.Clear();
        _names.UnionWith(names);
        Remember();
    }

    /// <summary>Puts another database and its log in this one's place.</summary>
    public void PutInPlace(string by)
    {
        foreach (var suffix in new[] { ".wal", ".spill" })
        {
            if (Directory.Exists(Database + suffix))
                Directory.Delete(Database + suffix, recursive: true);
        }
        File.Copy(by, Database, overwrite: true);
        if (!Directory.Exists(by + ".wal"))
            return;
        Directory.CreateDirectory(Database + ".wal");
        foreach (var log in Directory.EnumerateFiles(by + ".wal"))
            File.Copy(log, Path.Combine(Database + ".wal", Path.GetFileName(log)));
    }

    /// <summary>Another database took its place.</summary>
    public void Became(GrafeoLife other)
    {
        _states.AddRange(other._states);
        Became([.. other._names]);
    }

    public BundleInfo Full(string? folder = null) => Take(Verbs.Full, folder);

    public BundleInfo Increment(string? folder = null) => Take(Verbs.Increment, folder);

    /// <summary>An increment that must be refused, and why it was.</summary>
    public ErrorCode Refused(string? folder = null) => Assert.Throws<BackupException>(() => Increment(folder)).Code;

    /// <summary>An increment; where it is refused for one of the reasons that a full is the answer to, a full.</summary>
    public BundleInfo IncrementOrFull()
    {
        try
        {
            return Increment();
        }
        catch (BackupException e)
            when (e.Code
                    is ErrorCode.NoFullBackup
                        or ErrorCode.ContinuityNotProved
                        or ErrorCode.LogIsGone
                        or ErrorCode.SinceBeyondLog
            )
        {
            return Full();
        }
    }

    /// <summary>Latest is everything that was acknowledged; every epoch is a state that was, and the engine says the same.</summary>
    public void Holds(string? folder = null)
    {
        folder ??= Backups;
        Assert.Equal(Names, RealGrafeo05.Names(RestoreTo(null, folder)));
        var before = -1;
        foreach (var epoch in Epochs(folder))
        {
            var ours = RealGrafeo05.Names(RestoreTo(epoch, folder));
            var theirs = At($"engine-{_restored++}.grafeo");
            RealGrafeo05.Restore(folder, epoch, theirs);
            Assert.Equal(RealGrafeo05.Names(theirs), ours);
            var state = _states.FindLastIndex(s => s == string.Join(',', ours));
            Assert.True(state >= 0, $"epoch {epoch} restores to a state that never was: {string.Join(',', ours)}");
            before = Math.Max(before, state);
        }
        Assert.Equal(string.Join(',', Names), _states[before]);
        var report = VerifyChain.Run(new VerifySettings { Path = folder, Deep = true }, Host());
        Assert.All(report, r => Assert.Equal("", string.Join(", ", r.Problems.Select(p => p.ToString()))));
    }

    /// <summary>Restores with the tool; the path of the database.</summary>
    public string RestoreTo(ulong? epoch = null, string? folder = null)
    {
        var destination = At($"restored-{_restored++}.grafeo");
        var settings = new RestoreSettings
        {
            Path = folder ?? Backups,
            ToPosition = epoch,
            DestinationPath = destination,
        };
        Verbs.Restore(settings, Host());
        return destination;
    }

    public IReadOnlyList<ChainInfo> Chains(string? folder = null) =>
        [.. ReadChains.Read(folder ?? Backups, false, null, Host()).Select(r => r.Chain!)];

    public static OperationHost Host() => new();

    public void Dispose()
    {
        _shell?.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>Every position that the folder offers, ascending.</summary>
    public IEnumerable<ulong> Epochs(string folder) =>
        Chains(folder)
            .SelectMany(c => c.Bundles)
            .SelectMany(b => b.StartPosition == b.EndPosition ? [b.EndPosition] : Range(b))
            .Distinct()
            .Order();

    private static IEnumerable<ulong> Range(BundleInfo bundle)
    {
        for (var epoch = bundle.StartPosition + 1; epoch <= bundle.EndPosition; epoch++)
            yield return epoch;
    }

    private BundleInfo Take(Func<BackupSettings, OperationHost, BundleInfo> take, string? folder)
    {
        var settings = new BackupSettings { SourcePath = Database, DestinationPath = folder ?? Backups };
        return take(settings, Host());
    }

    private void Remember() => _states.Add(string.Join(',', Names));
}
