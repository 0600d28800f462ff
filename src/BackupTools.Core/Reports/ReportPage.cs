namespace BackupTools.Reports;

/// <summary>
/// A report as one self-contained HTML file: no external script, font or picture. It is well-formed XML too, so that
/// tests and mail programs have no trouble with it.
/// </summary>
internal static class ReportPage
{
    /// <summary>What every page begins with; only a file that does is overwritten.</summary>
    public const string Mark = "<!DOCTYPE html><!-- BackupTools report -->";

    /// <summary>The page.</summary>
    public static string Render(BackupReport report)
    {
        var page = new HtmlText();
        page.AddConstant(Mark);
        page.Add(
            $"""

            <html lang="en">
            <head>
            <meta charset="utf-8"/>
            <meta name="viewport" content="width=device-width, initial-scale=1"/>
            <meta name="color-scheme" content="light dark"/>
            <title>{report.Title}: {Verdict(report)}</title>
            <style>

            """
        );
        page.AddConstant(ReportStyle.Sheet);
        page.Add($"</style>\n</head>\n<body>\n");
        Head(page, report);
        page.Add($"<main>\n");
        Findings(page, report);
        if (report.Databases.Count > 1)
        {
            ReportFilter.Add(page, report.Databases);
            Overview(page, report.Databases);
        }
        for (var i = 0; i < report.Databases.Count; i++)
        {
            ReportCard.Add(page, report, report.Databases[i], $"db{i + 1}");
        }
        page.Add($"</main>\n");
        Legend(page);
        page.Add($"</body>\n</html>\n");
        return page.ToString();
    }

    /// <summary>"1 database", "2 databases".</summary>
    public static string Count(int count, string what) => count == 1 ? $"1 {what}" : $"{count} {what}s";

    private static string Verdict(BackupReport report)
    {
        var troubled = report.Databases.Count(d => !d.IsValid || d.IsLate == true);
        var untested = report.Databases.Count(d => !d.IsTested);
        var since = report.Databases.Sum(d => d.ListedSinceTest);
        return report.IsHealthy && untested == 0
            ? since == 0
                ? "all in order"
                : $"all in order up to the last test; {ReportText.ListedSince(since)}"
            : report.IsHealthy
                ? $"nothing wrong was found; {untested} of {Count(report.Databases.Count, "database")} not tested"
                : report.Databases.Count == 0
                    ? "no backups found"
                    : troubled > 0
                        ? $"{troubled} of {Count(report.Databases.Count, "database")} in trouble"
                        : "needs a look";
    }

    private static void Head(HtmlText page, BackupReport report)
    {
        var verdict = Verdict(report);
        page.Add(
            $"""
            <header>
            <h1>{report.Title}</h1>
            <p class="verdict {(report.IsHealthy ? "ok" : "bad")}">{char.ToUpperInvariant(
                verdict[0]
            )}{verdict[1..]}</p>
            <p class="quiet">As of <time datetime="{report.CreatedUtc:O}">{ReportText.Time(report.CreatedUtc)}</time>{(
                report.RecoveryPointObjectiveSeconds is { } rpo
                    ? $" · recovery point objective {ReportText.Span(rpo)}"
                    : ""
            )} · {Count(report.Databases.Count, "database")} · {ReportText.Size(report.Length)} stored</p>
            </header>

            """
        );
    }

    private static void Findings(HtmlText page, BackupReport report)
    {
        if (report.Notes.Count + report.Problems.Count == 0)
        {
            return;
        }
        page.Add($"<section class=\"card\">\n<h2>From this run</h2>\n<ul class=\"findings\">\n");
        foreach (var note in report.Notes)
        {
            page.Add($"<li class=\"error\">{note}</li>\n");
        }
        page.Add($"</ul>\n");
        ReportCard.Findings(page, report.Problems);
        page.Add($"</section>\n");
    }

    private static void Overview(HtmlText page, IReadOnlyList<DatabaseStatus> databases)
    {
        page.Add(
            $"""
            <section class="card">
            <h2>Overview</h2>
            <div class="wide"><table>
            <thead><tr><th scope="col">Database</th><th scope="col">Status</th><th scope="col">Newest restorable state</th><th scope="col" class="number">Age</th><th scope="col" class="number">Bundles</th><th scope="col" class="number">Stored</th><th scope="col">Folder</th></tr></thead>
            <tbody>

            """
        );
        for (var i = 0; i < databases.Count; i++)
        {
            var database = databases[i];
            page.Add(
                $"<tr data-state=\"{ReportFilter.StateOf(database)}\"><th scope=\"row\"><a href=\"#db{i + 1}\"><bdi>{ReportCard.NameOf(database)}</bdi></a></th><td>"
            );
            ReportCard.Badges(page, database);
            page.Add(
                $"</td><td>{ReportText.Time(database.RestorableUtc)}</td><td class=\"number\">{ReportCard.Age(database)}</td>"
            );
            page.Add($"<td class=\"number\">{database.Chains.Sum(c => c.Bundles.Count)}</td>");
            page.Add($"<td class=\"number\">{ReportText.Size(database.Length)}</td>");
            page.Add($"<td class=\"path\"><bdi>{database.FullName}</bdi></td></tr>\n");
        }
        page.Add($"</tbody>\n</table></div>\n</section>\n");
    }

    private static void Legend(HtmlText page)
    {
        page.Add(
            $"""
            <footer>
            <ul class="legend">
            <li><svg viewBox="0 0 16 20" aria-hidden="true"><rect class="full" x="5" y="1" width="6" height="18" rx="1"/></svg> full</li>
            <li><svg viewBox="0 0 16 20" aria-hidden="true"><rect class="incr" x="6" y="8" width="3" height="11"/></svg> increment</li>
            <li><svg viewBox="0 0 16 20" aria-hidden="true"><rect class="bad" x="6" y="8" width="4" height="11"/><path class="cross" d="M5 1 L11 6 M11 1 L5 6"/></svg> damaged</li>
            <li><svg viewBox="0 0 16 20" aria-hidden="true"><rect class="lost" x="6" y="8" width="4" height="11"/></svg> sound, but what it builds on is damaged or missing</li>
            <li><svg viewBox="0 0 24 20" aria-hidden="true"><path class="gap" d="M1 18 H23"/></svg> gap</li>
            <li><svg viewBox="0 0 16 20" aria-hidden="true"><rect class="rpo" x="1" y="1" width="14" height="18"/></svg> allowed age</li>
            </ul>
            <p class="quiet">Taller bars are larger bundles; fulls and increments have a scale each. Gaps are found from the bundles' headers; damage inside bundles only by the tests whose results were given. Times are UTC.</p>
            </footer>

            """
        );
    }
}
