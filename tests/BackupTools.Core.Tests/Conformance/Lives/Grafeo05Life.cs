using System.Text.Json.Nodes;
using BackupTools.Errors;
using BackupTools.Tests.Engines.Grafeo;

namespace BackupTools.Tests.Conformance.Lives;

/// <summary>The real Grafeo 0.5, as its own command line: a shell is a session, a killed shell a killed engine.</summary>
internal sealed class Grafeo05Life : GrafeoLife
{
    private RealGrafeo05.Shell? _shell;
    private readonly HashSet<string> _inserted = new(StringComparer.Ordinal);
    private bool _isInTransaction;

    /// <summary>The command line tells no epoch, and it begins anew with every session.</summary>
    public override ulong? Position => null;

    /// <summary>Nothing in the files says whose they are.</summary>
    public override string KeyOf(string path) => "";

    /// <summary>
    /// Left open are only new rows: 0.5.42 keeps a SET of a transaction that it has rolled back. And a transaction does
    /// not delete what it has itself inserted: the row stays, and the log knows of no delete.
    /// </summary>
    public override IReadOnlyList<LifeChange> Possible(IReadOnlyList<LifeChange> changes, bool areLeftOpen) =>
        areLeftOpen
            ? [.. changes.Where(c => !c.IsTable && c.Value is not null && !Has(c.Key))]
            : [.. changes.SelectMany(Each).Where(c => c.Value is not null || !_inserted.Contains(c.Key))];

    public override bool Begin(IReadOnlyList<LifeChange> changes)
    {
        _inserted.UnionWith(changes.Select(c => c.Key));
        return base.Begin(changes);
    }

    public override void Commit(IReadOnlyList<LifeChange> changes)
    {
        base.Commit(changes);
        _inserted.Clear();
    }

    public override void Close()
    {
        if (_isInTransaction)
        {
            _shell!.Run("ROLLBACK");
        }
        _shell!.Close();
        Gone();
    }

    public override void Kill(int pick)
    {
        _shell!.Kill();
        Gone();
    }

    /// <summary>Its checkpoint needs the database for itself.</summary>
    public override bool Checkpoint(int pick) => false;

    public override IReadOnlyDictionary<string, string> Read(string path)
    {
        var rows = JsonNode.Parse(
            RealGrafeo05.Do("query", path, "MATCH (n:R) RETURN n.k AS k, n.v AS v", "--format", "json")
        )!;
        return rows.AsArray().ToDictionary(r => Text(r!["k"]!), r => Text(r!["v"]!), StringComparer.Ordinal);
    }

    public override bool BackUp(string path, string folder, bool full) =>
        // Of an open database it is refused; of what was closed it knows no log.
        _shell is null
        && RealGrafeo05.Call("backup", full ? "full" : "incremental", path, "-o", folder).Code == 0;

    /// <summary>Its own full does not begin a chain where epochs began anew: its restore mixes it with what was before.</summary>
    public override bool RestoreByEngine(string folder, string path, bool isOurs)
    {
        if (!isOurs)
        {
            return false;
        }
        RealGrafeo05.Restore(folder, LastEpoch, path);
        return true;
    }

    /// <summary>
    /// An increment is for the session in which its chain was last continued. The engine's own backup of a closed
    /// database is a session too: it opens the database, and writes it anew.
    /// </summary>
    public override IEnumerable<ErrorCode> MayRefuse(LifeSituation situation) =>
        !situation.IsFull
        && situation.Had(
            LifeEvents.Closed | LifeEvents.Killed | LifeEvents.Restored | LifeEvents.Replaced | LifeEvents.EngineBackUp
        )
            ? [ErrorCode.LogIsGone, ErrorCode.ContinuityNotProved, ErrorCode.ForeignEpoch, ErrorCode.SinceBeyondLog]
            : [];

    public override void Dispose()
    {
        if (_shell is not null)
        {
            Kill(0);
        }
    }

    protected override void Make(string path)
    {
        RealGrafeo05.Do("init", path);
        Start(path);
    }

    protected override void Start(string path) => _shell = RealGrafeo05.Open(path);

    protected override IEnumerable<string> Keys()
    {
        var said = _shell!.Run("MATCH (n:R) RETURN n.k AS k");
        var json = said[said.IndexOf('[', StringComparison.Ordinal)..(said.LastIndexOf(']') + 1)];
        return JsonNode.Parse(json)!.AsArray().Select(r => Text(r!["k"]!));
    }

    protected override void Run(IReadOnlyList<string> statements, bool commit)
    {
        string[] begin = _isInTransaction || (commit && statements.Count == 1) ? [] : ["BEGIN"];
        string[] end = commit && (_isInTransaction || begin.Length > 0) ? ["COMMIT"] : [];
        foreach (var statement in begin.Concat(statements).Concat(end))
        {
            _shell!.Run(statement);
        }
        _isInTransaction = !commit;
    }

    private void Gone()
    {
        _shell!.Dispose();
        (_shell, _isInTransaction) = (null, false);
        _inserted.Clear();
    }

    /// <summary>The command line quotes texts inside of JSON.</summary>
    private static string Text(JsonNode value) => value.GetValue<string>().Trim('"');
}
