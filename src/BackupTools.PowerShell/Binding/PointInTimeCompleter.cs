using System.Globalization;
using BackupTools.Reports;

namespace BackupTools.PowerShell.Binding;

/// <summary>Completes -PointInTime with the times at which bundles were taken, the newest first.</summary>
public sealed class PointInTimeCompleter : BundleCompleter
{
    private protected override IEnumerable<ChainInfo> InOrder(IEnumerable<ChainInfo> chains) =>
        chains.OrderByDescending(chain => chain.NewestUtc);

    private protected override IEnumerable<Offer> Offers(ChainInfo chain) =>
        chain.Bundles.OrderByDescending(bundle => bundle.CreatedUtc).Select(Taken);

    private static Offer Taken(BundleInfo bundle)
    {
        // The exact time: rounded up it may lie after now, rounded down before the state.
        var text = bundle.CreatedUtc.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture);
        return new Offer(text, text, $"{bundle.Kind} {bundle.Name}, position {bundle.EndPosition}");
    }
}
