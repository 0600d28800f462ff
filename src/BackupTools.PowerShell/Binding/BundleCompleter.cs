using System.Collections;
using System.Globalization;
using System.Management.Automation;
using System.Management.Automation.Language;
using BackupTools.Operations;
using BackupTools.PowerShell.Commands;
using BackupTools.Reports;

namespace BackupTools.PowerShell.Binding;

/// <summary>
/// Offers what the bundles at the path that is already typed have to offer. Reads headers only, gives up soon with what it
/// has, and never fails: a Tab that throws is worse than one that does nothing.
/// </summary>
public abstract class BundleCompleter : IArgumentCompleter
{
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(200);

    /// <summary>The first Tab of a session compiles what it runs, and is often the one that matters.</summary>
    private static readonly TimeSpan FirstPatience = TimeSpan.FromSeconds(2);

    /// <summary>A store is some requests away, and the first time the SDK has to be loaded.</summary>
    private static readonly TimeSpan PatienceWithStores = TimeSpan.FromSeconds(3);

    private static bool _isWarm;

    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName,
        string parameterName,
        string wordToComplete,
        CommandAst commandAst,
        IDictionary fakeBoundParameters
    )
    {
        try
        {
            var typed = (wordToComplete ?? "").Trim('\'', '"');
            var source = new TypedSource(commandName, parameterName, fakeBoundParameters, commandAst);
            return InOrder(ReadChainsAt(source.Paths, fakeBoundParameters).Where(source.Means))
                .SelectMany(Offers)
                .Where(offer => offer.Text.StartsWith(typed, StringComparison.OrdinalIgnoreCase))
                .DistinctBy(offer => offer.Text, StringComparer.Ordinal)
                .Select(offer => new CompletionResult(
                    Quoted(offer.Text),
                    offer.Label,
                    CompletionResultType.ParameterValue,
                    offer.Tip
                ))
                .ToArray();
        }
        catch (Exception)
        {
            return [];
        }
    }

    /// <summary>The chains in the order in which they are shown; they come oldest first.</summary>
    private protected virtual IEnumerable<ChainInfo> InOrder(IEnumerable<ChainInfo> chains) => chains;

    /// <summary>What one chain has to offer, in the order in which it is shown.</summary>
    private protected abstract IEnumerable<Offer> Offers(ChainInfo chain);

    /// <summary>One value: what is inserted, what the list shows, and its tooltip.</summary>
    private protected sealed record Offer(string Text, string Label, string Tip);

    /// <summary>As it has to be typed: names of databases may be anything.</summary>
    private static string Quoted(string text) =>
        text.All(c => char.IsAsciiLetterOrDigit(c) || ":.-_".Contains(c))
            ? text
            : $"'{CodeGeneration.EscapeSingleQuotedStringContent(text)}'";

    private protected static Offer AtEnd(BundleInfo bundle) =>
        At(bundle.EndPosition, $"{ReportText.Time(bundle.CreatedUtc)} {bundle.Kind} {bundle.Name}");

    private protected static Offer At(ulong position, string tip)
    {
        var text = position.ToString(CultureInfo.InvariantCulture);
        return new Offer(text, text, tip);
    }

    private static List<ChainInfo> ReadChainsAt(IReadOnlyList<string> paths, IDictionary bound)
    {
        // Relative names and drives mean something only in the session that asks.
        using var shell = System.Management.Automation.PowerShell.Create(RunspaceMode.CurrentRunspace);
        var stores = paths.Where(LocalPath.IsStore).Select(LocalPath.Store).ToArray();
        var local = paths.Where(path => !LocalPath.IsStore(path)).ToArray();
        string[] folders =
        [
            .. stores,
            .. local.Length == 0
                ? []
                : shell
                    .AddCommand(@"Microsoft.PowerShell.Management\Convert-Path")
                    .AddParameter("LiteralPath", local)
                    .AddParameter("ErrorAction", ActionPreference.Ignore)
                    .Invoke<string>(),
        ];
        var patience =
            stores.Length > 0 ? PatienceWithStores
            : _isWarm ? Patience
            : FirstPatience;
        var options = BackupCommandBase.StoresOf(name => bound[name], static path => path);
        var chains = new List<ChainInfo>();
        using var stop = new CancellationTokenSource(patience);
        var token = stop.Token;
        var reading = Task.Run(() =>
        {
            using var host = new OperationHost { Cancellation = token, StoreOptions = options };
            foreach (var reading in folders.SelectMany(f => ReadChains.Read(f, recurse: false, engine: null, host)))
            {
                if (reading.Chain is { } chain)
                {
                    lock (chains)
                    {
                        chains.Add(chain);
                    }
                }
            }
        });
        Task.WaitAny([reading], patience);
        // A query that takes too long is abandoned.
        stop.Cancel();
        _isWarm = true;
        lock (chains)
        {
            return [.. chains];
        }
    }
}
