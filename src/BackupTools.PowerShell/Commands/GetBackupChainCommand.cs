using System.Management.Automation;
using BackupTools.Operations;
using BackupTools.PowerShell.Pipeline;
using BackupTools.Reports;

namespace BackupTools.PowerShell.Commands;

/// <summary>Get-BackupChain: the chains in folders, found from the bundles' own headers.</summary>
[Cmdlet(VerbsCommon.Get, "BackupChain", DefaultParameterSetName = ParameterSets.Path)]
[OutputType(typeof(ChainInfo))]
public sealed class GetBackupChainCommand : BackupCommandBase
{
    /// <summary>Folders that hold bundles. Wildcards are expanded.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ParameterSetName = ParameterSets.Path)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[]? Path { get; set; }

    /// <summary>Folders, with every character of the name taken as it is.</summary>
    [Parameter(Mandatory = true, ValueFromPipelineByPropertyName = true, ParameterSetName = ParameterSets.LiteralPath)]
    [Alias("PSPath", "LP", "FullName")]
    [ValidateNotNullOrEmpty]
    public string[]? LiteralPath { get; set; }

    /// <summary>Look into the folders below as well; each folder's chains are its own.</summary>
    [Parameter]
    public SwitchParameter Recurse { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => PerPath(Path, LiteralPath, Read);

    private void Read(string path, bool isNamed) =>
        Pump.Stream(
            $"Reading the chains in {path}",
            Environment.ProcessorCount,
            host => ReadChains.Read(path, Recurse, Engine, host),
            reading => Emit(reading, path)
        );

    private void Emit(ChainReading reading, string path)
    {
        if (reading.Chain is not { } chain)
        {
            WriteError(ErrorRecordMap.ToRecord(reading.Error!, path));
            return;
        }
        foreach (var bundle in chain.Bundles)
        {
            WithPSPath(bundle, bundle.FullName);
        }
        WriteObject(WithPSPath(chain, chain.FullName));
    }
}
