using BackupTools.Reports;

namespace BackupTools.PowerShell.Binding;

/// <summary>Completes -ToPosition with the positions at which bundles end, newest last, their times as tooltips.</summary>
public sealed class ToPositionCompleter : BundleCompleter
{
    private protected override IEnumerable<Offer> Offers(ChainInfo chain) =>
        chain
            .Bundles.Where(b => b.Kind == "Full" && b.StartPosition < b.EndPosition)
            .Select(b => At(b.StartPosition, $"{ReportText.Time(b.CreatedUtc)} earliest state of {b.Name}"))
            .Concat(chain.Bundles.Select(AtEnd));
}
