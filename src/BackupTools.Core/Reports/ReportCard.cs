using System.Globalization;

namespace BackupTools.Reports;

/// <summary>The part of a report's page that is about one database.</summary>
internal static class ReportCard
{
    private const int NewestShown = 10;
    private const int FindingsShown = 20;

    public static void Add(HtmlText page, BackupReport report, DatabaseStatus database, string id)
    {
        page.Add(
            $"<section class=\"card\" id=\"{id}\" data-state=\"{ReportFilter.StateOf(database)}\">\n<h2><bdi>{NameOf(database)}</bdi> "
        );
        Badges(page, database);
        page.Add($"</h2>\n<p class=\"path\">{database.Engine} · <bdi>{database.FullName}</bdi></p>\n");
        Facts(page, report, database);
        Findings(page, database.Chains.SelectMany(c => c.Problems).Where(p => p.Severity != "Info"));
        ReportTimeline.Add(page, report, database, id);
        ReportDrill.Add(page, database);
        Bundles(page, database);
        page.Add($"</section>\n");
    }

    public static string NameOf(DatabaseStatus database) => database.Database ?? Path.GetFileName(database.FullName);

    public static string Age(DatabaseStatus database) => database.AgeSeconds is { } age ? ReportText.Span(age) : "–";

    /// <summary>Its state, as words in colour: never as colour alone.</summary>
    public static void Badges(HtmlText page, DatabaseStatus database)
    {
        if (!database.IsValid)
        {
            page.Add($"<span class=\"badge bad\">{(HasDamage(database) ? "DAMAGED" : "BROKEN")}</span> ");
        }
        if (database.IsLate == true)
        {
            page.Add($"<span class=\"badge late\">LATE</span> ");
        }
        else if (database.IsTested)
        {
            page.Add($"<span class=\"badge ok\">OK</span> ");
        }
        else if (database.IsLate == false)
        {
            page.Add($"<span class=\"badge ok\">IN TIME</span> ");
        }
        if (database is { IsValid: true, IsTested: false })
        {
            page.Add($"<span class=\"badge late\">NOT TESTED</span> ");
        }
    }

    public static void Findings(HtmlText page, IEnumerable<ProblemInfo> problems)
    {
        var list = problems.ToList();
        if (list.Count == 0)
        {
            return;
        }
        page.Add($"<ul class=\"findings\">\n");
        foreach (var problem in list.Take(FindingsShown))
        {
            page.Add(
                $"<li class=\"{problem.Severity.ToLowerInvariant()}\"><code>{problem.Code}</code> {problem.Message}"
            );
            if (problem.FullName is { } path)
            {
                page.Add($"<br/><span class=\"path\"><bdi>{path}</bdi>");
                if (problem.Offset is { } offset)
                {
                    page.Add($" at byte {offset}");
                }
                page.Add($"</span>");
            }
            page.Add($"<br/><span class=\"quiet\">{problem.Recommendation}</span></li>\n");
        }
        if (list.Count > FindingsShown)
        {
            page.Add($"<li>and {list.Count - FindingsShown} more</li>\n");
        }
        page.Add($"</ul>\n");
    }

    private static bool HasDamage(DatabaseStatus database) =>
        database.Chains.Any(c => c.Bundles.Any(b => b.State == BundleStatus.Damaged));

    private static void Facts(HtmlText page, BackupReport report, DatabaseStatus database)
    {
        page.Add($"<dl class=\"facts\">\n");
        Fact(page, "Newest restorable state", database.RestorableUtc is { } t ? ReportText.Time(t) : "none");
        if (database.CurrentUntilUtc is { } current && current > database.RestorableUtc)
        {
            Fact(page, "Unchanged until", ReportText.Time(current));
        }
        Fact(
            page,
            "Age",
            report.RecoveryPointObjectiveSeconds is { } rpo
                ? $"{Age(database)}, {ReportText.Span(rpo)} allowed"
                : Age(database),
            database.IsLate switch
            {
                true => "late",
                false => "ok",
                null => "",
            }
        );
        TestFact(page, database);
        DrillFact(page, database);
        if (ReportDrill.Total(database) is { } rows)
        {
            Fact(page, "Restored by that drill", rows);
        }
        Fact(
            page,
            "Stored",
            $"{ReportText.Size(database.Length)} in {ReportPage.Count(database.Chains.Count, "chain")}"
        );
        Fact(page, "Growth", Growth(database));
        page.Add($"</dl>\n");
    }

    private static void TestFact(HtmlText page, DatabaseStatus database)
    {
        var tests = database.Chains.Where(c => c.LastTest is not null).ToList();
        Fact(
            page,
            "Last test",
            tests.Count == 0
                ? "no result given"
                : $"{ReportText.Time(tests.Max(c => c.LastTest!.TestedUtc))}, "
                    + $"{tests.Count(c => c.IsTestedToEnd)} of {ReportPage.Count(tests.Count, "chain")} valid"
                    + (
                        tests.Count(c => c.LastTest!.IsValid is null) is > 0 and var sealedOnes
                            ? $", {sealedOnes} not opened"
                            : ""
                    )
                    + (
                        tests.Count(c => c.IsTestPartial) is > 0 and var partial
                            ? $", {partial} up to an earlier position only"
                            : ""
                    )
                    + (database.ListedSinceTest is > 0 and var since ? $"; {ReportText.ListedSince(since)}" : ""),
            tests.Exists(c => c.LastTest!.IsValid == false) ? "bad"
                : tests.Exists(c => c.IsTestedToEnd) ? "ok"
                : ""
        );
    }

    private static void DrillFact(HtmlText page, DatabaseStatus database)
    {
        Fact(
            page,
            "Last restore drill",
            database.LastDrill is not { } drill
                ? "no result given"
                : $"{ReportText.Time(drill.TestedUtc)}, "
                    + (
                        drill.IsValid != true ? "failed"
                        : drill.DrillSeconds is { } seconds
                            ? $"{ReportText.Size(drill.DrillLength ?? 0)} in {ReportText.Seconds(seconds)}"
                        : "passed"
                    ),
            database.LastDrill is null ? ""
                : database.LastDrill.IsValid == true ? "ok"
                : "bad"
        );
    }

    private static void Fact(HtmlText page, string name, string value, string state = "") =>
        page.Add($"<div><dt>{name}</dt><dd class=\"{state}\">{value}</dd></div>\n");

    /// <summary>The newest full against the one before, and what increments cost a day in the newest chain.</summary>
    private static string Growth(DatabaseStatus database)
    {
        var parts = new List<string>();
        var fulls = database
            .Chains.SelectMany(c => c.Bundles)
            .Where(b => b.IsFull)
            .OrderByDescending(b => b.CreatedUtc)
            .ToList();
        if (fulls is [var newest, var before, ..] && before.Length > 0)
        {
            var percent = 100.0 * (newest.Length - before.Length) / before.Length;
            parts.Add($"full {percent.ToString("+0.0;−0.0;±0.0", CultureInfo.InvariantCulture)} %");
        }
        var increments = database.Chains[0].Bundles.Where(b => !b.IsFull).ToList();
        var days = (
            database.Chains[0].Bundles.Max(b => b.CreatedUtc) - database.Chains[0].Bundles[0].CreatedUtc
        ).TotalDays;
        if (increments.Count > 0 && days >= 1)
        {
            parts.Add($"increments {ReportText.Size((long)(increments.Sum(b => b.Length) / days))} a day");
        }
        return parts.Count > 0 ? string.Join(", ", parts) : "–";
    }

    private static void Bundles(HtmlText page, DatabaseStatus database)
    {
        var all = database.Chains.SelectMany(c => c.Bundles.Select(b => (Chain: c, Bundle: b))).ToList();
        // Whatever happened to a folder, its page can still be mailed.
        var newest = all.OrderByDescending(x => x.Bundle.CreatedUtc).Take(NewestShown);
        var damaged = all.Where(x => x.Bundle.State == BundleStatus.Damaged).Take(FindingsShown);
        var shown = newest.Union(damaged).OrderByDescending(x => x.Bundle.CreatedUtc).ToList();
        page.Add(
            $"""
            <details>
            <summary>{(
                shown.Count == all.Count
                    ? ReportPage.Count(all.Count, "bundle")
                    : $"{shown.Count} of {all.Count} bundles: the newest, and the damaged ones"
            )}</summary>
            <div class="wide"><table>
            <thead><tr><th scope="col">Taken</th><th scope="col">Kind</th><th scope="col">State</th><th scope="col" class="number">Position</th><th scope="col" class="number">Size</th><th scope="col">Chain</th><th scope="col">Name</th></tr></thead>
            <tbody>

            """
        );
        foreach (var (chain, bundle) in shown)
        {
            var state = bundle.State switch
            {
                BundleStatus.Sound => "sound",
                BundleStatus.Damaged => "damaged",
                BundleStatus.Blocked => "after damage",
                _ => "after a gap",
            };
            page.Add($"<tr><td>{ReportText.Time(bundle.CreatedUtc)}</td><td>{bundle.Kind}</td>");
            page.Add($"<td class=\"{(bundle.State == BundleStatus.Sound ? "" : "bad")}\">{state}</td>");
            page.Add(
                $"<td class=\"number\">{bundle.EndPosition}</td><td class=\"number\">{ReportText.Size(bundle.Length)}</td>"
            );
            page.Add($"<td><code>{chain.ChainId}</code></td><td class=\"path\"><bdi>{bundle.Name}</bdi></td></tr>\n");
        }
        page.Add($"</tbody>\n</table></div>\n</details>\n");
    }
}
