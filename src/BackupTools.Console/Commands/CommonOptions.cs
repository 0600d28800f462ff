using System.CommandLine;
using BackupTools.Operations;
using BackupTools.Options;

namespace BackupTools.Console.Commands;

/// <summary>
/// What all verbs but demo have: --engine, --json, --verbose, --throttle-limit and how stores are reached, of those that write
/// --lock-timeout too; what encrypted bundles are read with; and how a run begins with them.
/// </summary>
internal sealed class CommonOptions(bool writes, bool writesStores = false, bool trusts = true)
{
    private readonly Option<string?> _engine = Options.Text(
        "--engine",
        $"{EngineNames.Listed("or")}; detected if not given.",
        "NAME"
    );
    private readonly Option<bool> _json = Options.Json();
    private readonly Option<bool> _verbose = Options.Verbose();
    private readonly Option<int?> _throttleLimit = Options.Number(
        "--throttle-limit",
        "The number of files to process at once; default: the number of processors.",
        "N",
        least: 1
    );
    private readonly Option<int?> _lockTimeout = Options.Number(
        "--lock-timeout",
        $"How long to wait for another run in the same folder; default {OperationHost.DefaultLockTimeout}, 0 does not wait.",
        "SECONDS",
        least: 0
    );
    private readonly IdentityOptions _identities = new(trusts);

    private readonly IReadOnlyList<(StoreOption Declared, Option Option)> _ofStores =
    [
        .. StoreOptions.All.Where(o => writesStores || !o.OfWriting).Select(o => (o, Make(o))),
    ];

    public void AddTo(Command command)
    {
        _identities.AddTo(command);
        command.AddAll([
            _engine,
            _json,
            _verbose,
            _throttleLimit,
            .. writes ? [_lockTimeout] : Array.Empty<Option>(),
            .. _ofStores.Select(o => o.Option),
        ]);
    }

    public string? Engine(ParseResult parsed) => parsed.GetValue(_engine);

    public int Run(StopSignals signals, ParseResult parsed, Action<Run> work) =>
        Console.Run.Of(
            signals,
            work,
            parsed.GetValue(_json),
            parsed.GetValue(_verbose),
            parsed.GetValue(_throttleLimit),
            writes ? parsed.GetValue(_lockTimeout) : null,
            () => Stores(parsed),
            () => _identities.Of(parsed)
        );

    private static Option Make(StoreOption declared)
    {
        var name = Options.Spell(declared.Name);
        return declared.Type == typeof(bool) ? Options.Switch(name, declared.Help)
            : declared.Type == typeof(bool?)
                ? new Option<bool?>(name) { Description = declared.Help, HelpName = "BOOL" }
            : Options.Text(name, declared.Help, HelpNameOf(declared.Name));
    }

    private static string HelpNameOf(string name) =>
        name switch
        {
            nameof(StoreOptions.StoreEndpoint) => "URL",
            nameof(StoreOptions.StoreCaFile) => "FILE",
            nameof(StoreOptions.SpoolPath) => "FOLDER",
            nameof(StoreOptions.StoreEncryption) => "KIND",
            nameof(StoreOptions.StoreKeyId) => "ID",
            _ => "NAME",
        };

    private StoreOptions Stores(ParseResult parsed)
    {
        var options = new StoreOptions();
        foreach (var (declared, option) in _ofStores)
        {
            object? value = option switch
            {
                Option<bool> given => parsed.GetValue(given),
                Option<bool?> given => parsed.GetValue(given),
                Option<string?> given when HelpNameOf(declared.Name) is "FILE" or "FOLDER" => Options.AbsoluteOrNull(
                    parsed.GetValue(given)
                ),
                Option<string?> given => parsed.GetValue(given),
                _ => null,
            };
            typeof(StoreOptions).GetProperty(declared.Name)!.SetValue(options, value);
        }
        return options;
    }
}
