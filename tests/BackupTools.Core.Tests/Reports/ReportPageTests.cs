using System.Globalization;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using BackupTools.Reports;

namespace BackupTools.Tests.ReportPages;

/// <summary>The page of a report: what it says, and that nothing in it is anything but text and shapes.</summary>
public sealed partial class ReportPageTests
{
    /// <summary>What somebody might call a file to get more than text onto the page.</summary>
    public static TheoryData<string> HostileNames =>
        new(
            "<script>alert(1)</script>",
            "\"><img src=x onerror=alert(1)>",
            "' onmouseover='alert(1)",
            "</title></style></svg><b>",
            "&amp;&#60;b&#62;",
            "]]><!-- --> <![CDATA[",
            "{alert}${alert}`",
            "line\nbreak\ttab\0nul\u0001\u001b[31m",
            "right\u202Etl.bkp to \u2066left\u2069",
            "lone \ud800 surrogate \ufffe \uffff",
            "\u0600\u200b\u00ad invisible",
            "ünïcödé 数据库 🗄"
        );

    [Theory]
    [MemberData(nameof(HostileNames))]
    public void Whatever_a_thing_is_called_it_is_text(string name)
    {
        var calm = Structure(Page("calm"));
        var hostile = Page(name);
        Assert.Equal(calm, Structure(hostile));
    }

    [Theory]
    [MemberData(nameof(HostileNames))]
    public void A_name_can_be_read_as_it_is_but_for_what_cannot_be_seen(string name)
    {
        var visible = string.Concat(
            name.EnumerateRunes()
                .Select(r =>
                    System.Text.Rune.GetUnicodeCategory(r)
                        is UnicodeCategory.Control
                            or UnicodeCategory.Format
                            or UnicodeCategory.OtherNotAssigned
                        ? $"[U+{r.Value:X4}]"
                        : r.ToString()
                )
        );
        var document = XDocument.Parse(Page(name));
        Assert.Equal(visible, document.Descendants("h1").Single().Value);
        Assert.Contains(document.Descendants("bdi"), e => e.Value == visible);
    }

    [Fact]
    public void It_needs_nothing_from_elsewhere_and_runs_nothing()
    {
        var page = Page("calm");
        Assert.DoesNotMatch(
            @"<script|https?:|url\(|@import|\bon\w+=|<(link|img|iframe|object|embed|form|base)\b",
            page
        );
        foreach (var link in XDocument.Parse(page).Descendants("a"))
        {
            Assert.StartsWith("#", link.Attribute("href")!.Value, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Every_link_and_label_leads_to_something_and_no_id_is_used_twice()
    {
        var document = XDocument.Parse(Page("calm"));
        var ids = document.Descendants().Attributes("id").Select(a => a.Value).ToList();
        Assert.Equal(ids.Count, ids.Distinct().Count());
        var named = document
            .Descendants()
            .Attributes("aria-labelledby")
            .SelectMany(a => a.Value.Split(' '))
            .Concat(document.Descendants("a").Select(a => a.Attribute("href")!.Value[1..]));
        Assert.All(named, id => Assert.Contains(id, ids));
    }

    [Fact]
    public void It_can_be_used_without_seeing_it()
    {
        var document = XDocument.Parse(Page("calm"));
        Assert.Equal("en", document.Root!.Attribute("lang")!.Value);
        Assert.NotEmpty(document.Descendants("title").First().Value);
        Assert.All(
            document.Descendants("svg"),
            svg =>
                Assert.True(
                    svg.Attribute("aria-hidden")?.Value == "true"
                        || (svg.Attribute("role")?.Value == "img" && svg.Elements("title").Any())
                )
        );
        Assert.All(document.Descendants("th"), th => Assert.NotNull(th.Attribute("scope")));
        Assert.Single(document.Descendants("h1"));
        Assert.Single(document.Descendants("main"));
    }

    [Fact]
    public void It_is_made_for_night_and_paper_too()
    {
        var page = Page("calm");
        Assert.Contains("prefers-color-scheme: dark", page, StringComparison.Ordinal);
        Assert.Contains("@media print", page, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1800.0, "OK")]
    [InlineData(3601.0, "LATE")]
    [InlineData(null, "LATE")]
    public void A_database_is_in_time_or_late(double? age, string expected)
    {
        var chain = SampleReport.Tested(SampleReport.Chain(SampleReport.Hours(5)));
        var page = Render(SampleReport.Database(age: age, chains: chain));
        Assert.Equal(expected, Badges(page).Single());
        Assert.Equal(expected == "OK", page.Contains("All in order", StringComparison.Ordinal));
    }

    [Fact]
    public void What_was_only_listed_is_not_called_in_order()
    {
        var page = Render(SampleReport.Database(chains: SampleReport.Chain(SampleReport.Hours(5))));
        Assert.Equal(["IN TIME", "NOT TESTED"], Badges(page));
        Assert.DoesNotContain("All in order", page, StringComparison.Ordinal);
        Assert.Contains("Nothing wrong was found; 1 of 1 database not tested", page, StringComparison.Ordinal);
    }

    [Fact]
    public void Damage_and_lateness_are_told_apart()
    {
        var damaged = SampleReport.Hours(5, state: BundleStatus.Damaged);
        var chain = SampleReport.Chain(damaged, SampleReport.Problem("bad", "/backups/shop/b1"));
        Assert.Equal(["DAMAGED", "IN TIME"], Badges(Render(SampleReport.Database(chains: chain))));
        Assert.Equal(["DAMAGED", "LATE"], Badges(Render(SampleReport.Database(age: 9999, chains: chain))));
    }

    [Fact]
    public void A_report_without_databases_says_so_and_is_not_in_order()
    {
        var page = ReportPage.Render(SampleReport.Of());
        Assert.Contains("No backups found", page, StringComparison.Ordinal);
        XDocument.Parse(page);
    }

    [Fact]
    public void Each_state_has_a_shape_of_its_own()
    {
        foreach (var (state, shape) in new[] { ("Sound", "incr"), ("Damaged", "bad"), ("Blocked", "lost") })
        {
            var chain = SampleReport.Chain(SampleReport.Hours(2, state: state));
            var timeline = XDocument
                .Parse(Render(SampleReport.Database(chains: chain)))
                .Descendants("svg")
                .First(s => s.Attribute("class")?.Value == "timeline");
            Assert.Equal(
                ["full", shape],
                timeline.Descendants("g").Elements("rect").Attributes("class").Select(a => a.Value)
            );
            Assert.Equal(state == "Damaged" ? 1 : 0, Crosses(timeline));
        }
    }

    [Fact]
    public void A_gap_is_marked()
    {
        var chain = SampleReport.Chain(SampleReport.Hours(3, state: BundleStatus.AfterGap));
        var marks = XDocument
            .Parse(Render(SampleReport.Database(chains: chain)))
            .Descendants("text")
            .Where(t => t.Attribute("class")?.Value == "mark");
        Assert.Equal("gap", marks.Single().Value);
    }

    [Theory]
    [InlineData(10_000)]
    [InlineData(5)]
    [InlineData(0)]
    public void The_word_for_a_gap_can_be_read_however_narrow_it_is(int hoursSince)
    {
        var gap = SampleReport.Hours(3, state: BundleStatus.AfterGap);
        // Since then there is another chain, so that the gap is the narrower the longer ago it was.
        var chains = new[] { Shifted(gap, -hoursSince), SampleReport.Hours(1) };
        var lane = XDocument
            .Parse(Render(SampleReport.Database(chains: chains.Select(c => SampleReport.Chain(c)).ToArray())))
            .Descendants("g")
            .First();
        var word = lane.Elements("text").Single(t => t.Attribute("class")!.Value == "mark");
        // Three letters of 12 px.
        const double width = 24;
        var x = Number(word.Attribute("x")!.Value);
        var left =
            x
            - (
                width
                * word.Attribute("text-anchor")!.Value switch
                {
                    "start" => 0,
                    "middle" => 0.5,
                    _ => 1,
                }
            );
        Assert.InRange(left, 0, 1000 - width);
        Assert.All(
            lane.Elements("rect")
                .Select(r => (At: Number(r.Attribute("x")!.Value), Width: Number(r.Attribute("width")!.Value))),
            bar =>
                Assert.True(
                    bar.At + bar.Width <= left || bar.At >= left + width,
                    $"a bar at {bar.At}, the word at {left}"
                )
        );

        static BundleStatus[] Shifted(BundleStatus[] bundles, int hours) =>
            bundles
                .Select(b => new BundleStatus
                {
                    Kind = b.Kind,
                    State = b.State,
                    CreatedUtc = b.CreatedUtc.AddHours(hours),
                    Length = b.Length,
                    Name = b.Name,
                    EndPosition = b.EndPosition,
                })
                .ToArray();
    }

    [Fact]
    public void No_cross_is_drawn_over_the_name_of_a_chain()
    {
        var damaged = SampleReport.Hours(9, state: BundleStatus.Damaged);
        var chains = new[] { damaged, [DamagedFull(), .. damaged[1..]], [DamagedFull()] };
        var document = XDocument.Parse(
            Render(SampleReport.Database(chains: chains.Select(c => SampleReport.Chain(c)).ToArray()))
        );
        var lanes = document.Descendants("g").Where(g => g.Elements("text").Any()).ToList();
        Assert.Equal(3, lanes.Count);
        var above = 0.0;
        foreach (var lane in lanes)
        {
            var name = Number(lane.Elements("text").First().Attribute("y")!.Value);
            // Letters of 12.5 px reach 3 px below their line and 10 px above it.
            Assert.InRange(name - 10, above, double.MaxValue);
            foreach (var cross in lane.Elements("path").Where(p => p.Attribute("class")!.Value == "cross"))
            {
                Assert.InRange(Number(cross.Attribute("d")!.Value.Split(' ')[1]), name + 3, double.MaxValue);
            }
            above = lane.Elements("rect")
                .Max(r => Number(r.Attribute("y")!.Value) + Number(r.Attribute("height")!.Value));
        }
        Assert.True(lanes.Skip(1).All(l => l.Elements("path").Any(p => p.Attribute("class")!.Value == "cross")));

        static BundleStatus DamagedFull()
        {
            var full = SampleReport.Hours(9)[0];
            return new BundleStatus
            {
                Kind = full.Kind,
                State = BundleStatus.Damaged,
                CreatedUtc = full.CreatedUtc,
                Length = full.Length,
                Name = full.Name,
                EndPosition = full.EndPosition,
            };
        }
    }

    [Fact]
    public void Nothing_is_drawn_outside_of_the_picture()
    {
        var chains = new[] { SampleReport.Hours(1), SampleReport.Hours(30), SampleReport.Hours(8760) };
        var document = XDocument.Parse(
            Render(SampleReport.Database(chains: chains.Select(c => SampleReport.Chain(c)).ToArray()))
        );
        var picture = document.Descendants("svg").First(s => s.Attribute("class")?.Value == "timeline");
        var height = Number(picture.Attribute("viewBox")!.Value.Split(' ')[3]);
        foreach (var bar in picture.Descendants("rect"))
        {
            double At(string name) => Number(bar.Attribute(name)!.Value);
            Assert.InRange(At("x"), 0, 1000 - At("width"));
            Assert.InRange(At("y"), 0, height - At("height"));
        }
    }

    [Theory]
    [InlineData(BundleStatus.Sound)]
    [InlineData(BundleStatus.Damaged)]
    [InlineData(BundleStatus.Blocked)]
    [InlineData(BundleStatus.AfterGap)]
    public void A_year_of_hourly_bundles_stays_a_small_page(string state)
    {
        var problems = Enumerable.Range(0, 8760).Select(i => SampleReport.Problem($"finding {i}.", $"/backups/{i}"));
        var chain = SampleReport.Chain(SampleReport.Hours(8760, state: state), [.. problems]);
        var page = Render(SampleReport.Database(chains: chain));
        Assert.InRange(page.Length, 1000, 400_000);
        Assert.Contains("of 8760 bundles", page, StringComparison.Ordinal);
        Assert.Contains("and 8740 more", page, StringComparison.Ordinal);
    }

    [Fact]
    public void A_chain_of_one_moment_has_a_picture_all_the_same() =>
        XDocument.Parse(Render(SampleReport.Database(chains: SampleReport.Chain(SampleReport.Hours(1)))));

    [Theory]
    [InlineData(0, "0 s")]
    [InlineData(59.9, "59 s")]
    [InlineData(60, "1 min")]
    [InlineData(5400, "1 h 30 min")]
    [InlineData(7200, "2 h")]
    [InlineData(86400, "1 d")]
    [InlineData(356400, "4 d 3 h")]
    [InlineData(1e300, "5337599 d 13 h")]
    public void Spans_are_written_with_their_two_largest_units(double seconds, string expected) =>
        Assert.Equal(expected, ReportText.Span(seconds));

    [Fact]
    public void The_page_is_the_same_in_every_culture()
    {
        var was = CultureInfo.CurrentCulture;
        var expected = Page("calm");
        var other = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        other.NumberFormat.NumberDecimalSeparator = ",";
        other.NumberFormat.NegativeSign = "~";
        other.DateTimeFormat.TimeSeparator = ".";
        other.DateTimeFormat.DateSeparator = "_";
        try
        {
            CultureInfo.CurrentCulture = other;
            Assert.Equal(expected, Page("calm"));
        }
        finally
        {
            CultureInfo.CurrentCulture = was;
        }
    }

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);

    private static int Crosses(XElement timeline) =>
        timeline.Descendants("path").Count(p => p.Attribute("class")?.Value == "cross");

    private static IEnumerable<string> Badges(string page) => Badge().Matches(page).Select(m => m.Groups["text"].Value);

    private static string Render(DatabaseStatus database) => ReportPage.Render(SampleReport.Of(database));

    /// <summary>A page on which everything that has a name has this one.</summary>
    private static string Page(string name)
    {
        var problem = SampleReport.Problem(name, $"/backups/{name}");
        var chain = SampleReport.Chain(SampleReport.Hours(5, name, BundleStatus.Damaged), problem);
        var report = SampleReport.Of(
            SampleReport.Database(name, name, chains: chain),
            SampleReport.Database("shop", "/backups/shop", chains: SampleReport.Chain(SampleReport.Hours(5)))
        );
        return ReportPage.Render(
            new BackupReport
            {
                Title = name,
                CreatedUtc = report.CreatedUtc,
                RecoveryPointObjectiveSeconds = report.RecoveryPointObjectiveSeconds,
                Databases = report.Databases,
                Notes = [name],
                Problems = [problem],
                FullName = name,
            }
        );
    }

    /// <summary>Elements and attribute names in order: what names must not change.</summary>
    private static string Structure(string page) =>
        string.Join(
            ' ',
            XDocument
                .Parse(page)
                .Descendants()
                .Select(e => $"{e.Name}({string.Join(',', e.Attributes().Select(a => a.Name))})")
        );

    [GeneratedRegex("class=\"badge [a-z]+\">(?<text>[^<]+)<")]
    private static partial Regex Badge();
}
