using BackupTools.Engines;
using BackupTools.Errors;
using BackupTools.Operations;
using BackupTools.Reports;

namespace BackupTools.Tests.Conformance.Lives;

/// <summary>A folder of bundles: what the model knows is in it, and what of it a user is offered.</summary>
internal sealed class LifeFolder(string path)
{
    private readonly Dictionary<string, LifeCapture> _captures = new(StringComparer.Ordinal);
    private readonly Dictionary<string, LifeEvents> _since = new(StringComparer.Ordinal);

    public string Path { get; } = path;

    public IReadOnlyDictionary<string, LifeCapture> Captures => _captures;

    /// <summary>The databases that have bundles here.</summary>
    public IEnumerable<string> Keys => _since.Keys;

    /// <summary>What happened since the newest bundle of a database.</summary>
    public LifeEvents Since(string key) => _since.GetValueOrDefault(key);

    public void Note(LifeEvents happened)
    {
        foreach (var key in _since.Keys.ToList())
        {
            _since[key] |= happened;
        }
    }

    public void Add(LifeCapture capture)
    {
        _captures.Add(capture.Id, capture);
        _since[capture.Key] = LifeEvents.None;
    }

    /// <summary>A bundle has lost its date, and another is left.</summary>
    public void Date(string id, DateTimeOffset date) => _captures[id] = _captures[id] with { CreatedUtc = date };

    public void Remove(IEnumerable<string> ids) => ids.ToList().ForEach(id => _captures.Remove(id));

    /// <summary>
    /// Bundles that got another id because what they seemed to build on is gone: those that the engine took in our
    /// folders say only by their place what that is.
    /// </summary>
    public void Recognise(IEnumerable<BundleInfo> bundles)
    {
        var all = bundles.ToList();
        foreach (var bundle in all.Where(b => !_captures.ContainsKey(b.Id)))
        {
            var capture = _captures.Values.Single(c =>
                !c.IsOurs && c.CreatedUtc.UtcDateTime == bundle.CreatedUtc && all.TrueForAll(b => b.Id != c.Id)
            );
            _captures.Remove(capture.Id);
            _captures.Add(bundle.Id, capture with { Id = bundle.Id });
        }
    }

    /// <summary>The bundle taken last of a database; null when there is none.</summary>
    public LifeCapture? Newest(string key) => _captures.Values.Where(c => c.Key == key).MaxBy(c => c.Order);

    /// <summary>The same knowledge of a copy of the folder.</summary>
    public LifeFolder CopyTo(string path)
    {
        var copy = new LifeFolder(path);
        _captures.Values.ToList().ForEach(copy.Add);
        foreach (var (key, since) in _since)
        {
            copy._since[key] = since | LifeEvents.Copied;
        }
        return copy;
    }

    /// <summary>The chains that are here.</summary>
    /// <exception cref="LifeFinding">One cannot be read or is broken, or the bundles are not those that were made.</exception>
    public IReadOnlyList<ChainInfo> Chains(OperationHost host)
    {
        if (!Directory.Exists(Path))
        {
            return [];
        }
        var chains = new List<ChainInfo>();
        foreach (var reading in ReadChains.Read(Path, false, null, host))
        {
            if (reading.Error is { Code: not ErrorCode.NoBundles } error)
            {
                throw new LifeFinding($"a bundle cannot be read: {error.Describe()}", error);
            }
            if (reading.Chain is { } chain)
            {
                chains.Add(chain);
            }
        }
        return chains;
    }

    /// <summary>Every point in a chain that the listing offers, with the rows that it may restore to.</summary>
    public IEnumerable<LifeOffer> Offers(ChainInfo chain, bool hasJumped)
    {
        var bundles = chain.Bundles.Select(b => (Bundle: b, Capture: _captures[b.Id])).ToList();
        var can = EngineRegistry.Default.ByName(chain.Engine).Capabilities;
        foreach (var (bundle, capture) in bundles)
        {
            var same = bundles.Where(b => b.Bundle.EndPosition == bundle.EndPosition).MaxBy(b => b.Capture.Order);
            yield return LifeOffer.Position(
                this,
                chain,
                bundle.EndPosition,
                same.Capture.RowsAtEnd(bundle.EndPosition)
            ) with
            {
                From = same.Capture,
            };
            yield return LifeOffer.Time(
                this,
                chain,
                bundle.CreatedUtc,
                RowsAt(bundles, bundle.CreatedUtc, can, hasJumped)
            ) with
            {
                From = capture,
            };
            if (can.CutsInsideBundle)
            {
                foreach (var inside in Inside(bundle, capture))
                {
                    yield return LifeOffer.Position(this, chain, inside, capture.RowsAt(inside)) with
                    {
                        From = capture,
                    };
                }
            }
        }
    }

    /// <summary>
    /// Of bundles that are dated in order the last one not later. Where the clock jumped, dates are no order: any bundle
    /// that is not dated later may be meant, or none when what all build on is dated later.
    /// </summary>
    private static IReadOnlyList<string> RowsAt(
        List<(BundleInfo Bundle, LifeCapture Capture)> bundles,
        DateTime time,
        EngineCapabilities can,
        bool hasJumped
    )
    {
        if (can.CutsByTime && hasJumped)
        {
            return [.. bundles.SelectMany(b => b.Capture.History.Select(s => s.Rows)), LifeOffer.Refused];
        }
        var notLater = bundles.Where(b => b.Bundle.CreatedUtc <= time).OrderBy(b => b.Capture.Order).ToList();
        var rows = notLater.ConvertAll(b => b.Capture.RowsAtEnd(b.Bundle.EndPosition));
        if (!hasJumped)
        {
            return rows[^1];
        }
        var begin = bundles.MinBy(b => b.Capture.Order).Bundle.CreatedUtc;
        return
        [
            .. rows.SelectMany(r => r).Distinct(StringComparer.Ordinal),
            .. begin > time ? [LifeOffer.Refused] : Array.Empty<string>(),
        ];
    }

    private static IEnumerable<ulong> Inside(BundleInfo bundle, LifeCapture capture)
    {
        var positions = capture.History.Select(s => s.Position).OfType<ulong>();
        // Ends of commits, and beside them, where a log can be cut but no commit ends.
        return positions
            .SelectMany(p => new[] { p, p + 1 })
            .Where(p => bundle.StartPosition <= p && p < bundle.EndPosition && capture.RowsAt(p).Count > 0)
            .Distinct();
    }
}

/// <summary>A point that can be restored to.</summary>
/// <param name="What">For the reader of a finding.</param>
/// <param name="Settings">What to ask for; the destination is still to be named.</param>
/// <param name="Rows">The rows that may come.</param>
internal sealed record LifeOffer(string What, TargetSettings Settings, IReadOnlyList<string> Rows)
{
    /// <summary>Among <see cref="Rows"/>: that it is said not to be covered.</summary>
    public const string Refused = "TargetNotCovered";

    /// <summary>Rows that may come too, and what a warning has to say then; null for nothing.</summary>
    public IReadOnlyList<(string Rows, string? Said)> OtherRows { get; init; } = [];

    /// <summary>The bundle that holds it.</summary>
    public LifeCapture? From { get; init; }

    /// <summary>The states on the way to it.</summary>
    public IReadOnlyList<LifeState> History
    {
        get
        {
            var states = From?.History.ToList() ?? [];
            return states[..(states.FindLastIndex(s => s.Rows == Rows[0]) + 1)];
        }
    }

    /// <summary>Whether it is the end or the time of a bundle.</summary>
    public bool IsOf(BundleInfo bundle) =>
        Settings.ToPosition == bundle.EndPosition || Settings.PointInTime?.UtcDateTime == bundle.CreatedUtc;

    public static LifeOffer Position(LifeFolder folder, ChainInfo chain, ulong position, IReadOnlyList<string> rows) =>
        new(
            $"position {position} of chain {chain.ChainId}",
            new TargetSettings
            {
                Path = folder.Path,
                ChainId = chain.ChainId,
                ToPosition = position,
            },
            rows
        );

    public static LifeOffer Time(LifeFolder folder, ChainInfo chain, DateTime time, IReadOnlyList<string> rows) =>
        new(
            $"time {time:O} of chain {chain.ChainId}",
            new TargetSettings
            {
                Path = folder.Path,
                ChainId = chain.ChainId,
                PointInTime = new DateTimeOffset(time),
            },
            rows
        );

    public static LifeOffer Latest(LifeFolder folder, string? chainId, IReadOnlyList<string> rows) =>
        new(
            "the newest state" + (chainId is null ? "" : $" of chain {chainId}"),
            new TargetSettings { Path = folder.Path, ChainId = chainId },
            rows
        );
}
