using BackupTools.Errors;
using BackupTools.Operations;

namespace BackupTools.Tests.Conformance.Lives;

/// <summary>What the two generations of Grafeo have in common: statements, files, and folders that both write to.</summary>
internal abstract class GrafeoLife : ILifeSubject
{
    /// <summary>Later than any epoch; JavaScript counts no further.</summary>
    protected const ulong LastEpoch = (1UL << 53) - 1;

    private readonly SortedSet<string> _keys = new(StringComparer.Ordinal);

    public string Engine => EngineNames.Grafeo;

    public abstract string KeyOf(string path);

    public bool HasOwnClock => true;

    public TimeProvider Clock { get; set; } = TimeProvider.System;

    public abstract ulong? Position { get; }

    /// <summary>Transactions that change nothing spend epochs too.</summary>
    public bool HasExactPosition => false;

    public string FileOf(string name) => name + ".grafeo";

    public IEnumerable<string> FilesAt(string path) =>
        new[] { "", ".wal", ".spill", ".checkpoint", ".pre-0.6", ".pre-0.6.wal" }.Select(suffix => path + suffix);

    public void Create(string path, int pick)
    {
        _keys.Clear();
        Make(path);
    }

    public void Open(string path)
    {
        Start(path);
        _keys.Clear();
        _keys.UnionWith(Keys());
    }

    public abstract void Close();

    public abstract void Kill(int pick);

    public virtual IReadOnlyList<LifeChange> Possible(IReadOnlyList<LifeChange> changes, bool areLeftOpen) => changes;

    public virtual void Commit(IReadOnlyList<LifeChange> changes) => Run(Statements(changes), commit: true);

    public virtual bool Begin(IReadOnlyList<LifeChange> changes)
    {
        Run(Statements(changes), commit: false);
        return true;
    }

    public abstract bool Checkpoint(int pick);

    public abstract IReadOnlyDictionary<string, string> Read(string path);

    public abstract bool BackUp(string path, string folder, bool full);

    /// <summary>The manifest is a list.</summary>
    public bool OrdersBackups => true;

    public abstract bool RestoreByEngine(string folder, string path, bool isOurs);

    public BackupSettings Choose(BackupSettings settings, int pick) => settings;

    public abstract IEnumerable<ErrorCode> MayRefuse(LifeSituation situation);

    public abstract void Dispose();

    /// <summary>True for a row that is there.</summary>
    protected bool Has(string key) => _keys.Contains(key);

    /// <summary>Makes a database and opens it.</summary>
    protected abstract void Make(string path);

    /// <summary>Opens a database.</summary>
    protected abstract void Start(string path);

    /// <summary>The keys in the open database.</summary>
    protected abstract IEnumerable<string> Keys();

    /// <summary>Runs statements: in the transaction that is open, or in one of their own.</summary>
    protected abstract void Run(IReadOnlyList<string> statements, bool commit);

    private List<string> Statements(IEnumerable<LifeChange> changes)
    {
        var statements = new List<string>();
        foreach (var change in changes)
        {
            foreach (var (key, value) in Each(change).ToList())
            {
                statements.Add(
                    value is null ? $"MATCH (n:R {{k: '{key}'}}) DETACH DELETE n"
                    : _keys.Contains(key) ? $"MATCH (n:R {{k: '{key}'}}) SET n.v = '{value}'"
                    : $"INSERT (:R {{k: '{key}', v: '{value}'}})"
                );
                _ = value is null ? _keys.Remove(key) : _keys.Add(key);
            }
        }
        return statements;
    }

    /// <summary>A change of single rows.</summary>
    protected IEnumerable<LifeChange> Each(LifeChange change) =>
        change.IsTable
            ? _keys
                .Where(k => k.StartsWith(change.Key + "/", StringComparison.Ordinal))
                .Select(k => new LifeChange(k, null))
            : [change];
}
