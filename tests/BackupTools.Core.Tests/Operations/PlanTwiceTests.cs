using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Operations;
using BackupTools.Reports;

namespace BackupTools.Tests.Operations;

/// <summary>
/// The plan that is made once nobody else can write lists the folder again, and reads the headers of what is not the same
/// as in the first plan: none of them twice, and none that was replaced too seldom.
/// </summary>
public sealed class PlanTwiceTests
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    public static TheoryData<string> Engines => [.. EngineSandbox.Names];

    /// <summary>Each engine with each way to put other bytes into a bundle's place.</summary>
    public static MatrixTheoryData<string, string> Replacements =>
        new(EngineSandbox.Names, ["in place", "by a new file", "before a clock has ticked"]);

    [Theory]
    [MemberData(nameof(Engines))]
    public void No_header_is_read_in_both_plans(string engine)
    {
        using var box = EngineSandbox.Of(engine);
        var older = box.Chain().Take(2).Select(b => b.FullName).ToList();
        var disk = new ScriptedDisk(box.Bundles, e => Shifted(e, -Hour));
        using var host = box.Host(disk);
        // A full that asks nothing of what was there before, whose content SPG's would read.
        var plan = TakeBackup.Plan(box.Settings() with { FullIfNeeded = true }, host);
        Assert.All(older, bundle => Assert.Contains(disk.Opened, path => IsOf(bundle, path)));
        disk.Opened.Clear();

        Assert.NotEmpty(TakeBackup.Execute(plan, host));

        Assert.All(older, bundle => Assert.DoesNotContain(disk.Opened, path => IsOf(bundle, path)));
    }

    [Theory]
    [MemberData(nameof(Replacements))]
    public void A_bundle_that_is_replaced_between_the_plans_by_one_of_the_same_length_is_read_again(
        string engine,
        string how
    )
    {
        using var box = EngineSandbox.Of(engine);
        box.Become("S0");
        var header = HeaderOf(box.Full());
        box.Become("S1");
        var times = new FileInfo(header).LastWriteTimeUtc;
        var seen = new Dictionary<string, DiskEntry>(StringComparer.Ordinal);
        var disk = new ScriptedDisk(
            box.Bundles,
            e =>
                how != "before a clock has ticked" ? Shifted(e, -Hour)
                : seen.TryGetValue(e.Path, out var first) ? first
                // Just now, and so it stays: what a file system says that dates changes by seconds.
                : seen[e.Path] = e with
                {
                    ModifiedUtc = DateTimeOffset.UtcNow + TimeSpan.FromSeconds(1),
                    ChangedUtc = DateTimeOffset.UtcNow + TimeSpan.FromSeconds(1),
                }
        );
        using var host = box.Host(disk);
        var plan = TakeBackup.Plan(box.Settings() with { Incremental = true }, host);
        disk.AtLock = () =>
        {
            var bytes = File.ReadAllBytes(header);
            bytes[0] ^= 0x40;
            if (how == "by a new file")
            {
                File.WriteAllBytes(header + ".new", bytes);
                File.Move(header + ".new", header, overwrite: true);
            }
            else
            {
                using var file = new FileStream(header, FileMode.Open, FileAccess.Write);
                file.Write(bytes);
            }
            File.SetLastWriteTimeUtc(header, times);
        };

        // With the header of the first plan the increment would be taken.
        Assert.Throws<BackupException>(() => TakeBackup.Execute(plan, host));
        Assert.Null(disk.AtLock);
    }

    private static bool IsOf(string bundle, string path) =>
        path == bundle || path.StartsWith(bundle + Path.DirectorySeparatorChar, StringComparison.Ordinal);

    /// <summary>The file whose first byte makes it what it is.</summary>
    private static string HeaderOf(BundleInfo bundle) =>
        File.Exists(bundle.FullName)
            ? bundle.FullName
            : new[] { "manifest.json", "snapshot.manifest" }
                .Select(name => Path.Combine(bundle.FullName, name))
                .First(File.Exists);

    private static DiskEntry Shifted(DiskEntry entry, TimeSpan by) =>
        entry with
        {
            ModifiedUtc = entry.ModifiedUtc + by,
            ChangedUtc = entry.ChangedUtc + by,
        };

    /// <summary>Changes the entries that a folder lists, records what is opened, and acts just before the lock is taken.</summary>
    private sealed class ScriptedDisk(string folder, Func<DiskEntry, DiskEntry> show)
        : ForwardingDisk(LocalDisk.Instance)
    {
        public List<string> Opened { get; } = [];

        public Action? AtLock { get; set; }

        public override IDiskFile OpenRead(string path)
        {
            Opened.Add(path);
            return base.OpenRead(path);
        }

        public override IDiskFile? TryLock(string path)
        {
            var act = AtLock;
            AtLock = null;
            act?.Invoke();
            return base.TryLock(path);
        }

        public override DiskEntry? Stat(string path) => base.Stat(path) is { } entry ? Shown(entry) : null;

        public override IReadOnlyList<DiskEntry> List(string path) => [.. base.List(path).Select(Shown)];

        private DiskEntry Shown(DiskEntry entry) => IsOf(folder, entry.Path) ? show(entry) : entry;
    }
}
