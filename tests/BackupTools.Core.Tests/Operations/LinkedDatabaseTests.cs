using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Operations;
using BackupTools.Tests.Files;
using BackupTools.Tests.FrontEnds;

namespace BackupTools.Tests.Operations;

/// <summary>A database that is named by a link: followed for reading and for replacing, and the link stays a link.</summary>
public sealed class LinkedDatabaseTests
{
    public static TheoryData<string> Engines => [.. EngineSandbox.All];

    [UnixTheory]
    [MemberData(nameof(Engines))]
    public void Backups_by_a_link_hold_what_backups_by_the_name_hold(string engine)
    {
        using var box = EngineSandbox.Of(engine);
        var link = LinkTo(box, box.Source, "l", "current" + Path.GetExtension(box.Source));
        box.Become("S0");
        box.Full(box.Settings() with { SourcePath = link });
        box.Become("S1");
        var increment = box.Increment(box.Settings() with { SourcePath = link });
        box.Become("S2");
        var last = box.Increment(box.Settings() with { SourcePath = link });
        Assert.Equal(engine == EngineNames.Alopex, increment.ChainId != last.ChainId); // there each is complete

        var byLink = box.RestoreFrom(box.Bundles);
        box.Full(box.Settings() with { DestinationPath = box.At("named") });
        var named = ReadChains.Read(box.At("named"), false, null, box.Host()).Single().Chain!;
        if (engine != EngineNames.Sqlite) // whose positions number the backups
        {
            Assert.Equal(named.EndPosition, last.EndPosition);
        }
        Assert.Equal(box.Content(box.RestoreFrom(box.At("named"))), box.Content(byLink));
        Assert.Equal(DiskEntryKind.Link, LocalDisk.Instance.Stat(link)!.Kind);
    }

    [UnixTheory]
    [InlineData(EngineNames.Spg)]
    [InlineData(EngineNames.PowDb)]
    public void The_series_has_the_name_of_the_link_and_goes_on_when_the_link_is_led_elsewhere(string engine)
    {
        using var box = EngineSandbox.Of(engine);
        box.Become("S0");
        var link = LinkTo(box, box.Source, "current" + Path.GetExtension(box.Source));
        var settings = box.Settings() with { SourcePath = link };
        box.Full(settings);
        // The same database in the folder of the next release.
        var moved = box.At("v2", Path.GetFileName(box.Source));
        Directory.CreateDirectory(box.At("v2"));
        foreach (
            var path in Directory.GetFileSystemEntries(box.Folder, Path.GetFileNameWithoutExtension(box.Source) + "*")
        )
        {
            Directory.Move(path, box.At("v2", Path.GetFileName(path)));
        }
        File.Delete(link);
        File.CreateSymbolicLink(link, moved);
        box.Full(settings);

        Assert.Equal("current", Assert.Single(box.Chains().Select(c => c.Series).Distinct()));
    }

    [UnixTheory]
    [InlineData(EngineNames.Spg, ".wal")]
    [InlineData(EngineNames.Grafeo, ".grafeo.wal")]
    [InlineData(EngineNames.Sqlite, ".db-wal")] // SQLite before 3.10 takes a link for the database
    public void A_log_beside_the_link_is_refused_and_not_left_out(string engine, string log)
    {
        using var box = EngineSandbox.Of(engine);
        var chain = box.Chain();
        var link = LinkTo(box, box.Source, "l", "current" + Path.GetExtension(box.Source));
        Directory.CreateDirectory(box.At("l", "current" + log));

        var backup = Assert.Throws<BackupException>(() => box.Full(box.Settings() with { SourcePath = link }));
        var restore = Assert.Throws<BackupException>(() => box.Restore(box.RestoreTo(link) with { Force = true }));

        Assert.Equal((ErrorCode.PathIsAmbiguous, ErrorCode.PathIsAmbiguous), (backup.Code, restore.Code));
        Assert.Contains("current" + log, backup.Message);
        Assert.Equal(chain.Count, box.Chains().Sum(c => c.Bundles.Count));
    }

    [UnixTheory]
    [MemberData(nameof(Engines))]
    public void A_forced_restore_to_a_link_replaces_what_it_leads_to(string engine)
    {
        using var box = EngineSandbox.Of(engine);
        var chain = box.Chain();
        box.Restore(box.RestoreTo(box.Restored) with { ToPosition = chain[0].EndPosition });
        var far = LinkTo(box, box.Restored, "far", "db" + Path.GetExtension(box.Restored));
        var link = LinkTo(box, far, "near", "db" + Path.GetExtension(box.Restored));

        var taken = Assert.Throws<BackupException>(() => box.Restore(box.RestoreTo(link)));
        Assert.Equal(ErrorCode.DestinationExists, taken.Code);
        var report = box.Restore(box.RestoreTo(link) with { Force = true });

        Assert.Equal(link, report.FullName);
        Assert.Equal(EngineSandbox.Bytes(box.RestoreFrom(box.Bundles)), box.RestoredBytes());
        Assert.Single(Directory.GetFileSystemEntries(box.At("far")));
        Assert.Single(Directory.GetFileSystemEntries(box.At("near")));
        Assert.Equal(DiskEntryKind.Link, LocalDisk.Instance.Stat(link)!.Kind);
        Assert.Equal(DiskEntryKind.Link, LocalDisk.Instance.Stat(far)!.Kind);
    }

    [UnixFact]
    public void The_log_of_SPG_may_be_a_link_too()
    {
        using var box = new SpgSandbox();
        var chain = box.Chain();
        var settings = box.RestoreTo("r", "rec.db") with { WalPath = box.At("w", "rec.log") };
        Directory.CreateDirectory(box.At("w"));
        box.Restore(settings with { ToPosition = chain[0].EndPosition });
        var link = LinkTo(box, box.At("w", "rec.log"), "l", "rec.log");

        box.Restore(settings with { WalPath = link, Force = true });

        Assert.Equal(File.ReadAllBytes(box.Wal), File.ReadAllBytes(box.At("w", "rec.log")));
        Assert.Equal(DiskEntryKind.Link, LocalDisk.Instance.Stat(link)!.Kind);
    }

    [UnixTheory]
    [MemberData(nameof(Engines))]
    public void Links_to_nothing_and_links_in_a_circle_are_refused_by_name(string engine)
    {
        using var box = EngineSandbox.Of(engine);
        box.Chain();
        var dangling = LinkTo(box, box.At("gone"), "l", "dangling");
        var circle = LinkTo(box, box.At("l", "round"), "l", "circle");
        File.CreateSymbolicLink(box.At("l", "round"), circle);
        var before = box.Inventory();
        foreach (var (link, said) in new[] { (dangling, box.At("gone")), (circle, "loop") })
        {
            Action[] runs =
            [
                () => box.Full(box.Settings() with { SourcePath = link }),
                () => box.Increment(box.Settings() with { SourcePath = link }),
                () => box.Restore(box.RestoreTo(link)),
                () => box.Restore(box.RestoreTo(link) with { Force = true }),
            ];
            foreach (var run in runs)
            {
                var error = Assert.Throws<BackupException>(run);
                Assert.Equal((ErrorCode.PathNotFound, link), (error.Code, error.FullName));
                Assert.Contains(said, error.Message, StringComparison.Ordinal);
            }
        }
        Assert.Equal(before, box.Inventory());
    }

    [UnixFact]
    public void A_relative_link_is_followed_from_where_it_really_lies()
    {
        using var box = new SpgSandbox();
        box.Chain();
        // x/l -> deep/er, and x/l/db -> ../../real.db: lexically that would be x/../real.db.
        Directory.CreateDirectory(box.At("x", "deep", "er"));
        File.CreateSymbolicLink(box.At("x", "l"), "deep/er");
        File.CreateSymbolicLink(box.At("x", "deep", "er", "db"), "../../real.db");
        box.Restore(box.RestoreTo("x", "real.db"));

        Assert.Equal(box.At("x", "real.db"), RealPath.Follow(box.At("x", "l", "db"), LocalDisk.Instance));
    }

    private static string LinkTo(EngineSandbox box, string target, params string[] parts)
    {
        var link = box.At(parts);
        Directory.CreateDirectory(Path.GetDirectoryName(link)!);
        File.CreateSymbolicLink(link, target);
        return link;
    }
}
