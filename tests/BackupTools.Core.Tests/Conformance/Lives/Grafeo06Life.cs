using BackupTools.Errors;
using BackupTools.Tests.Engines.Grafeo;

namespace BackupTools.Tests.Conformance.Lives;

/// <summary>The real Grafeo 0.6, in a process of its own that is killed when a life says so.</summary>
internal sealed class Grafeo06Life(RealGrafeo engine) : GrafeoLife
{
    private string? _open;
    private bool _isInTransaction;
    private ulong _epoch;
    private int _made;

    public override ulong? Position => _epoch;

    /// <summary>Each database has an id.</summary>
    public override string KeyOf(string path) => $"{_made}";

    public override void Close()
    {
        engine.Do("close", new { db = _open });
        (_open, _isInTransaction) = (null, false);
    }

    public override void Kill(int pick)
    {
        engine.Kill();
        (_open, _isInTransaction) = (null, false);
    }

    public override bool Checkpoint(int pick)
    {
        if (_isInTransaction)
        {
            return false;
        }
        engine.Do("checkpoint", new { db = _open });
        return true;
    }

    public override IReadOnlyDictionary<string, string> Read(string path) =>
        engine.Do("rows", new { db = path })["rows"]!
            .AsArray()
            .ToDictionary(r => r![0]!.GetValue<string>(), r => r![1]!.GetValue<string>(), StringComparer.Ordinal);

    public override bool BackUp(string path, string folder, bool full)
    {
        if (_open is null)
        {
            return false;
        }
        var answer = engine.Ask(full ? "full" : "incremental", new { db = _open, dir = folder });
        return answer["error"]?.GetValue<string>() is not { } error ? true
            : error.Contains("no new WAL records", StringComparison.Ordinal)
            || error.Contains("run a full backup first", StringComparison.Ordinal)
                ? false
            : throw new LifeFinding($"the engine's own backup is refused: {error}");
    }

    public override bool RestoreByEngine(string folder, string path, bool isOurs)
    {
        var answer = engine.Ask(
            "restore",
            new
            {
                dir = folder,
                epoch = LastEpoch,
                @out = path,
            }
        );
        return answer["error"] is not { } error
            ? true
            : throw new LifeFinding($"the engine's own restore is refused: {error}");
    }

    /// <summary>
    /// A folder is of one database, and each has an id. A restored one goes another way from there, which the log shows or, when it has
    /// none any more, does not.
    /// </summary>
    public override IEnumerable<ErrorCode> MayRefuse(LifeSituation situation) =>
        situation.HoldsOthers ? [ErrorCode.ForeignEpoch]
        // The engine's own backup counts for its own folder only, and lets the next close drop what ours needs.
        : !situation.IsFull
        && !situation.Had(LifeEvents.Restored)
        && situation.Had(LifeEvents.EngineBackUp)
        && situation.Had(LifeEvents.Checkpointed | LifeEvents.Closed | LifeEvents.Killed)
            ? [ErrorCode.LogIsGone]
        : !situation.IsFull && situation.Had(LifeEvents.Restored)
            ?
            [
                ErrorCode.ContinuityNotProved,
                ErrorCode.ForeignEpoch,
                ErrorCode.SinceBeyondLog,
                ErrorCode.SinceInsideFrame,
                ErrorCode.LogIsGone,
                ErrorCode.ChainGap,
            ]
        : [];

    public override void Dispose()
    {
        if (_open is not null)
        {
            Close();
        }
    }

    protected override void Make(string path)
    {
        _made++;
        Open("create", path);
    }

    protected override void Start(string path) => Open("open", path);

    protected override IEnumerable<string> Keys() =>
        engine.Do("keys", new { db = _open })["keys"]!.AsArray().Select(k => k!.GetValue<string>());

    protected override void Run(IReadOnlyList<string> statements, bool commit)
    {
        engine.Do("begin", new { db = _open, statements });
        _isInTransaction = !commit;
        if (commit)
        {
            _epoch = engine.Do("commit", new { db = _open })["epoch"]!.GetValue<ulong>();
        }
    }

    private void Open(string verb, string path)
    {
        engine.Do(verb, new { db = path });
        _open = path;
        _epoch = engine.Do("epoch", new { db = path })["epoch"]!.GetValue<ulong>();
    }
}
