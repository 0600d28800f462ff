using System.Xml.Linq;
using BackupTools.Reports;

namespace BackupTools.Tests.ReportPages;

/// <summary>What the page says of the rows that the last drill restored.</summary>
public sealed class ReportDrillTests
{
    [Fact]
    public void Each_table_has_a_row_with_what_came_back_and_what_the_source_had()
    {
        var page = Page(Table("orders", 1200, 1250), Table("<b>sizes</b>", 4, null));
        Assert.Equal("2 tables, 1,204 rows", Fact(page));
        Assert.Equal(
            [
                ["orders", "1,200", "1,250"],
                ["<b>sizes</b>", "4", "–"],
            ],
            Rows(page)
        );
    }

    [Fact]
    public void Of_many_tables_the_largest_are_shown_and_the_total_is_of_all()
    {
        var page = Page([.. Enumerable.Range(1, 3000).Select(i => Table($"t{i}", i, i))]);
        Assert.Equal("3,000 tables, 4,501,500 rows", Fact(page));
        var rows = Rows(page);
        Assert.Equal(50, rows.Count);
        Assert.Equal(["t3000", "3,000", "3,000"], rows[0]);
        Assert.Contains("the 50 largest of 3,000 tables", page.Value, StringComparison.Ordinal);
    }

    [Fact]
    public void Numbers_that_no_drill_counts_but_a_file_may_hold_break_nothing()
    {
        var page = Page(Table("a", long.MaxValue, null), Table("b", long.MaxValue, long.MinValue));
        Assert.Equal("2 tables, 18,446,744,073,709,551,614 rows", Fact(page));
    }

    [Fact]
    public void A_database_without_a_table_says_so_and_a_drill_that_counted_nothing_says_nothing()
    {
        Assert.Equal("0 tables, 0 rows", Fact(Page()));
        Assert.Empty(Rows(Page()));
        Assert.Null(Fact(Render(SampleReport.Drilled(null))));
    }

    private static XElement Page(params TableInfo[] tables) => Render(SampleReport.Drilled(tables));

    private static XElement Render(DatabaseStatus database) =>
        XDocument.Parse(ReportPage.Render(SampleReport.Of(database))).Root!;

    private static TableInfo Table(string name, long rows, long? source) =>
        new()
        {
            Name = name,
            Rows = rows,
            SourceRows = source,
        };

    private static string? Fact(XElement page) =>
        page.Descendants("dt")
            .SingleOrDefault(d => d.Value == "Restored by that drill")
            ?.ElementsAfterSelf()
            .First()
            .Value;

    private static List<string[]> Rows(XElement page) =>
        page.Descendants("table")
            .Where(t => t.Attribute("class")?.Value == "rows")
            .SelectMany(t => t.Element("tbody")!.Elements())
            .Select(r => r.Elements().Select(c => c.Value).ToArray())
            .ToList();
}
