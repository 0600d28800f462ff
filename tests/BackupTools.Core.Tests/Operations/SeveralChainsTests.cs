using BackupTools.Errors;
using BackupTools.Operations;

namespace BackupTools.Tests.Operations;

/// <summary>Several chains of one database in one folder, of which not the one with the newest full was continued last.</summary>
public sealed class SeveralChainsTests
{
    // Alopex' snapshots are chains of their own: none is continued.
    public static TheoryData<string> Engines => new(EngineSandbox.All.Where(e => e != EngineNames.Alopex));

    [Theory]
    [MemberData(nameof(Engines))]
    public void What_was_taken_last_at_a_copy_is_the_newest_where_it_is_copied_to(string engine)
    {
        using var box = EngineSandbox.Of(engine);
        box.Become("S0");
        box.Full();
        box.Copy();
        var second = box.Settings() with { DestinationPath = box.At("c") };
        box.Become("S1");
        box.Full();
        var between = box.Clock!.Now;
        var before = box.Content(box.Source);
        box.Become("S2");
        var newest = box.Increment(second);
        if (engine == EngineNames.Grafeo)
        {
            // The order of its manifest is that of the backups, and a copy must follow its own chain there.
            var inventory = box.Inventory();
            var error = Assert.Throws<BackupException>(() => CopyBack(box));
            Assert.Equal(ErrorCode.ChainFork, error.Code);
            Assert.Equal(inventory, box.Inventory());
            return;
        }
        CopyBack(box);

        var bytes = EngineSandbox.Bytes(box.RestoreFrom(box.At("c")));
        Assert.Equal(box.Content(box.Source), box.Content(box.RestoreFrom(box.Bundles)));
        Assert.Equal(bytes, EngineSandbox.Bytes(box.RestoreFrom(box.Bundles)));
        Assert.Equal(newest.EndPosition, Plan(box, null).Request.Plan.Last.End.Value);
        Assert.Equal(newest.EndPosition, Plan(box, box.Clock.Now).Request.Plan.Last.End.Value);
        Assert.DoesNotContain(Plan(box, null).Problems, p => p.Severity == "Error");
        var restored = box.At("between", "rec");
        box.Restore(box.RestoreTo("between", "rec") with { PointInTime = between });
        Assert.Equal(before, box.Content(restored));

        // What restores take is what the next increment builds on and what prunes keep.
        Assert.Empty(TakeBackup.Execute(Next(box), box.Host()));
        Assert.Equal(newest.EndPosition, Assert.Single(box.Chains(), c => c.CurrentUntilUtc is not null).EndPosition);
        box.Expire();
        Assert.Equal(bytes, EngineSandbox.Bytes(box.RestoreFrom(box.Bundles)));
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void A_note_of_a_chain_that_restores_do_not_take_makes_nothing_current(string engine)
    {
        using var box = EngineSandbox.Of(engine);
        box.Become("S0");
        box.Full();
        Assert.Empty(TakeBackup.Execute(Next(box), box.Host()));
        Assert.NotNull(Assert.Single(box.Chains()).CurrentUntilUtc);
        box.Become("S1");
        box.Full();
        Assert.All(box.Chains(), c => Assert.Null(c.CurrentUntilUtc));
    }

    private static BackupPlan Next(EngineSandbox box) =>
        TakeBackup.Plan(box.Settings() with { Incremental = true, AllowEmpty = false }, box.Host());

    private static RestorePreview Plan(EngineSandbox box, DateTimeOffset? time) =>
        RestoreChain.Plan(box.RestoreTo("planned", "rec") with { PointInTime = time }, box.Host());

    private static void CopyBack(EngineSandbox box)
    {
        var settings = new CopySettings { Path = box.At("c"), DestinationPath = box.Bundles };
        Assert.True(Verbs.Copy(settings, box.Host()).Copied.Count > 0);
    }
}
