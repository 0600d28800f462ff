using BackupTools.Reports;
using BackupTools.Tests.Files;
using BackupTools.Tests.FrontEnds;

namespace BackupTools.Tests.ReportPages;

/// <summary>The page in a real browser, which has its own mind about what is well-formed and what is allowed.</summary>
public sealed class ReportInBrowserTests
{
    [ChromiumFact]
    public void The_browser_shows_everything_and_has_nothing_to_complain_about()
    {
        using var temp = new TempFolder();
        var chain = SampleReport.Chain(
            SampleReport.Hours(30, "<i>b</i>", BundleStatus.Damaged),
            SampleReport.Problem("</ul><b>bad", "/backups/b")
        );
        var page = ReportPage.Render(
            SampleReport.Of(
                SampleReport.Database("<script>document.title='owned'</script>", chains: chain),
                SampleReport.Database("ledger", age: 9999, chains: SampleReport.Chain(SampleReport.Hours(3)))
            )
        );
        File.WriteAllText(temp["page.html"], page);
        var run = Browse(temp, "--dump-dom");

        Assert.True(run.ExitCode == 0, run.ToString());
        // What the parser of the browser made of it, attribute for attribute.
        Assert.Contains("&lt;script&gt;document.title='owned'&lt;/script&gt;</bdi>", run.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("<script", run.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("<title>owned", run.Out, StringComparison.Ordinal);
        Assert.Contains(">DAMAGED</span>", run.Out, StringComparison.Ordinal);
        Assert.Contains(">LATE</span>", run.Out, StringComparison.Ordinal);
        Assert.Equal(Count(page, "<rect "), Count(run.Out, "<rect "));
        Assert.Equal(Count(page, "<section "), Count(run.Out, "<section "));
        Assert.DoesNotContain("CONSOLE", run.Error, StringComparison.Ordinal);
    }

    [ChromiumFact]
    public void It_shows_what_was_chosen_without_a_script()
    {
        using var temp = new TempFolder();
        var broken = SampleReport.Chain(
            SampleReport.Hours(3, state: BundleStatus.Damaged),
            SampleReport.Problem("bad", "/backups/b")
        );
        var sound = SampleReport.Chain(SampleReport.Hours(3));
        var page = ReportPage.Render(
            SampleReport.Of(
                SampleReport.Database("one", chains: broken),
                SampleReport.Database("two", age: 9999, chains: broken),
                SampleReport.Database("three", age: 9999, chains: sound),
                SampleReport.Database("four", chains: sound)
            )
        );
        // The test's own script clicks, and says what the browser then lays out: cards and rows of the overview.
        const string Clicks =
            "const shown = q => [...document.querySelectorAll(q)].filter(e => e.getClientRects().length > 0);"
            + "document.title = [...document.querySelectorAll('input')].map(i => { i.click(); return i.value + ' '"
            + " + shown('section[data-state]').map(e => e.id).join(' ') + ' ' + shown('tr[data-state]').length; })"
            + ".join(', ')";
        File.WriteAllText(
            temp["page.html"],
            page.Replace("</body>", $"<script>{Clicks}</script></body>", StringComparison.Ordinal)
        );
        var run = Browse(temp, "--dump-dom");
        Assert.Contains(
            "<title>all db1 db2 db3 db4 4, bad db1 db2 2, late db2 db3 2, ok db4 1</title>",
            run.Out,
            StringComparison.Ordinal
        );
    }

    /// <summary>By day, by night, on a telephone and on paper: every text can be read, nothing sticks out of the page.</summary>
    [ChromiumTheory]
    [InlineData("light", 1100)]
    [InlineData("dark", 1100)]
    [InlineData("light", 360)]
    [InlineData("dark", 360)]
    [InlineData("print", 718)]
    public void Everything_can_be_read_and_nothing_sticks_out(string look, int width)
    {
        using var temp = new TempFolder();
        var name = new string('n', 120);
        var broken = SampleReport.Chain(
            SampleReport.Hours(30, name, BundleStatus.Damaged),
            SampleReport.Problem("bad", $"/backups/{name}")
        );
        File.WriteAllText(
            temp["inner.html"],
            ReportPage.Render(
                SampleReport.Of(
                    SampleReport.Drilled([
                        .. Enumerable.Range(0, 9).Select(i => new TableInfo { Name = name + i, Rows = i }),
                    ]),
                    SampleReport.Database("one", $"/backups/{name}", chains: broken),
                    SampleReport.Database("two", age: 9999, chains: SampleReport.Chain(SampleReport.Hours(3)))
                )
            )
        );
        var script = File.ReadAllText(
            Path.Combine(ArchitectureTests.Root, "tests", "BackupTools.Core.Tests", "Reports", "look.js")
        );
        File.WriteAllText(
            temp["page.html"],
            $"<iframe id=\"page\" src=\"inner.html\" style=\"width:{width}px;height:3000px;border:0\"></iframe>"
                + $"<script>const look = '{look}';\n{script}</script>"
        );
        string[] options = ["--allow-file-access-from-files", "--virtual-time-budget=5000"];
        var run = Browse(temp, "--dump-dom", look == "dark" ? [.. options, "--force-dark-mode"] : options);
        Assert.Contains($"<title>{look} texts ok</title>", run.Out, StringComparison.Ordinal);
    }

    [ChromiumFact]
    public void It_can_be_printed()
    {
        using var temp = new TempFolder();
        File.WriteAllText(
            temp["page.html"],
            ReportPage.Render(
                SampleReport.Of(SampleReport.Database(chains: SampleReport.Chain(SampleReport.Hours(30))))
            )
        );
        Browse(temp, $"--print-to-pdf={temp["page.pdf"]}");
        Assert.InRange(new FileInfo(temp["page.pdf"]).Length, 5_000, 1_000_000);
    }

    private static ChildResult Browse(TempFolder temp, string action, params string[] more) =>
        ChildProcess.Run(
            ChromiumFactAttribute.Program!,
            [
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--enable-logging=stderr",
                $"--user-data-dir={temp["profile"]}",
                .. more,
                action,
                new Uri(temp["page.html"]).AbsoluteUri,
            ],
            Path.GetTempPath()
        );

    private static int Count(string text, string part) => text.Split(part).Length - 1;
}
