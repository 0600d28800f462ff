namespace BackupTools.Reports;

/// <summary>
/// Which databases a page shows: radio buttons that the style sheet looks at, as there is no script. A browser that does
/// not know <c>:has</c> shows all.
/// </summary>
internal static class ReportFilter
{
    private static readonly (string State, string Label)[] Choices =
    [
        ("bad", "damaged or broken"),
        ("late", "late"),
        ("ok", "no trouble found"),
    ];

    /// <summary>The buttons, with how many each shows; only those that show some, and not all.</summary>
    public static void Add(HtmlText page, IReadOnlyList<DatabaseStatus> databases)
    {
        var states = databases.Select(d => StateOf(d).Split(' ')).ToList();
        var choices = Choices
            .Select(c => (c.State, c.Label, Count: states.Count(s => s.Contains(c.State))))
            .Where(c => c.Count > 0 && c.Count < databases.Count)
            .ToList();
        if (choices.Count == 0)
        {
            return;
        }
        page.Add($"<fieldset class=\"filter\">\n<legend>Show</legend>\n");
        page.Add(
            $"<label><input type=\"radio\" name=\"show\" value=\"all\" checked=\"checked\"/> all ({databases.Count})</label>\n"
        );
        foreach (var (state, label, count) in choices)
        {
            page.Add($"<label><input type=\"radio\" name=\"show\" value=\"{state}\"/> {label} ({count})</label>\n");
        }
        page.Add($"</fieldset>\n");
    }

    /// <summary>What a database is, as words of an attribute: <c>bad</c>, <c>late</c>, both, or <c>ok</c>.</summary>
    public static string StateOf(DatabaseStatus database) =>
        (database.IsValid, database.IsLate == true) switch
        {
            (true, false) => "ok",
            (true, true) => "late",
            (false, false) => "bad",
            (false, true) => "bad late",
        };
}
