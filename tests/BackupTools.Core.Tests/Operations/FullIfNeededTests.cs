using BackupTools.Errors;
using BackupTools.Formats.PowDb;
using BackupTools.Operations;
using BackupTools.Reports;

namespace BackupTools.Tests.Operations;

/// <summary>A full in the place of an increment, where only a full can go on.</summary>
public sealed class FullIfNeededTests
{
    public static TheoryData<string> Engines => [.. EngineSandbox.All];

    [Theory]
    [MemberData(nameof(Engines))]
    public void The_first_run_takes_a_full_and_says_why_and_the_next_goes_on_from_it(string engine)
    {
        using var box = EngineSandbox.Of(engine);
        box.Become("S0");

        var plan = TakeBackup.Plan(IfNeeded(box) with { Incremental = true }, box.Host());
        var first = box.Increment(IfNeeded(box));
        box.Become("S1");
        box.Warnings.Clear();
        var second = box.Increment(IfNeeded(box));

        Assert.StartsWith($"{engine} full backup of", plan.Describe()[0], StringComparison.Ordinal);
        Assert.Contains(plan.Describe(), l => l.Contains("instead of an increment", StringComparison.Ordinal));
        Assert.Equal("Full", first.Kind);
        // Alopex has no other kind: each of its snapshots is complete.
        Assert.Equal(engine == EngineNames.Alopex ? "Full" : "Incremental", second.Kind);
        Assert.DoesNotContain(box.Warnings, w => w.Contains("instead of", StringComparison.Ordinal));
        Assert.Empty(box.Leftovers());
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void Without_the_switch_the_first_run_is_refused(string engine)
    {
        using var box = EngineSandbox.Of(engine);
        box.Become("S0");

        Refused(ErrorCode.NoFullBackup, () => box.Increment());

        Assert.False(Directory.Exists(box.Bundles));
    }

    [Theory]
    [InlineData("SPG", ErrorCode.ForeignEpoch)]
    [InlineData("PowDB", ErrorCode.ContinuityNotProved)]
    public void A_refusal_that_comes_only_with_the_pages_leads_to_a_full_too(string engine, ErrorCode code)
    {
        using var box = EngineSandbox.Of(engine);
        var chain = box.Chain();
        BecomeForeign(box, chain[0]);

        Refused(code, () => box.Increment());
        var refused = box.BundleNames();
        box.Warnings.Clear();
        var plan = TakeBackup.Plan(IfNeeded(box) with { Incremental = true }, box.Host());
        var instead = box.Increment(IfNeeded(box));

        Assert.Contains(
            plan.Describe(),
            l =>
                l.Contains("instead of an increment", StringComparison.Ordinal)
                || l.StartsWith("  or     full, if", StringComparison.Ordinal)
        );
        Assert.Equal("Full", instead.Kind);
        Assert.Contains(box.Warnings, w => w.Contains("instead of an increment", StringComparison.Ordinal));
        Assert.Equal(chain.Count + 1, box.Chains().Sum(c => c.BundleCount));
        Assert.NotEqual(refused, box.BundleNames());
        Assert.Empty(box.Leftovers());
        box.Restore();
        Assert.Equal(box.Content(box.Source), box.Content(box.Restored));
    }

    [Fact]
    public void The_checkpoint_runs_once()
    {
        using var box = EngineSandbox.Of("PowDB");
        var chain = box.Chain();
        RestoreInPlace(box, chain[0]);
        var runs = 0;

        var instead = box.Increment(IfNeeded(box) with { Checkpoint = () => runs++ });

        Assert.Equal(("Full", 1), (instead.Kind, runs));
    }

    [Fact]
    public void A_place_to_go_on_from_is_a_contradiction()
    {
        using var box = EngineSandbox.Of("PowDB");
        var full = box.Chain()[0];

        foreach (
            var settings in new[]
            {
                IfNeeded(box) with
                {
                    Since = 1,
                },
                IfNeeded(box) with
                {
                    SinceBundle = full.FullName,
                },
                IfNeeded(box) with
                {
                    ChainId = full.ChainId,
                },
            }
        )
        {
            Refused(ErrorCode.InvalidOption, () => box.Increment(settings));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Damage_is_answered_with_a_full_only_where_that_is_known_to_be_newer(bool tellsPlace)
    {
        using var box = EngineSandbox.Of("PowDB");
        var full = box.Chain()[0];
        foreach (var bundle in Directory.GetDirectories(box.Bundles).Where(b => b != full.FullName))
        {
            Directory.Delete(bundle, recursive: true);
        }
        File.WriteAllText(Path.Combine(full.FullName, "manifest.json"), "{");
        if (tellsPlace)
        {
            Assert.Equal("Full", box.Increment(IfNeeded(box)).Kind);
            Assert.Contains(
                box.Chains().SelectMany(c => c.Problems),
                p => p.FullName!.StartsWith(full.FullName, StringComparison.Ordinal)
            );
            return;
        }
        File.Delete(Path.Combine(full.FullName, PowDbSideFile.FileName)); // which has its place
        var error = Assert.Throws<BackupException>(() => box.Increment(IfNeeded(box)));

        Assert.Equal(ErrorKind.Damaged, error.Kind);
        Assert.Single(Directory.GetDirectories(box.Bundles));
    }

    [Fact]
    public void Only_what_a_full_can_answer_is_answered_with_one()
    {
        var settings = new BackupSettings
        {
            SourcePath = "s",
            DestinationPath = "d",
            FullIfNeeded = true,
        };

        Assert.Equal(
            [
                ErrorCode.NoFullBackup,
                ErrorCode.ChainGap,
                ErrorCode.ForeignEpoch,
                ErrorCode.SinceBeyondLog,
                ErrorCode.SinceInsideFrame,
                ErrorCode.LogIsGone,
                ErrorCode.ContinuityNotProved,
            ],
            Enum.GetValues<ErrorCode>().Where(c => FullInstead.Helps(settings, new BackupException(c, "x")))
        );
        Assert.False(
            FullInstead.Helps(settings with { FullIfNeeded = false }, new BackupException(ErrorCode.NoFullBackup, "x"))
        );
    }

    private static BackupSettings IfNeeded(EngineSandbox box) => box.Settings() with { FullIfNeeded = true };

    /// <summary>The database becomes what it was at the bundle.</summary>
    private static void RestoreInPlace(EngineSandbox box, BundleInfo bundle) =>
        box.Restore(
            new RestoreSettings
            {
                Path = box.Bundles,
                DestinationPath = box.Source,
                PointInTime = new DateTimeOffset(bundle.CreatedUtc),
                Force = true,
            }
        );

    /// <summary>SPG: beside the log of old stands another database file. PowDB: it is what it was at the bundle.</summary>
    private static void BecomeForeign(EngineSandbox box, BundleInfo bundle)
    {
        if (box is SpgSandbox)
        {
            File.WriteAllBytes(box.Source, SpgSandbox.Fixture(Path.Combine("states", "S2.v59.db")));
        }
        else
        {
            RestoreInPlace(box, bundle);
        }
    }

    private static void Refused(ErrorCode code, Action act) =>
        Assert.Equal(code, Assert.Throws<BackupException>(act).Code);
}
