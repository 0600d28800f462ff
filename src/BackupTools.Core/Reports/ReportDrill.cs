using System.Globalization;

namespace BackupTools.Reports;

/// <summary>What the last restore drill of a database counted: the tables that came back, and their rows.</summary>
internal static class ReportDrill
{
    private const int TablesShown = 50;

    /// <summary>Tables and rows in a few words: "3 tables, 1,204 rows"; null when no drill counted any.</summary>
    public static string? Total(DatabaseStatus database) =>
        database.LastDrill?.DrillTables is { } tables
            ? $"{Count(tables.Count, "table")}, {Count(Rows(tables), "row")}"
            : null;

    /// <summary>Rows of all tables. Results come back from files, which may hold any number: a sum cannot overflow.</summary>
    public static decimal Rows(IReadOnlyList<TableInfo> tables) => tables.Sum(t => (decimal)t.Rows);

    public static void Add(HtmlText page, DatabaseStatus database)
    {
        if (database.LastDrill?.DrillTables is not { Count: > 0 } tables)
        {
            return;
        }
        var shown = tables.OrderByDescending(t => t.Rows).Take(TablesShown).ToList();
        page.Add(
            $"""
            <details>
            <summary>Rows that the last drill restored{(
                shown.Count == tables.Count ? "" : $": the {shown.Count} largest of {Count(tables.Count, "table")}"
            )}</summary>
            <div class="wide"><table class="rows">
            <thead><tr><th scope="col">Table</th><th scope="col" class="number">Restored</th><th scope="col" class="number">In the source then</th></tr></thead>
            <tbody>

            """
        );
        foreach (var table in shown)
        {
            page.Add(
                $"<tr><td class=\"path\"><bdi>{table.Name}</bdi></td><td class=\"number\">{Number(table.Rows)}</td><td class=\"number\">{(table.SourceRows is { } rows ? Number(rows) : "–")}</td></tr>\n"
            );
        }
        page.Add($"</tbody>\n</table></div>\n</details>\n");
    }

    private static string Count(decimal count, string what) => $"{Number(count)} {what}{(count == 1 ? "" : "s")}";

    private static string Number(decimal value) => value.ToString("#,0", CultureInfo.InvariantCulture);
}
