using System.Management.Automation;
using BackupTools.Errors;
using BackupTools.Operations;
using BackupTools.PowerShell.Pipeline;
using BackupTools.Reports;

namespace BackupTools.PowerShell.Commands;

/// <summary>Get-BundleHeader: what bundles are, from their headers; on request their bytes are checked too.</summary>
[Cmdlet(VerbsCommon.Get, "BundleHeader", DefaultParameterSetName = ParameterSets.Path)]
[OutputType(typeof(BundleInfo))]
public sealed class GetBundleHeaderCommand : ReadingCommandBase
{
    private readonly HashSet<(string Path, string Id)> _emitted = [];
    private bool _literalIsPiped;

    /// <summary>Read the bytes too and compare every checksum; fills IsValid.</summary>
    [Parameter]
    public SwitchParameter Verify { get; set; }

    /// <summary>How many files or ranges are worked on at once with -Verify. Default: the number of processors.</summary>
    [Parameter]
    [ValidateRange(1, 1024)]
    public int ThrottleLimit { get; set; } = Environment.ProcessorCount;

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        base.BeginProcessing();
        _literalIsPiped = !MyInvocation.BoundParameters.ContainsKey(nameof(LiteralPath));
    }

    /// <inheritdoc/>
    protected override void ProcessRecord() => PerPath(Path, LiteralPath, Read);

    private void Read(string path, bool isNamed)
    {
        var mayBeAnything = LiteralPath is null ? !isNamed : _literalIsPiped;
        var activity = $"Reading the headers in {path}";
        IEnumerable<HeaderReading> Work(OperationHost host) => ReadHeaders.Read(path, Verify, Engine, host);
        void Show(HeaderReading reading) => Emit(reading, path, mayBeAnything);
        if (Verify)
        {
            Pump.Stream(activity, ThrottleLimit, Work, Show);
        }
        else
        {
            Pump.StreamHere(activity, Work, Show);
        }
    }

    private void Emit(HeaderReading reading, string path, bool mayBeAnything)
    {
        if (reading.Bundle is { } bundle)
        {
            // A folder and the files in it, piped together, show the same bundle twice.
            if (_emitted.Add((bundle.FullName, bundle.Id)))
            {
                WriteObject(WithPSPath(bundle, bundle.FullName));
            }
        }
        else if (mayBeAnything && reading.Error!.Code == ErrorCode.BundleNotRecognised)
        {
            WriteVerbose($"{path} is not a bundle and is skipped");
        }
        else if (_emitted.Add((reading.Error!.FullName ?? path, reading.Error.Code.ToString())))
        {
            WriteError(ErrorRecordMap.ToRecord(reading.Error, path));
        }
    }
}
