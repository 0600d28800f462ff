using System.Management.Automation;
using BackupTools.Errors;
using BackupTools.Operations;
using BackupTools.PowerShell.Binding;
using BackupTools.PowerShell.Pipeline;
using BackupTools.Reports;

namespace BackupTools.PowerShell.Commands;

/// <summary>Get-BackupChain: the chains in folders, found from the bundles' own headers.</summary>
[Cmdlet(VerbsCommon.Get, "BackupChain", DefaultParameterSetName = ParameterSets.Path)]
[OutputType(typeof(ChainInfo))]
public sealed class GetBackupChainCommand : ReadingCommandBase
{
    private readonly List<ChainInfo> _waiting = [];
    private readonly HashSet<string> _unknown = new(StringComparer.OrdinalIgnoreCase);
    private WildcardPattern[]? _names;

    /// <summary>Look into the folders below as well; each folder's chains are its own.</summary>
    [Parameter]
    public SwitchParameter Recurse { get; set; }

    /// <summary>Only the chains of these databases, by name; wildcards are allowed.</summary>
    [Parameter]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(DatabaseCompleter))]
    public string[]? Database { get; set; }

    /// <summary>Only chains with a bundle newer than this: a DateTime, a DateTimeOffset or ISO 8601 text.</summary>
    [Parameter]
    [PointInTimeTransformation]
    [ArgumentCompleter(typeof(PointInTimeCompleter))]
    public DateTimeOffset? NewerThan { get; set; }

    /// <summary>Only the newest N chains of each database in each folder.</summary>
    [Parameter]
    [ValidateRange(1, int.MaxValue)]
    public int? Last { get; set; }

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        base.BeginProcessing();
        _names = Database?.Select(name => WildcardPattern.Get(name, WildcardOptions.IgnoreCase)).ToArray();
        _unknown.UnionWith(
            (Database ?? [])
                .Where(name => !WildcardPattern.ContainsWildcardCharacters(name))
                .Select(WildcardPattern.Unescape)
        );
    }

    /// <summary>Only collects: bundles that were piped one by one are the chains of their set.</summary>
    protected override void ProcessRecord() => PerChoice(null, null, Read);

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        PerGivenPath(Read);
        // Which chains are the newest is known when all are read.
        var newest = _waiting
            .GroupBy(c => (c.Engine, c.Database, c.FullName))
            .SelectMany(database => database.TakeLast(Last ?? 0))
            .ToHashSet(ReferenceEqualityComparer.Instance);
        foreach (var chain in _waiting.Where(newest.Contains))
        {
            WriteObject(WithPSPath(chain, chain.FullName));
        }
        // A name without wildcards is one that must be there, as of files and processes.
        foreach (var name in _unknown)
        {
            var error = new BackupException(
                ErrorCode.ChainNotFound,
                $"there is no chain of a database named '{name}' here",
                recommendation: "List the chains with Get-BackupChain: Database is the name. shop* matches all that begin with shop."
            );
            WriteError(ErrorRecordMap.ToRecord(error, name));
        }
    }

    private void Read(ChainChoice choice) =>
        Pump.Stream(
            $"Reading the chains in {choice.Path}",
            Environment.ProcessorCount,
            host => ReadChains.Read(new BundleSet(choice.Path, choice.Bundles), Recurse, Engine, host),
            reading => Emit(reading, choice.Path)
        );

    private void Emit(ChainReading reading, string path)
    {
        if (reading.Chain is not { } chain)
        {
            WriteError(ErrorRecordMap.ToRecord(reading.Error!, path));
            return;
        }
        if (!IsWanted(chain))
        {
            return;
        }
        foreach (var bundle in chain.Bundles)
        {
            WithPSPath(bundle, bundle.FullName);
        }
        if (Last is null)
        {
            WriteObject(WithPSPath(chain, chain.FullName));
        }
        else
        {
            _waiting.Add(chain);
        }
    }

    private bool IsWanted(ChainInfo chain)
    {
        _unknown.RemoveWhere(name => IsCalled(chain, name));
        return IsNamed(chain) && (NewerThan is not { } time || chain.NewestUtc > time.UtcDateTime);
    }

    private static bool IsCalled(ChainInfo chain, string name) =>
        string.Equals(name, chain.Database, StringComparison.OrdinalIgnoreCase)
        || string.Equals(name, chain.Series, StringComparison.OrdinalIgnoreCase);

    private bool IsNamed(ChainInfo chain) =>
        _names is null
        || Array.Exists(_names, name => name.IsMatch(chain.Database ?? "") || name.IsMatch(chain.Series ?? ""));
}
