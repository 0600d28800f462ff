namespace BackupTools.Tests.Operations;

/// <summary>A Grafeo database that goes through the engine's own states.</summary>
internal sealed class GrafeoSandbox : EngineSandbox
{
    private int _state;

    public GrafeoSandbox() => Become("S0");

    public override string NameInFolder => "b.grafeo";

    public override string Source => At("live.grafeo");

    public override string Restored => At("r", "rec.grafeo");

    private string Log => Source + ".wal";

    public override void Become(string state) => EngineSample.Of("Grafeo 0.6").SetState(Folder, state[1] - '0', "live");

    /// <summary>The next state, until there is none.</summary>
    public override void Change(Random random)
    {
        _state = Math.Min(2, _state + random.Next(2));
        Become($"S{_state}");
    }

    public override string? Content(string database) => null;

    /// <summary>Without the cursor, which a backup keeps there on purpose.</summary>
    public override string SourceBytes() =>
        string.Join(
            '\n',
            Tree(Log)
                .Split('\n')
                .Where(l => !l.StartsWith("backup_cursor", StringComparison.Ordinal))
                .Append(Hex(Source))
        );
}
