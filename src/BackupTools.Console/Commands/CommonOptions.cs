using System.CommandLine;

namespace BackupTools.Console.Commands;

/// <summary>
/// What all verbs but demo have: --engine, --json, --verbose and --throttle-limit, of those that write --lock-timeout, of those that read bundles the identities;
/// and how a run begins with them.
/// </summary>
internal sealed class CommonOptions(bool writes, bool reads = true)
{
    private readonly Option<string?> _engine = Options.Engine();
    private readonly Option<bool> _json = Options.Json();
    private readonly Option<bool> _verbose = Options.Verbose();
    private readonly Option<int?> _throttleLimit = Options.ThrottleLimit();
    private readonly Option<int?> _lockTimeout = Options.LockTimeout();
    private readonly IdentityOptions _identities = new();

    public void AddTo(Command command)
    {
        if (reads)
        {
            _identities.AddTo(command);
        }
        command.AddAll([_engine, _json, _verbose, _throttleLimit, .. writes ? [_lockTimeout] : Array.Empty<Option>()]);
    }

    public string? Engine(ParseResult parsed) => parsed.GetValue(_engine);

    public int Run(StopSignals signals, ParseResult parsed, Action<Run> work) =>
        Console.Run.Of(
            signals,
            parsed.GetValue(_json),
            parsed.GetValue(_verbose),
            parsed.GetValue(_throttleLimit),
            writes ? parsed.GetValue(_lockTimeout) : null,
            work,
            reads ? () => _identities.Of(parsed) : null
        );
}
