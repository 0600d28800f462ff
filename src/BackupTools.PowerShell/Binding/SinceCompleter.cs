using BackupTools.Reports;

namespace BackupTools.PowerShell.Binding;

/// <summary>Completes -Since with the positions at which the bundles at the destination end, the newest first.</summary>
public sealed class SinceCompleter : BundleCompleter
{
    private protected override IEnumerable<ChainInfo> InOrder(IEnumerable<ChainInfo> chains) => chains.Reverse();

    private protected override IEnumerable<Offer> Offers(ChainInfo chain) => chain.Bundles.Reverse().Select(AtEnd);
}
