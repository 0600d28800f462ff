using BackupTools.Chains;
using BackupTools.Errors;
using BackupTools.Tests.Files;
using BackupTools.Tests.Formats.Spg;

namespace BackupTools.Tests.Engines.Spg;

/// <summary>One change at one exact moment of a capture; SpgLiveTests does the same with a writer at full speed.</summary>
public sealed class SpgRaceTests
{
    private static readonly byte[] s_old = SpgFixtures.Bytes("states/S0.v8.db");
    private static readonly byte[] s_new = SpgFixtures.Bytes("states/S2.v8.db");
    private static readonly byte[] s_oldWal = SpgFixtures.Bytes("states/S2.wal")[262..];
    private static readonly byte[] s_newWal = SpgFixtures.Bytes("chain/after-checkpoint.wal");

    /// <summary>
    /// The capture opens the database, the log, (the manifest), and at the last look the database and the log again.
    /// Whatever happens before any of these is noticed, and the result is never a mixture.
    /// </summary>
    [Theory(
        Skip = "Wine replaces no file that is open",
        SkipType = typeof(WindowsHost),
        SkipWhen = nameof(WindowsHost.IsWine)
    )]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public void A_checkpoint_at_any_moment_of_a_full_gives_the_new_state(int moment)
    {
        var disk = new HookedDisk();
        using var box = new SpgBox(disk);
        box.Put(s_old, s_oldWal);
        var plan = Plan(box, BundleKind.Full);
        AtOpening(
            box,
            disk,
            moment,
            () =>
            {
                box.Checkpoint(s_new);
                box.Append(s_newWal);
            }
        );
        var full = Run(box, plan);
        var restored = box.Restore([full]);
        // Even before the very last look, at the log: it was cut by then.
        Assert.Equal(s_new, restored.Db);
        Assert.Equal(s_newWal, restored.Wal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void A_first_checkpoint_at_any_moment_of_a_full_gives_the_new_state(int moment)
    {
        var disk = new HookedDisk();
        using var box = new SpgBox(disk);
        box.Put(null, s_oldWal);
        var plan = Plan(box, BundleKind.Full);
        AtOpening(box, disk, moment, () => box.Checkpoint(s_new));
        var restored = box.Restore([Run(box, plan)]);
        Assert.Equal(s_new, restored.Db);
        Assert.Empty(restored.Wal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public void An_append_at_any_moment_of_a_full_disturbs_nothing(int moment)
    {
        var disk = new HookedDisk();
        using var box = new SpgBox(disk);
        box.Put(s_old, s_oldWal);
        var plan = Plan(box, BundleKind.Full);
        var opened = AtOpening(box, disk, moment, () => box.Append(SpgFrames.V3("SELECT 1")));
        var restored = box.Restore([Run(box, plan)]);
        Assert.Equal(s_old, restored.Db);
        Assert.Equal(s_oldWal, restored.Wal[..508]);
        Assert.True(restored.Wal.Length is 508 || restored.Wal.Length == 508 + SpgFrames.V3("SELECT 1").Length);
        Assert.Equal(5, opened.Value);
    }

    [Theory(
        Skip = "Wine replaces no file that is open",
        SkipType = typeof(WindowsHost),
        SkipWhen = nameof(WindowsHost.IsWine)
    )]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public void A_checkpoint_at_any_moment_of_an_increment_is_refused_or_comes_after_it(int moment)
    {
        var disk = new HookedDisk();
        using var box = new SpgBox(disk);
        box.Put(s_old, s_oldWal[..166]);
        var full = box.Full();
        box.Append(s_oldWal.AsSpan(166));
        var plan = Plan(box, BundleKind.Incremental, full);
        AtOpening(
            box,
            disk,
            moment,
            () =>
            {
                box.Checkpoint(s_new);
                box.Append(s_newWal);
            }
        );
        try
        {
            var increment = Run(box, plan);
            Assert.Equal(s_oldWal, box.Restore([full, increment]).Wal);
        }
        catch (BackupException e)
        {
            Assert.Equal(ErrorCode.ForeignEpoch, e.Code);
            Assert.Single(Directory.GetFileSystemEntries(box.Bundles));
        }
    }

    [Fact]
    public void The_window_between_the_two_steps_of_a_checkpoint_is_waited_out()
    {
        var disk = new HookedDisk();
        using var box = new SpgBox(disk);
        box.Put(s_old, s_oldWal);
        box.ReplaceDb(s_new);
        File.SetLastWriteTimeUtc(box.Db, DateTime.UtcNow.AddSeconds(5));
        var plan = Plan(box, BundleKind.Full);
        var looks = 0;
        disk.Opening = path =>
        {
            if (path == box.Wal && ++looks == 3)
            {
                box.CutWal();
            }
        };
        var restored = box.Restore([Run(box, plan)]);
        Assert.Equal(s_new, restored.Db);
        Assert.Empty(restored.Wal);
        Assert.Empty(box.Warnings);
    }

    [Fact]
    public void A_server_that_died_between_the_two_steps_is_captured_as_it_is_and_told()
    {
        using var box = new SpgBox();
        box.Put(s_old, s_oldWal);
        box.ReplaceDb(s_new);
        File.SetLastWriteTimeUtc(box.Db, DateTime.UtcNow.AddSeconds(5));
        var restored = box.Restore([box.Full()]);
        Assert.Equal(s_new, restored.Db);
        Assert.Equal(s_oldWal, restored.Wal);
        Assert.Contains("died inside a CHECKPOINT", Assert.Single(box.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void Files_of_the_same_tick_are_captured_without_a_word()
    {
        using var box = new SpgBox();
        box.Put(s_old, s_oldWal);
        File.SetLastWriteTimeUtc(box.Db, File.GetLastWriteTimeUtc(box.Wal));
        Assert.Equal(s_oldWal, box.Restore([box.Full()]).Wal);
        Assert.Empty(box.Warnings);
    }

    [Fact(
        Skip = "Wine replaces no file that is open",
        SkipType = typeof(WindowsHost),
        SkipWhen = nameof(WindowsHost.IsWine)
    )]
    public void A_database_that_never_holds_still_is_given_up_with_what_kept_changing()
    {
        var disk = new HookedDisk();
        using var box = new SpgBox(disk);
        box.Put(s_old, s_oldWal);
        disk.Opening = path =>
        {
            if (path == box.Wal)
            {
                box.ReplaceDb(s_new);
            }
        };
        var error = Assert.Throws<BackupException>(() => box.Full());
        Assert.Equal(ErrorCode.SourceChanging, error.Code);
        Assert.Contains("the database file was replaced", error.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(box.Bundles));
    }

    [Fact(
        Skip = "Wine replaces no file that is open",
        SkipType = typeof(WindowsHost),
        SkipWhen = nameof(WindowsHost.IsWine)
    )]
    public void A_log_that_loses_its_end_and_grows_again_is_copied_anew()
    {
        // What a failed fsync makes the server do (§4.6): the same file, the same beginning, another end.
        var disk = new HookedDisk();
        using var box = new SpgBox(disk);
        byte[] kept = [.. Enumerable.Range(0, 300).SelectMany(i => SpgFrames.V3($"INSERT INTO t VALUES ({i})"))];
        box.Put(s_old, [.. kept, .. SpgFrames.V3("lost")]);
        var plan = Plan(box, BundleKind.Full);
        AtOpening(
            box,
            disk,
            4,
            () =>
            {
                using (var wal = File.OpenWrite(box.Wal))
                {
                    wal.SetLength(kept.Length);
                }
                box.Append(SpgFrames.V3("kept"));
            }
        );
        Assert.Equal([.. kept, .. SpgFrames.V3("kept")], box.Restore([Run(box, plan)]).Wal);
    }

    [Fact]
    public void Damage_that_is_gone_at_a_second_reading_was_a_write_seen_half_done()
    {
        var disk = new HookedDisk();
        using var box = new SpgBox(disk);
        var damaged = (byte[])s_oldWal.Clone();
        damaged[20] ^= 1;
        box.Put(s_old, damaged);
        var plan = Plan(box, BundleKind.Full);
        AtOpening(box, disk, 6, () => File.WriteAllBytes(box.Wal, s_oldWal));
        Assert.Equal(s_oldWal, box.Restore([Run(box, plan)]).Wal);
    }

    private static BackupTools.Engines.CapturePlan Plan(SpgBox box, BundleKind kind, BundleHeader? parent = null) =>
        box.Harness.Engine.PlanCapture(
            SpgFullTests.Request(box, kind) with
            {
                Parent = parent,
                Chain = parent is null ? null : box.Harness.ChainOf([parent]),
            },
            box.Harness.Context()
        );

    private static BundleHeader Run(SpgBox box, BackupTools.Engines.CapturePlan plan)
    {
        using var staging = BackupTools.Files.StagingArea.Create(box.Harness.Disk, box.Bundles, TimeProvider.System);
        var result = box.Harness.Engine.Capture(plan, staging, box.Harness.Context());
        staging.Publish(result.Steps, CancellationToken.None);
        return box.Harness.Read(result.BundlePath).Single();
    }

    /// <summary>Does something right before the n-th opening of a file of the source; counts them.</summary>
    private static System.Runtime.CompilerServices.StrongBox<int> AtOpening(
        SpgBox box,
        HookedDisk disk,
        int moment,
        Action action
    )
    {
        var opened = new System.Runtime.CompilerServices.StrongBox<int>(0);
        disk.Opening = path =>
        {
            if (path.StartsWith(box.Harness.At("source"), StringComparison.Ordinal) && ++opened.Value == moment)
            {
                action();
            }
        };
        return opened;
    }
}
