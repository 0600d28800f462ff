using BackupTools.Operations;
using BackupTools.Reports;

namespace BackupTools.Tests.Operations;

/// <summary>What a report makes of tests that saw less than what is there now.</summary>
public sealed class ReportOfTestsTests : IDisposable
{
    private readonly SpgSandbox _box = new();

    public void Dispose() => _box.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_test_that_ended_earlier_makes_nothing_tested_but_what_it_found_counts(bool byTime)
    {
        var bundles = _box.Chain();
        var (partial, complete) = (UpTo(1), UpTo(2));
        Assert.True(partial.IsValid);
        var listed = Plan(Settings() with { Tests = [partial] });
        Assert.StartsWith("listed, not tested", $"{listed.Databases[0]}");
        Assert.Null(new DatabaseFacts(listed.Databases[0]).LastTestIsValid);
        var page = ReportPage.Render(listed);
        Assert.DoesNotContain("All in order", page, StringComparison.Ordinal);
        Assert.Contains("0 of 1 chain valid, 1 up to an earlier position only", page, StringComparison.Ordinal);
        Assert.True(Plan(Settings() with { Tests = [complete] }).Databases[0].IsTested);
        Assert.True(Plan(Settings() with { Tests = [_box.Test(), UpTo(1)] }).Databases[0].IsTested);

        Damage(bundles[1].FullName);
        var bad = UpTo(1);
        Damage(bundles[1].FullName);
        Assert.False(Plan(Settings() with { Tests = [complete, bad] }).Databases[0].IsValid);
        Assert.False(Plan(Settings() with { Tests = [bad, UpTo(0)] }).Databases[0].IsValid);

        ChainReport UpTo(int bundle) =>
            _box.Test(
                new VerifySettings
                {
                    Path = _box.Bundles,
                    ToPosition = byTime ? null : bundles[bundle].EndPosition,
                    PointInTime = byTime ? new DateTimeOffset(bundles[bundle].CreatedUtc) : null,
                }
            );
    }

    [Fact]
    public void What_was_taken_after_the_test_is_said_to_be_listed_only()
    {
        var bundles = _box.Chain();
        var away = _box.At("away");
        File.Move(bundles[2].FullName, away);
        var test = _box.Test();
        Assert.Contains("All in order</p>", Page(), StringComparison.Ordinal);
        File.Move(away, bundles[2].FullName);
        Assert.True(Plan(Settings() with { Tests = [test] }).Databases[0].IsTested);
        Assert.Contains(
            "All in order up to the last test; 1 bundle since then was only listed</p>",
            Page(),
            StringComparison.Ordinal
        );
        Assert.StartsWith(
            "valid at the last test, 1 bundle since then was only listed  ",
            $"{Plan(Settings() with { Tests = [test] }).Databases[0]}"
        );

        string Page() => ReportPage.Render(Plan(Settings() with { Tests = [test] }));
    }

    private ReportSettings Settings() => new() { Folders = [_box.Bundles], DestinationPath = _box.At("page.html") };

    private BackupReport Plan(ReportSettings settings) => ExportReport.Plan(settings, _box.Host()).Report;

    private static void Damage(string path)
    {
        var bytes = File.ReadAllBytes(path);
        bytes[^1] ^= 1;
        File.WriteAllBytes(path, bytes);
    }
}
