using System.Globalization;
using System.Text;
using System.Text.Json;
using BackupTools.Reports;

namespace BackupTools.Tests.ReportPages;

/// <summary>A report for programs: as metrics and as JSON.</summary>
public sealed class ReportFormatTests
{
    private static readonly string[] Names =
    [
        "shop",
        "a\"b",
        @"a\b",
        @"a\",
        "a\nb",
        @"a\nb",
        "a\r\nb",
        "\"} 1\nbackuptools_valid{database=\"x",
        "# HELP",
        "",
        " ",
        "Bücher 本 😀",
        "a\ud800b",
    ];

    [Fact]
    public void Every_name_comes_back_from_the_metrics_as_it_is()
    {
        var samples = Metrics(Trouble(Names));
        foreach (var metric in new[] { "valid", "newest_state_timestamp_seconds", "size_bytes", "problems" })
        {
            var found = samples
                .Where(s => s.Name == $"backuptools_{metric}")
                .Select(s => s.Labels["database"])
                .Distinct();
            Assert.Equal(Names.Select(n => n.Replace('\ud800', '\ufffd')), found);
        }
    }

    [Fact]
    public void The_metrics_say_what_the_report_knows()
    {
        var shop = Metrics(Trouble("shop"));
        Assert.Equal(
            new DateTimeOffset(SampleReport.Now).ToUnixTimeSeconds() - 5400.5,
            Value("newest_state_timestamp_seconds")
        );
        Assert.Equal(
            new DateTimeOffset(SampleReport.Now).ToUnixTimeSeconds() - 60,
            Value("last_test_timestamp_seconds")
        );
        Assert.Equal(
            new DateTimeOffset(SampleReport.Now).ToUnixTimeSeconds() - 3600,
            Value("last_drill_timestamp_seconds")
        );
        Assert.Equal(0, Value("last_test_valid"));
        Assert.Equal(1, Value("last_drill_valid"));
        Assert.Equal(2.5, Value("last_drill_duration_seconds"));
        Assert.Equal(2, Value("last_drill_tables"));
        Assert.Equal(1204, Value("last_drill_rows"));
        Assert.Equal(0, Value("valid"));
        Assert.Equal(1, Value("late"));
        Assert.Equal(2, Value("chains"));
        Assert.Equal(5, Value("bundles"));
        Assert.Equal(2 * (4 << 20) + 1037 + 1037 + 1074, Value("size_bytes"));
        Assert.Equal(2, Value("problems", "error"));
        Assert.Equal(1, Value("problems", "warning"));
        Assert.Equal(0, Value("problems", "info"));
        Assert.Equal(0, Value("report_healthy"));
        Assert.Equal(1, Value("report_problems", "error"));
        Assert.Equal(3600, Value("report_objective_seconds"));
        Assert.Equal("page.html", shop.Single(s => s.Name == "backuptools_report_notes").Labels["file"]);

        double Value(string name, string? severity = null) =>
            Assert
                .Single(
                    shop,
                    s => s.Name == $"backuptools_{name}" && (severity is null || s.Labels["severity"] == severity)
                )
                .Value;
    }

    [Fact]
    public void What_nobody_knows_has_no_sample_and_is_null()
    {
        var report = SampleReport.Of(
            SampleReport.Database(age: null, chains: SampleReport.Chain(SampleReport.Hours(1)))
        );
        var names = Metrics(report).Select(s => s.Name).ToHashSet();
        Assert.DoesNotContain("backuptools_newest_state_timestamp_seconds", names);
        Assert.DoesNotContain(names, n => n.Contains("_test_") || n.Contains("_drill_"));
        Assert.Equal(0, Metrics(report).Single(s => s.Name == "backuptools_tested").Value);
        var database = Json(report).GetProperty("Databases")[0];
        foreach (
            var name in new[]
            {
                "RestorableUtc",
                "AgeSeconds",
                "LastTestUtc",
                "LastTestIsValid",
                "LastDrillUtc",
                "LastDrillIsValid",
                "LastDrillSeconds",
                "LastDrillTableCount",
                "LastDrillRowCount",
            }
        )
        {
            Assert.Equal(JsonValueKind.Null, database.GetProperty(name).ValueKind);
        }
        Assert.True(database.GetProperty("IsValid").GetBoolean());
        Assert.False(database.GetProperty("IsTested").GetBoolean());
        Assert.NotEmpty(Metrics(SampleReport.Of()));
        Assert.Equal(0, Json(SampleReport.Of()).GetProperty("DatabaseCount").GetInt32());
    }

    [Fact]
    public void Json_says_the_same_in_flat_objects()
    {
        var report = Json(Trouble(Names));
        Assert.Equal("2026-03-28T06:30:00Z", report.GetProperty("CreatedUtc").GetString());
        Assert.False(report.GetProperty("IsHealthy").GetBoolean());
        Assert.Equal("Error", report.GetProperty("Problems")[0].GetProperty("Severity").GetString());
        var databases = report.GetProperty("Databases").EnumerateArray().ToList();
        Assert.Equal(
            Names.Select(n => n.Replace('\ud800', '\ufffd')),
            databases.Select(d => d.GetProperty("Database").GetString())
        );
        var shop = databases[0];
        Assert.All(
            shop.EnumerateObject(),
            p => Assert.False(p.Value.ValueKind is JsonValueKind.Object or JsonValueKind.Array)
        );
        Assert.Equal("2026-03-28T04:59:59.5Z", shop.GetProperty("RestorableUtc").GetString());
        Assert.Equal(5400.5, shop.GetProperty("AgeSeconds").GetDouble());
        Assert.Equal("2026-03-28T06:29:00Z", shop.GetProperty("LastTestUtc").GetString());
        Assert.False(shop.GetProperty("LastTestIsValid").GetBoolean());
        Assert.Equal("2026-03-28T05:30:00Z", shop.GetProperty("LastDrillUtc").GetString());
        Assert.True(shop.GetProperty("LastDrillIsValid").GetBoolean());
        Assert.Equal((2, 1204), (Number("LastDrillTableCount"), Number("LastDrillRowCount")));
        Assert.Equal(
            (2, 5, 2, 1),
            (Number("ChainCount"), Number("BundleCount"), Number("ErrorCount"), Number("WarningCount"))
        );

        int Number(string name) => shop.GetProperty(name).GetInt32();
    }

    [Theory]
    [InlineData(ReportFormat.Json)]
    [InlineData(ReportFormat.Prometheus)]
    public void The_culture_changes_nothing(ReportFormat format)
    {
        var report = Trouble(Names);
        var expected = ReportFile.Render(report, format);
        // Made by hand, as a machine may have no culture but the invariant one.
        var strange = new CultureInfo("");
        strange.NumberFormat.NumberDecimalSeparator = ",";
        strange.NumberFormat.NumberGroupSeparator = ".";
        strange.NumberFormat.NegativeSign = "−";
        strange.DateTimeFormat.DateSeparator = ".";
        strange.DateTimeFormat.TimeSeparator = ".";
        var before = CultureInfo.CurrentCulture;
        try
        {
            CultureInfo.CurrentCulture = strange;
            Assert.Equal("1,5", $"{1.5}");
            Assert.Equal(expected, ReportFile.Render(report, format));
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    [Fact]
    public void The_alert_rules_and_the_check_of_the_documentation_use_what_there_is()
    {
        var page = File.ReadAllText(Path.Combine(ArchitectureTests.Root, "docs", "monitoring.md"));
        var known = Metrics(Trouble("shop")).Select(s => s.Name).ToHashSet();
        var used = System
            .Text.RegularExpressions.Regex.Matches(page, "backuptools_[a-z_]+")
            .Select(m => m.Value)
            .ToHashSet();
        Assert.Empty(used.Except(known));
        Assert.Empty(known.Except(used));
        var json = Json(Trouble("shop"));
        var names = json.EnumerateObject()
            .Concat(json.GetProperty("Databases")[0].EnumerateObject())
            .Select(p => p.Name);
        Assert.All(names, n => Assert.Contains($"`{n}`", page, StringComparison.Ordinal));
    }

    private static IReadOnlyList<PrometheusText.Sample> Metrics(BackupReport report) =>
        PrometheusText.Parse(Encoding.UTF8.GetBytes(ReportFile.Render(report, ReportFormat.Prometheus)));

    private static JsonElement Json(BackupReport report)
    {
        var text = Encoding.UTF8.GetBytes(ReportFile.Render(report, ReportFormat.Json));
        return JsonDocument.Parse(text).RootElement.Clone();
    }

    /// <summary>Databases that are late, with two chains, findings, a test that failed and a drill that did not.</summary>
    private static BackupReport Trouble(params string[] names)
    {
        var sample = SampleReport.Of(names.Select((name, i) => Database(name, $"/backups/{i}")).ToArray());
        return new BackupReport
        {
            Title = sample.Title,
            CreatedUtc = sample.CreatedUtc,
            RecoveryPointObjectiveSeconds = sample.RecoveryPointObjectiveSeconds,
            Databases = sample.Databases,
            Notes = ["a \"note\"\n"],
            Problems = [SampleReport.Problem("none", "/none")],
            FullName = sample.FullName,
        };
    }

    private static DatabaseStatus Database(string name, string folder)
    {
        var error = SampleReport.Problem("bad", folder);
        var warning = new ProblemInfo
        {
            Severity = "Warning",
            Code = "ClockDoubtful",
            Message = "late",
        };
        ChainStatus[] chains =
        [
            Tested(SampleReport.Chain(SampleReport.Hours(3), error, warning), SampleReport.Now.AddMinutes(-1), false),
            Tested(SampleReport.Chain(SampleReport.Hours(2), error), SampleReport.Now.AddHours(-1), true),
        ];
        var plain = SampleReport.Database(name, folder, 5400.5, chains);
        return new DatabaseStatus
        {
            Engine = plain.Engine,
            Series = plain.Series,
            Database = plain.Database,
            FullName = plain.FullName,
            IsValid = plain.IsValid,
            IsLate = plain.IsLate,
            RestorableUtc = plain.RestorableUtc,
            AgeSeconds = plain.AgeSeconds,
            LastDrill = chains[1].LastTest,
            Length = plain.Length,
            Chains = chains,
        };
    }

    /// <summary>The test of a chain, its time as it comes back from a file: in the zone of the machine.</summary>
    private static ChainStatus Tested(ChainStatus chain, DateTime time, bool isValid) =>
        new()
        {
            ChainId = chain.ChainId,
            IsValid = chain.IsValid,
            Bundles = chain.Bundles,
            Problems = chain.Problems,
            LastTest = new ChainReport
            {
                Engine = "SPG",
                ChainId = chain.ChainId,
                IsValid = isValid,
                Target = "Latest",
                Checked = isValid ? "Drill" : "Deep",
                TestedUtc = time.ToLocalTime(),
                Plan = [],
                StartPosition = 0,
                EndPosition = 0,
                PositionUnit = "WalBytes",
                Length = 0,
                FullName = "/backups",
                Problems = [],
                DrillSeconds = isValid ? 2.5 : null,
                DrillTables = isValid
                    ? [new TableInfo { Name = "orders", Rows = 1200 }, new TableInfo { Name = "sizes", Rows = 4 }]
                    : null,
                DurationSeconds = 1,
            },
        };
}
