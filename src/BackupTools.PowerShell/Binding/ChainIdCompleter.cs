using BackupTools.Reports;

namespace BackupTools.PowerShell.Binding;

/// <summary>Completes -ChainId with the chains at the path, what each is as tooltip.</summary>
public sealed class ChainIdCompleter : BundleCompleter
{
    private protected override IEnumerable<Offer> Offers(ChainInfo chain) =>
        [
            new Offer(
                chain.ChainId,
                chain.ChainId,
                $"{chain.Engine} {chain.Database} {chain.StartPosition}..{chain.EndPosition}, "
                    + $"{ReportText.Time(chain.CreatedUtc)} to {ReportText.Time(chain.NewestUtc)}, "
                    + chain.Timeline
            ),
        ];
}
