using System.Management.Automation;
using BackupTools.Operations;
using BackupTools.PowerShell.Binding;
using BackupTools.Reports;

namespace BackupTools.PowerShell.Commands;

/// <summary>Export-BackupReport: how the databases of some folders stand, as one file.</summary>
[Cmdlet(
    VerbsData.Export,
    "BackupReport",
    SupportsShouldProcess = true,
    ConfirmImpact = ConfirmImpact.Medium,
    DefaultParameterSetName = ParameterSets.Path
)]
[OutputType(typeof(BackupReport))]
public sealed class ExportBackupReportCommand : ReadingCommandBase
{
    private readonly List<string> _folders = [];
    private readonly List<ChainReport> _tests = [];

    /// <summary>What Test-BackupChain returned: the report is about the folders of the chains.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = ParameterSets.InputObject)]
    [ValidateNotNullOrEmpty]
    public ChainReport[]? InputObject { get; set; }

    /// <summary>The file to write. A report of ours in the same format is replaced, nothing else. Taken literally.</summary>
    [Parameter(Mandatory = true, Position = 1)]
    [ValidateNotNullOrEmpty]
    public string DestinationPath { get; set; } = null!;

    /// <summary>What to write: a page for people (Html), facts for programs (Json) or metrics (Prometheus).</summary>
    // By name: a value of a type of the library would load the library with the module.
    [Parameter]
    [ValidateSet(nameof(ReportFormat.Html), nameof(ReportFormat.Json), nameof(ReportFormat.Prometheus))]
    public string Format { get; set; } = nameof(ReportFormat.Html);

    /// <summary>How old the newest restorable state of a database may be; older ones are marked as late.</summary>
    [Parameter]
    [Alias("Rpo")]
    public TimeSpan? RecoveryPointObjective { get; set; }

    /// <summary>What Test-BackupChain returned now or earlier, also as it comes back from JSON or Clixml.</summary>
    [Parameter]
    [TestReportTransformation]
    [AllowEmptyCollection]
    public ChainReport[]? TestReport { get; set; }

    /// <summary>Include subfolders.</summary>
    [Parameter(ParameterSetName = ParameterSets.Path)]
    [Parameter(ParameterSetName = ParameterSets.LiteralPath)]
    public SwitchParameter Recurse { get; set; }

    /// <summary>The title of the page. Default: Backups.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Title { get; set; }

    /// <summary>Lines for the top of the page, such as the errors of the night.</summary>
    [Parameter]
    [AllowEmptyCollection]
    public string[]? Note { get; set; }

    /// <summary>How many seconds to wait for another run that works in the same folder; 0: not at all.</summary>
    [Parameter]
    [ValidateRange(0, int.MaxValue / 1000)]
    public int LockTimeout { get; set; } = OperationHost.DefaultLockTimeout;

    private protected override TimeSpan LockWait => TimeSpan.FromSeconds(LockTimeout);

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        base.BeginProcessing();
        Destination = PerCommand(DestinationPath, () => Paths.Literal(DestinationPath));
        _tests.AddRange(TestReport ?? []);
    }

    /// <summary>Only collects: one page is about everything that comes down the pipe.</summary>
    protected override void ProcessRecord()
    {
        foreach (var path in Path ?? [])
        {
            // A folder that is missing belongs into the report: it is what the report is for.
            PerItem(
                path,
                () =>
                    _folders.AddRange(
                        PathResolver.HasWildcards(path)
                            ? Paths.Expand(path)
                            : [Paths.Bundles(LocalPath.IsStore(path) ? path : WildcardPattern.Unescape(path))]
                    )
            );
        }
        PerPath(null, LiteralPath, (path, _) => _folders.Add(path));
        _folders.AddRange((InputObject ?? []).Select(t => t.FullName));
        _tests.AddRange(InputObject ?? []);
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        var settings = new ReportSettings
        {
            Folders = _folders,
            DestinationPath = Destination,
            Format = Enum.Parse<ReportFormat>(Format, ignoreCase: true),
            Recurse = Recurse,
            Engine = Engine,
            RecoveryPointObjective = RecoveryPointObjective,
            Tests = _tests,
            Title = Title,
            Notes = Note ?? [],
        };
        PerItem(Destination, () => Export(settings));
    }

    private void Export(ReportSettings settings)
    {
        var plan = Execute("Reading the bundles", host => ExportReport.Plan(settings, host));
        if (!IsAgreed("Write this report?", plan))
        {
            return;
        }
        var report = Execute("Writing the report", host => ExportReport.Execute(plan, host));
        WriteObject(WithPSPath(report, report.FullName));
        Streams.Information(
            $"report: {report.FullName}, {report.Databases.Count} database(s), {report.LateCount} late, "
                + $"{report.InvalidCount} with errors"
        );
    }
}
