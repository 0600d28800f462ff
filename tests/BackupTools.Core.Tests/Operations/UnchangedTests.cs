using BackupTools.Errors;
using BackupTools.Operations;
using BackupTools.Reports;

namespace BackupTools.Tests.Operations;

/// <summary>Every engine with a database that nobody writes to: no bundle, and a chain that is known to be current.</summary>
public sealed class UnchangedTests
{
    // Alopex' files are dated by the real clock, which must not be ahead of the one that is shown.
    private static readonly DateTimeOffset Morning = DateTimeOffset.UtcNow;

    public static TheoryData<string> Engines => new(EngineSandbox.All);

    [Theory]
    [MemberData(nameof(Engines))]
    public void Nothing_is_written_but_until_when_the_newest_state_is_current(string engine)
    {
        using var box = EngineSandbox.Of(engine);
        box.Become("S0");
        var full = box.Full();
        var bundles = box.Count();
        At(box, Morning.AddHours(3));

        Assert.Empty(Increment(box));

        Assert.Equal(bundles, box.Count());
        Assert.Empty(box.Leftovers());
        var chain = Assert.Single(box.Chains());
        Assert.True(chain.IsValid, string.Join("; ", chain.Problems));
        Assert.Empty(chain.Problems);
        Assert.InRange(chain.CurrentUntilUtc!.Value, Morning.AddHours(3).UtcDateTime, box.Clock!.Now.UtcDateTime);
        Assert.Equal(box.Content(box.Source), box.Content(box.RestoreFrom(box.Bundles)));

        // A later look moves the time on, a change makes it out of date.
        At(box, Morning.AddHours(5));
        Assert.Empty(Increment(box));
        Assert.InRange(
            Assert.Single(box.Chains()).CurrentUntilUtc!.Value,
            Morning.AddHours(5).UtcDateTime,
            box.Clock!.Now.UtcDateTime
        );
        box.Become("S1");
        var increment = Assert.Single(Increment(box));
        Assert.NotEqual(full.Id, increment.Id);
        Assert.Null(box.Chains()[^1].CurrentUntilUtc); // Alopex' snapshots are chains of their own
        Assert.Empty(box.Lies());
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void An_idle_database_is_not_late_and_a_time_without_changes_is_covered(string engine)
    {
        using var box = EngineSandbox.Of(engine);
        box.Become("S0");
        box.Full();
        At(box, Morning.AddHours(3));
        var before = Assert.Single(box.Report(TimeSpan.FromHours(1)).Databases);
        Assert.True(before.IsLate);
        Assert.Empty(Increment(box));

        var status = Assert.Single(box.Report(TimeSpan.FromHours(1)).Databases);
        Assert.False(status.IsLate);
        Assert.Equal(before.RestorableUtc, status.RestorableUtc);
        Assert.InRange(status.AgeSeconds!.Value, 0, 600);
        Assert.NotNull(status.CurrentUntilUtc);

        Assert.Empty(Warnings(box, Morning.AddHours(2)));
        At(box, Morning.AddHours(4));
        var warning = Assert.Single(Warnings(box, Morning.AddHours(4)));
        Assert.Contains(
            $"is from {status.CurrentUntilUtc:yyyy-MM-ddTHH:mm:ss}",
            warning.Message,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void An_empty_bundle_is_written_on_request_where_the_format_has_one(string engine)
    {
        using var box = EngineSandbox.Of(engine);
        box.Become("S0");
        box.Full();
        if (engine == EngineNames.Grafeo)
        {
            var error = Assert.Throws<BackupException>(() => box.Increment(Settings(box) with { AllowEmpty = true }));
            Assert.Equal(ErrorCode.NothingToBackUp, error.Code);
            return;
        }
        var empty = box.Increment(Settings(box) with { AllowEmpty = true });
        Assert.Equal(2, box.Count());
        Assert.Equal(box.Content(box.Source), box.Content(box.RestoreFrom(box.Bundles, empty)));
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void A_copy_is_as_current_and_a_prune_takes_the_file_with_its_bundle(string engine)
    {
        using var box = EngineSandbox.Of(engine);
        box.Become("S0");
        box.Full();
        At(box, Morning.AddHours(3));
        Assert.Empty(Increment(box));
        var until = Assert.Single(box.Chains()).CurrentUntilUtc;

        box.Copy();
        Assert.Equal(until, Assert.Single(ChainsAt(box, "c")).CurrentUntilUtc);
        At(box, Morning.AddHours(4));
        Assert.Empty(Increment(box));
        box.Copy(verify: true);
        Assert.Equal(Assert.Single(box.Chains()).CurrentUntilUtc, Assert.Single(ChainsAt(box, "c")).CurrentUntilUtc);

        box.Become("S1");
        box.Full();
        box.Expire();
        Assert.DoesNotContain("backuptools-current", box.Inventory().Keys.Where(k => k.StartsWith('b')));
        Assert.Empty(box.Lies());
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void What_cannot_be_right_says_nothing(string engine)
    {
        using var box = EngineSandbox.Of(engine);
        box.Become("S0");
        box.Full();
        At(box, Morning.AddHours(3));
        Assert.Empty(Increment(box));
        var file = Directory.GetFiles(box.Bundles, ".backuptools-current-*", SearchOption.AllDirectories).Single();
        var good = File.ReadAllText(file);

        string[] bad =
        [
            "",
            "{",
            "null",
            "[]",
            good[..^5],
            "{}",
            good.Replace(Assert.Single(box.Chains()).Bundles[^1].Id[..8], "00000000", StringComparison.Ordinal),
            System.Text.RegularExpressions.Regex.Replace(good, "\"20..-", "\"2999-"),
            System.Text.RegularExpressions.Regex.Replace(good, "\"20..-", "\"1999-"),
            new string(' ', 5000) + good,
        ];
        foreach (var text in bad)
        {
            File.WriteAllText(file, text);
            var chain = Assert.Single(box.Chains());
            Assert.Null(chain.CurrentUntilUtc);
            Assert.True(chain.IsValid);
        }
        Assert.Empty(Increment(box));
        Assert.NotNull(Assert.Single(box.Chains()).CurrentUntilUtc);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void A_clock_that_was_set_back_proves_no_time(string engine)
    {
        using var box = EngineSandbox.Of(engine);
        At(box, Morning.AddHours(3));
        box.Become("S0");
        box.Full();
        At(box, Morning);
        Assert.Empty(Increment(box));
        Assert.Null(Assert.Single(box.Chains()).CurrentUntilUtc);
        Assert.Empty(box.Leftovers());
    }

    [Fact]
    public void An_increment_on_an_older_bundle_is_written_whatever_has_changed()
    {
        using var box = EngineSandbox.Of(EngineNames.Spg);
        box.Become("S0");
        var full = box.Full();
        box.Become("S1");
        box.Increment();
        Assert.Single(Increment(box, Settings(box) with { SinceBundle = full.FullName }));
    }

    private static BackupSettings Settings(EngineSandbox box) => box.Settings() with { AllowEmpty = false };

    private static IReadOnlyList<BundleInfo> Increment(EngineSandbox box, BackupSettings? settings = null)
    {
        var host = box.Host();
        return Verbs.Increments(settings ?? Settings(box), host);
    }

    private static List<ChainInfo> ChainsAt(EngineSandbox box, string folder) =>
        ReadChains.Read(box.At(folder), false, null, box.Host()).Select(r => r.Chain!).ToList();

    private static IEnumerable<ProblemInfo> Warnings(EngineSandbox box, DateTimeOffset time)
    {
        var settings = new RestoreSettings
        {
            Path = box.Bundles,
            DestinationPath = box.At("w", "rec"),
            PointInTime = time,
        };
        return RestoreChain
            .Plan(settings, box.Host())
            .Problems.Where(p => p.Code == nameof(ErrorCode.TargetNotCovered));
    }

    private static void At(EngineSandbox box, DateTimeOffset time) => box.Clock!.Now = time;
}
