using System.Globalization;

namespace BackupTools.Reports;

/// <summary>
/// The chains of one database over one axis of time, as a picture inside the page: a lane per chain, a bar per bundle.
/// Bars that would stand on the same spot are drawn as one, so that a year of hourly increments stays a small page.
/// </summary>
internal static class ReportTimeline
{
    private const double Left = 6;
    private const double Right = 986;
    private const double Lane = 64;
    private const double Tallest = 30;
    private const double Top = 4;

    /// <summary>The cross over the tallest bar stands between the bar and the chain's name.</summary>
    private const double NameAbove = 16;

    private static readonly TimeSpan[] Steps =
    [
        TimeSpan.FromMinutes(1),
        TimeSpan.FromMinutes(10),
        TimeSpan.FromHours(1),
        TimeSpan.FromHours(3),
        TimeSpan.FromHours(6),
        TimeSpan.FromHours(12),
        TimeSpan.FromDays(1),
        TimeSpan.FromDays(2),
        TimeSpan.FromDays(7),
        TimeSpan.FromDays(14),
        TimeSpan.FromDays(28),
        TimeSpan.FromDays(91),
        TimeSpan.FromDays(364),
    ];

    public static void Add(HtmlText page, BackupReport report, DatabaseStatus database, string id)
    {
        var from = database.Chains.SelectMany(c => c.Bundles).Min(b => b.CreatedUtc);
        var scale = new Scale(from, report.CreatedUtc);
        var bottom = Top + Lane * database.Chains.Count;
        var largest = Largest.Of(database.Chains.SelectMany(c => c.Bundles).ToList());
        page.Add(
            $"<div class=\"wide\"><svg class=\"timeline\" viewBox=\"0 0 1000 {bottom + 24:0}\" role=\"img\" aria-labelledby=\"{id}-t {id}-d\">\n"
        );
        page.Add($"<title id=\"{id}-t\">Timeline of {ReportCard.NameOf(database)}</title>\n");
        page.Add($"<desc id=\"{id}-d\">{string.Join("; ", database.Chains.Select(Describe))}</desc>\n");
        if (report.RecoveryPointObjectiveSeconds is { } rpo)
        {
            var start = scale.At(report.CreatedUtc.AddSeconds(-Math.Min(rpo, (report.CreatedUtc - from).TotalSeconds)));
            page.Add(
                $"<rect class=\"rpo\" x=\"{start:0.#}\" y=\"{Top}\" width=\"{Math.Max(2, Right - start):0.#}\" height=\"{bottom - Top}\"/>\n"
            );
        }
        Axis(page, scale, bottom);
        for (var i = 0; i < database.Chains.Count; i++)
        {
            AddLane(page, database.Chains[i], scale, Top + Lane * (i + 1) - 6, largest);
        }
        page.Add($"</svg></div>\n");
    }

    private static string Describe(ChainStatus chain) =>
        $"Chain {chain.ChainId}: "
        + $"{ReportPage.Count(chain.Bundles.Count(b => b.IsFull), "full")}, "
        + $"{ReportPage.Count(chain.Bundles.Count(b => !b.IsFull), "increment")}, "
        + $"{ReportText.Size(chain.Length)}, {ReportText.Time(chain.Bundles[0].CreatedUtc)} to "
        + ReportText.Time(chain.Bundles.Max(b => b.CreatedUtc))
        + (chain.Bundles.Count(b => b.State == BundleStatus.Damaged) is > 0 and var bad ? $", {bad} damaged" : "")
        + (chain.Bundles.Any(b => b.State == BundleStatus.AfterGap) ? ", with a gap" : "");

    private static void Axis(HtmlText page, Scale scale, double bottom)
    {
        var step = Array.Find(Steps, s => scale.Length / s <= 8);
        step = step == default ? Steps[^1] * Math.Ceiling(scale.Length / Steps[^1] / 8) : step;
        var format = step < TimeSpan.FromDays(1) ? "MM-dd HH:mm" : "yyyy-MM-dd";
        var first = new DateTime((scale.From.Ticks + step.Ticks - 1) / step.Ticks * step.Ticks, DateTimeKind.Utc);
        for (var tick = first; tick <= scale.To; tick += step)
        {
            var x = scale.At(tick);
            page.Add($"<path class=\"grid\" d=\"M{x:0.#} {Top} V{bottom + 4}\"/>");
            if (x < 930)
            {
                var text = tick.ToString(format, CultureInfo.InvariantCulture);
                page.Add(
                    $"<text class=\"tick\" x=\"{x:0.#}\" y=\"{bottom + 19}\" text-anchor=\"{(x < 40 ? "start" : "middle")}\">{text}</text>"
                );
            }
            page.Add($"\n");
        }
        page.Add(
            $"<path class=\"now\" d=\"M{Right} {Top} V{bottom + 4}\"/><text class=\"tick\" x=\"{Right + 8}\" y=\"{bottom + 19}\" text-anchor=\"end\">now</text>\n"
        );
    }

    private static void AddLane(HtmlText page, ChainStatus chain, Scale scale, double y, Largest largest)
    {
        var ordered = chain.Bundles.OrderBy(b => b.CreatedUtc).ToList();
        var labelAt = scale.At(ordered[0].CreatedUtc);
        // A label that would run out of the picture ends at its edge instead.
        var (labelX, anchor) = labelAt > 620 ? (Right + 8, "end") : (labelAt, "start");
        page.Add(
            $"<g>\n<text class=\"lane\" x=\"{labelX:0.#}\" y=\"{y - Tallest - NameAbove}\" text-anchor=\"{anchor}\">{chain.ChainId}"
        );
        page.Add(
            $"<tspan class=\"quiet\" dx=\"8\">{ReportText.Size(chain.Length)} in {ReportPage.Count(chain.Bundles.Count, "bundle")}</tspan></text>\n"
        );
        var start = scale.At(ordered[0].CreatedUtc);
        var previous = start;
        foreach (
            var gap in ordered.Where(
                (b, i) => b.State == BundleStatus.AfterGap && (i == 0 || ordered[i - 1].State != b.State)
            )
        )
        {
            var index = ordered.IndexOf(gap);
            var before = index == 0 ? Left : scale.At(ordered[index - 1].CreatedUtc);
            var after = scale.At(gap.CreatedUtc);
            page.Add(
                $"<path class=\"base\" d=\"M{previous:0.#} {y} H{before:0.#}\"/><path class=\"gap\" d=\"M{before:0.#} {y} H{after:0.#}\"/>"
            );
            Mark(page, before, after, y);
            previous = after;
        }
        page.Add($"<path class=\"base\" d=\"M{previous:0.#} {y} H{scale.At(ordered[^1].CreatedUtc):0.#}\"/>\n");
        foreach (var spot in ordered.GroupBy(b => (X: Math.Round(scale.At(b.CreatedUtc)), b.State, b.IsFull)))
        {
            Bar(page, [.. spot], spot.Key.X, y, largest);
        }
        page.Add($"</g>\n");
    }

    /// <summary>The word for a gap: in it, where it is wide enough, else beside it.</summary>
    private static void Mark(HtmlText page, double before, double after, double y)
    {
        const double room = 34;
        var (x, anchor) =
            after - before >= room ? ((before + after) / 2, "middle")
            : after + room <= Right ? (after + 7, "start")
            : (before - 7, "end");
        page.Add($"<text class=\"mark\" x=\"{x:0.#}\" y=\"{y - 6}\" text-anchor=\"{anchor}\">gap</text>\n");
    }

    private static void Bar(HtmlText page, IReadOnlyList<BundleStatus> bundles, double x, double y, Largest largest)
    {
        var bundle = bundles[0];
        var height = largest.HeightOf(bundle.IsFull, bundles.Max(b => b.Length));
        var isBad = bundle.State == BundleStatus.Damaged;
        var width =
            bundle.IsFull ? 6
            : isBad ? 4
            : 2.4;
        var shape = bundle.State switch
        {
            BundleStatus.Damaged => "bad",
            BundleStatus.Sound => bundle.IsFull ? "full" : "incr",
            _ => "lost",
        };
        page.Add(
            $"<rect class=\"{shape}\" x=\"{x - width / 2:0.#}\" y=\"{y - height:0.#}\" width=\"{width:0.#}\" height=\"{height:0.#}\"><title>{Tip(bundles)}</title></rect>"
        );
        if (isBad)
        {
            page.Add($"<path class=\"cross\" d=\"M{x - 4:0.#} {y - height - 11:0.#} l8 8 m0 -8 l-8 8\"/>");
        }
        page.Add($"\n");
    }

    private static string Tip(IReadOnlyList<BundleStatus> bundles) =>
        bundles is [var one]
            ? $"{one.Kind} {ReportText.Time(one.CreatedUtc)}, {ReportText.Size(one.Length)}, {one.State}: {one.Name}"
            : $"{bundles.Count} × {bundles[0].Kind} {ReportText.Time(bundles[0].CreatedUtc)} to "
                + $"{ReportText.Time(bundles[^1].CreatedUtc)}, {ReportText.Size(bundles.Sum(b => b.Length))}, {bundles[0].State}";

    /// <summary>The largest bundle of each kind: increments beside a full a thousand times their size are told apart.</summary>
    private sealed record Largest(long Full, long Increment)
    {
        private const double TallestIncrement = 18;

        public static Largest Of(IReadOnlyList<BundleStatus> bundles) =>
            new(Max(bundles.Where(b => b.IsFull)), Max(bundles.Where(b => !b.IsFull)));

        /// <summary>By the root, so that what is small is still seen.</summary>
        public double HeightOf(bool isFull, long length) =>
            isFull
                ? Math.Max(8, Tallest * Math.Sqrt((double)length / Full))
                : Math.Max(4, TallestIncrement * Math.Sqrt((double)length / Increment));

        private static long Max(IEnumerable<BundleStatus> bundles) =>
            bundles.Max(b => (long?)b.Length) is > 0 and var m ? m : 1;
    }

    /// <summary>From time to the horizontal place.</summary>
    private sealed class Scale(DateTime from, DateTime to)
    {
        public DateTime From => from;

        public DateTime To => to < from ? from : to;

        public TimeSpan Length => To - From;

        public double At(DateTime time) =>
            Length <= TimeSpan.Zero ? Left : Left + (Right - Left) * Math.Clamp((time - From) / Length, 0, 1);
    }
}
