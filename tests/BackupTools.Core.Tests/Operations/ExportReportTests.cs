using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Operations;
using BackupTools.Reports;
using BackupTools.Tests.Engines.PowDb;
using BackupTools.Tests.Files;

namespace BackupTools.Tests.Operations;

/// <summary>What a report finds out, and how its page is written.</summary>
public sealed class ExportReportTests : IDisposable
{
    private readonly SpgSandbox _box = new();

    public void Dispose() => _box.Dispose();

    [Fact]
    public void The_age_is_that_of_the_newest_state_that_can_be_restored()
    {
        var bundles = _box.Chain();
        var report = Plan(
            Settings() with
            {
                RecoveryPointObjective = TimeSpan.FromHours(2),
            },
            bundles[2].CreatedUtc.AddHours(2)
        );
        var database = Assert.Single(report.Databases);
        Assert.Equal(7200, database.AgeSeconds);
        Assert.False(database.IsLate);
        Assert.True(report.IsHealthy);

        var late = Plan(
            Settings() with
            {
                RecoveryPointObjective = TimeSpan.FromHours(2),
            },
            bundles[2].CreatedUtc.AddHours(2.1)
        );
        Assert.True(Assert.Single(late.Databases).IsLate);
        Assert.Equal(1, late.LateCount);
    }

    [Theory]
    [InlineData("full disk", false)]
    [InlineData("full disk", true)]
    [InlineData("kill", false)]
    [InlineData("kill", true)]
    [InlineData("power cut", false)]
    [InlineData("power cut", true)]
    public void Whatever_happens_while_a_page_is_written_it_is_the_old_one_or_the_new_one(string fault, bool isThere)
    {
        _box.Chain();
        var (old, next) = (Settings() with { Title = "old" }, Settings() with { Title = "new" });
        var counting = new FaultyDisk(LocalDisk.Instance);
        Prepare();
        Verbs.Report(next, new OperationHost { Disk = counting });
        Assert.True(counting.Steps > 5, "there was next to nothing to fail");
        for (var step = 1; step <= counting.Steps; step++)
        {
            Prepare();
            var others = Others();
            var disk = new FaultyDisk(LocalDisk.Instance)
            {
                FailAt = fault == "full disk" ? step : 0,
                KillAt = fault == "full disk" ? 0 : step,
                PowerLossIn = fault == "power cut" ? _box.Folder : null,
            };
            var error = Record.Exception(() => Verbs.Report(next, new OperationHost { Disk = disk }));

            Assert.True(error is null or KilledException or BackupException { Code: ErrorCode.DiskFull }, $"{error}");
            var page = File.Exists(next.DestinationPath) ? File.ReadAllText(next.DestinationPath) : "";
            Assert.True(
                page.Length == 0 ? !isThere : IsWhole(page, "new") || (isThere && IsWhole(page, "old")),
                $"step {step}: {page}"
            );
            Assert.Equal(others, Others());
            Verbs.Report(next, _box.Host());
            Assert.DoesNotContain(
                Directory.GetFileSystemEntries(_box.Folder),
                e => StagingArea.IsStagingName(Path.GetFileName(e))
            );
        }

        void Prepare()
        {
            File.Delete(next.DestinationPath);
            if (isThere)
            {
                Verbs.Report(old, _box.Host());
            }
        }
    }

    [Fact]
    public void What_lies_behind_a_gap_is_not_restorable()
    {
        var bundles = _box.Chain();
        File.Delete(bundles[1].FullName);
        var database = Assert.Single(Plan(Settings()).Databases);
        Assert.Equal(bundles[0].CreatedUtc, database.RestorableUtc);
        Assert.Equal([BundleStatus.Sound, BundleStatus.AfterGap], database.Chains[0].Bundles.Select(b => b.State));
        Assert.False(database.IsValid);
    }

    [Theory]
    [InlineData(0, null, "Damaged Blocked Blocked")]
    [InlineData(1, 0, "Sound Damaged Blocked")]
    [InlineData(2, 1, "Sound Sound Damaged")]
    public void What_builds_on_damage_is_not_restorable(int victim, int? restorable, string states)
    {
        var bundles = _box.Chain();
        Damage(bundles[victim].FullName);
        var database = Assert.Single(Plan(Settings() with { Tests = [_box.Test()] }).Databases);
        Assert.Equal(states, string.Join(' ', database.Chains[0].Bundles.Select(b => b.State)));
        Assert.Equal(restorable is { } i ? bundles[i].CreatedUtc : null, database.RestorableUtc);
        Assert.False(database.IsValid);
        Assert.Contains(database.Chains[0].Problems, p => p.Code == nameof(ErrorCode.ChecksumMismatch));
    }

    [Fact]
    public void A_newer_chain_is_restorable_whatever_befell_the_older_one()
    {
        var bundles = _box.Chain();
        var full = _box.Full();
        Damage(bundles[0].FullName);
        var tests = VerifyChain.Run(new VerifySettings { Path = _box.Bundles }, _box.Host()).ToArray();
        var database = Assert.Single(Plan(Settings() with { Tests = tests }).Databases);
        Assert.Equal(full.CreatedUtc, database.RestorableUtc);
        Assert.Equal([true, false], database.Chains.Select(c => c.IsValid));
    }

    [Fact]
    public void Of_several_tests_of_a_chain_the_newest_counts_and_those_of_other_folders_do_not()
    {
        var bundles = _box.Chain();
        Damage(bundles[2].FullName);
        var bad = _box.Test();
        Damage(bundles[2].FullName);
        var good = _box.Test(new VerifySettings { Path = _box.Bundles, RestoreDrill = true });
        var report = Plan(Settings() with { Tests = [good, bad] });
        Assert.True(Assert.Single(report.Databases).IsValid);
        Assert.Same(good, report.Databases[0].LastDrill);

        Directory.Move(_box.Bundles, _box.At("moved"));
        var moved = Plan(Settings() with { Folders = [_box.At("moved")], Tests = [good, bad] });
        Assert.Null(Assert.Single(moved.Databases).LastDrill);
    }

    [Fact]
    public void Valid_is_said_only_of_what_a_test_has_read()
    {
        var bundles = _box.Chain();
        Assert.StartsWith("valid", $"{Plan(Settings() with { Tests = [_box.Test()] }).Databases[0]}");
        Damage(bundles[2].FullName);
        Assert.StartsWith("listed, not tested", $"{Plan(Settings()).Databases[0]}");
        Assert.StartsWith("NOT VALID", $"{Plan(Settings() with { Tests = [_box.Test()] }).Databases[0]}");
    }

    /// <summary>What the listing found too may be worse in the eyes of the test, and a test may refuse what nothing else explains.</summary>
    [Fact]
    public void What_a_test_refuses_is_not_valid_whatever_the_listing_says()
    {
        var bundles = _box.Chain();
        File.Copy(bundles[2].FullName, bundles[2].FullName.Replace(".bkp", " (1).bkp", StringComparison.Ordinal));
        var test = _box.Test();
        var warning = Assert.Single(Plan(Settings() with { Tests = [test] }).Databases[0].Chains[0].Problems);
        Assert.Equal("Warning", warning.Severity);
        foreach (var error in new[] { SampleOf(warning.Code, warning.FullName), null })
        {
            var refused = Refused(test, error is null ? [] : [error]);
            var database = Assert.Single(Plan(Settings() with { Tests = [refused] }).Databases);
            Assert.False(database.IsValid);
            Assert.Equal(error is null ? 1 : 2, database.Chains[0].Problems.Count);
        }

        static ProblemInfo SampleOf(string code, string? path) =>
            new()
            {
                Severity = "Error",
                Code = code,
                Message = "worse",
                FullName = path,
            };

        static ChainReport Refused(ChainReport test, IReadOnlyList<ProblemInfo> problems) =>
            new()
            {
                Engine = test.Engine,
                ChainId = test.ChainId,
                IsValid = false,
                Target = test.Target,
                Checked = test.Checked,
                TestedUtc = test.TestedUtc,
                Plan = test.Plan,
                StartPosition = test.StartPosition,
                EndPosition = test.EndPosition,
                PositionUnit = test.PositionUnit,
                Length = test.Length,
                FullName = test.FullName,
                Problems = problems,
                DurationSeconds = test.DurationSeconds,
            };
    }

    [Fact]
    public void Folders_without_bundles_are_findings_and_keep_nobody_from_the_rest()
    {
        _box.Chain();
        Directory.CreateDirectory(_box.At("empty"));
        var report = Plan(Settings() with { Folders = [_box.At("none"), _box.At("empty"), _box.Bundles] });
        Assert.Single(report.Databases);
        Assert.Equal(["PathNotFound", "NoBundles"], report.Problems.Select(p => p.Code));
        Assert.False(report.IsHealthy);
    }

    [Fact]
    public void A_bundle_that_cannot_be_read_is_a_finding_with_a_chain_and_without_one()
    {
        var bundles = _box.Chain();
        File.WriteAllBytes(bundles[2].FullName, File.ReadAllBytes(bundles[2].FullName)[..20]);
        var report = Plan(Settings());
        Assert.False(Assert.Single(report.Databases).IsValid);
        Assert.Empty(report.Problems);

        File.Delete(bundles[0].FullName);
        File.Delete(bundles[1].FullName);
        var alone = Plan(Settings());
        Assert.Empty(alone.Databases);
        Assert.Equal(bundles[2].FullName, Assert.Single(alone.Problems).FullName);
    }

    [Fact]
    public void A_folder_that_is_given_twice_is_shown_once_and_those_below_it_only_when_asked_for()
    {
        _box.Chain();
        Assert.Single(Plan(Settings() with { Folders = [_box.Bundles, _box.Bundles] }).Databases);
        Assert.Empty(Plan(Settings() with { Folders = [_box.Folder] }).Databases);
        Assert.Single(Plan(Settings() with { Folders = [_box.Folder], Recurse = true }).Databases);
        Assert.Single(Plan(Settings() with { Folders = [_box.Folder, _box.Bundles], Recurse = true }).Databases);
    }

    [Fact]
    public void A_page_is_written_over_and_nothing_else_is()
    {
        _box.Chain();
        var path = Settings().DestinationPath;
        Verbs.Report(Settings(), _box.Host());
        var first = File.ReadAllText(path);
        Assert.StartsWith(ReportPage.Mark, first, StringComparison.Ordinal);
        Verbs.Report(Settings() with { Title = "Second" }, _box.Host());
        Assert.Contains("<h1>Second</h1>", File.ReadAllText(path), StringComparison.Ordinal);

        foreach (var precious in new[] { _box.Db, _box.Bundles })
        {
            var before = _box.Inventory();
            var error = Assert.Throws<BackupException>(() =>
                Verbs.Report(Settings() with { DestinationPath = precious }, _box.Host())
            );
            Assert.Equal(ErrorCode.DestinationNotRecognised, error.Code);
            Assert.Equal(before, _box.Inventory());
        }
    }

    [Theory]
    [InlineData(ReportFormat.Html)]
    [InlineData(ReportFormat.Json)]
    [InlineData(ReportFormat.Prometheus)]
    public void A_report_replaces_one_of_its_own_format_or_an_empty_file_whose_rights_it_keeps(ReportFormat format)
    {
        _box.Chain();
        var settings = Settings() with { Format = format };
        File.WriteAllBytes(settings.DestinationPath, []);
        const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead;
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(settings.DestinationPath, Mode);
        }
        for (var run = 0; run < 2; run++)
        {
            Verbs.Report(settings, _box.Host());
            var text = File.ReadAllText(settings.DestinationPath);
            Assert.StartsWith(ReportFile.Mark(format), text, StringComparison.Ordinal);
            Assert.EndsWith("\n", text, StringComparison.Ordinal);
            Assert.True(OperatingSystem.IsWindows() || File.GetUnixFileMode(settings.DestinationPath) == Mode);
        }
        var before = _box.Inventory();
        foreach (var other in Enum.GetValues<ReportFormat>().Where(f => f != format))
        {
            var error = Assert.Throws<BackupException>(() =>
                Verbs.Report(settings with { Format = other }, _box.Host())
            );
            Assert.Equal(ErrorCode.DestinationNotRecognised, error.Code);
        }
        Assert.Equal(before, _box.Inventory());
    }

    [Fact]
    public void A_plan_writes_nothing_and_a_run_leaves_nothing_beside_the_page()
    {
        _box.Chain();
        var before = _box.Inventory();
        Assert.Null(Plan(Settings()).PageLength);
        Assert.Equal(before, _box.Inventory());
        var report = Verbs.Report(Settings(), _box.Host());
        Assert.Equal(new FileInfo(report.FullName).Length, report.PageLength);
        Assert.Empty(_box.Leftovers());
    }

    [Fact]
    public void A_run_that_is_stopped_leaves_the_old_page()
    {
        _box.Chain();
        Verbs.Report(Settings(), _box.Host());
        var before = _box.Inventory();
        using var stop = new CancellationTokenSource();
        stop.Cancel();
        Assert.Throws<OperationCanceledException>(() =>
            Verbs.Report(Settings() with { Title = "Second" }, _box.Host(stop.Token))
        );
        Assert.Equal(before, _box.Inventory());
    }

    [Fact]
    public void Only_the_chains_that_are_named_lose_bundles()
    {
        _box.Chain();
        _box.Full();
        var chains = _box.Chains();
        var rules = new ExpirySettings { Path = _box.Bundles, KeepLast = 1 };
        var newest = ExpireBackups.Plan(rules with { ChainIds = [chains[1].ChainId] }, _box.Host()).Report;
        Assert.Equal((0, 1), (newest.RemovedCount, newest.KeptCount));
        Assert.True(newest.IsPlan);
        var oldest = Verbs.Expire(rules with { ChainIds = [chains[0].ChainId] }, _box.Host());
        Assert.Equal((3, 0), (oldest.RemovedCount, oldest.KeptCount));
        Assert.False(oldest.IsPlan);
        Assert.Equal(chains[1].ChainId, Assert.Single(_box.Chains()).ChainId);
    }

    /// <summary>The database and its bundles.</summary>
    private KeyValuePair<string, string>[] Others() =>
        _box.Inventory().Where(f => f.Key.StartsWith('a') || f.Key.StartsWith('b')).ToArray();

    private static bool IsWhole(string page, string title) =>
        page.EndsWith("</html>\n", StringComparison.Ordinal)
        && page.Contains($"<title>{title}:", StringComparison.Ordinal);

    private ReportSettings Settings() => new() { Folders = [_box.Bundles], DestinationPath = _box.At("page.html") };

    private BackupReport Plan(ReportSettings settings, DateTime? now = null) =>
        ExportReport
            .Plan(
                settings,
                now is { } time ? new OperationHost { Clock = new FixedClock(new DateTimeOffset(time)) } : _box.Host()
            )
            .Report;

    private static void Damage(string path)
    {
        var bytes = File.ReadAllBytes(path);
        bytes[^1] ^= 1;
        File.WriteAllBytes(path, bytes);
    }
}
