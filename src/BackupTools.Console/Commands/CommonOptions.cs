using System.CommandLine;

namespace BackupTools.Console.Commands;

/// <summary>What all verbs but demo have: --engine, --json, --verbose and --throttle-limit, and how a run begins with them.</summary>
internal sealed class CommonOptions
{
    private readonly Option<string?> _engine = Options.Engine();
    private readonly Option<bool> _json = Options.Json();
    private readonly Option<bool> _verbose = Options.Verbose();
    private readonly Option<int?> _throttleLimit = Options.ThrottleLimit();

    public void AddTo(Command command) => command.AddAll(_engine, _json, _verbose, _throttleLimit);

    public string? Engine(ParseResult parsed) => parsed.GetValue(_engine);

    public int Run(StopSignals signals, ParseResult parsed, Action<Run> work) =>
        Console.Run.Of(
            signals,
            parsed.GetValue(_json),
            parsed.GetValue(_verbose),
            parsed.GetValue(_throttleLimit),
            work
        );
}
