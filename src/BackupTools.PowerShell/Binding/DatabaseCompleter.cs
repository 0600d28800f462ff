using System.Management.Automation;
using BackupTools.Reports;

namespace BackupTools.PowerShell.Binding;

/// <summary>Completes -Database with the names of the databases at the path.</summary>
public sealed class DatabaseCompleter : BundleCompleter
{
    private protected override IEnumerable<Offer> Offers(ChainInfo chain) =>
        chain.Database is { Length: > 0 } name
            ?
            [
                new Offer(
                    WildcardPattern.Escape(name),
                    name,
                    $"{chain.Engine} in {chain.FullName}, newest {ReportText.Time(chain.NewestUtc)}"
                ),
            ]
            : [];
}
