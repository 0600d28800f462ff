using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Operations;
using BackupTools.Tests.Files;
using BackupTools.Tests.Operations;

namespace BackupTools.Tests.Encryption;

/// <summary>Kept states that are strange, missing or for other keys, and what a backup by them says.</summary>
public sealed class KeptStateDoubtTests
{
    public static TheoryData<string> Engines => [.. EngineSandbox.Names];

    /// <summary>Found by hand: in clear they said so, encrypted they did not.</summary>
    [Theory]
    [InlineData("SPG")]
    [InlineData("Alopex")]
    public void A_full_that_does_not_continue_the_chain_says_so_as_in_clear(string engine)
    {
        using var box = new SealedBox(engine);
        box.Take("S0", settings: box.Kept);
        box.Take("S2", settings: box.Kept);
        string[] Told(BackupSettings settings)
        {
            box.Box.Warnings.Clear();
            Verbs.Full(settings, box.Host());
            return [.. box.Box.Warnings.Where(w => w.Contains("does not continue", StringComparison.Ordinal))];
        }
        Assert.Empty(Told(box.Kept));

        box.Box.Become("S0");

        Assert.Single(Told(box.Box.Settings()));
        Assert.Single(Told(box.Kept));
        // Nobody knows where something was not kept, and a full needs nothing of it.
        Directory.Delete(box.State, recursive: true);
        box.Box.Become("S2");
        Assert.Empty(Told(box.Kept));
    }

    [Fact]
    public void What_is_kept_and_damaged_stops_no_full()
    {
        using var box = new SealedBox("SPG");
        box.Take("S0", settings: box.Kept);
        var file = Assert.Single(box.StateFiles());
        var bytes = File.ReadAllBytes(file);
        for (var at = 0; at < bytes.Length; at += Math.Max(1, bytes.Length / 40))
        {
            var changed = (byte[])bytes.Clone();
            changed[at] ^= 1;
            File.WriteAllBytes(file, changed);
            TakeBackup.Plan(box.Kept, box.Host());
        }
        File.WriteAllBytes(file, bytes);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void An_increment_for_others_than_its_parent_says_which_keys_a_restore_needs(string engine)
    {
        using var box = new SealedBox(engine);
        box.Take("S0", settings: box.Kept);
        var others = box.Kept with { Recipients = [$"{box.Other.Recipient}"] };

        box.Take("S1", settings: others);

        var told = Assert.Single(Doubts(box));
        Assert.Contains($"{box.Key.Recipient}", told, StringComparison.Ordinal);
        Assert.Contains($"{box.Other.Recipient}", told, StringComparison.Ordinal);
        // Once for each change, not for each increment.
        box.Box.Warnings.Clear();
        box.Take("S2", settings: others);
        Assert.Empty(Doubts(box));
    }

    [Fact]
    public void With_the_key_it_is_told_by_the_note_of_the_folder_also_of_one_who_is_added()
    {
        using var box = new SealedBox("SPG");
        box.Take("S0", box.Key);
        box.Take("S1", box.Key);
        Assert.Empty(Doubts(box));

        box.Take("S2", box.Key, box.ToKey with { Recipients = [$"{box.Key.Recipient}", $"{box.Other.Recipient}"] });

        var told = Assert.Single(Doubts(box));
        Assert.DoesNotContain($"{box.Key.Recipient}", told, StringComparison.Ordinal);
        Assert.Contains($"{box.Other.Recipient}", told, StringComparison.Ordinal);
    }

    [Fact]
    public void The_parent_that_is_compared_counts_in_the_progress()
    {
        using var with = new SealedBox("SPG");
        using var without = new SealedBox("SPG");
        foreach (var box in new[] { with, without })
        {
            box.Take("S0", settings: box.Kept);
            box.Box.Become("S1");
        }
        var parent = Assert.Single(Directory.GetFiles(without.Encrypted, "*.age"));
        var length = new FileInfo(parent).Length;
        var (keyed, keyless) = (with.Host(with.Key), without.Host());

        Verbs.Increment(with.Kept, keyed);
        Verbs.Increment(without.Kept, keyless);

        var (plain, compared) = (keyed.SampleProgress(), keyless.SampleProgress());
        Assert.Equal(plain.TotalBytes + length, compared.TotalBytes);
        Assert.Equal(plain.DoneBytes + length, compared.DoneBytes);
    }

    [UnixFact]
    public void Whatever_lies_in_place_of_what_was_kept_is_named_and_counts_as_nothing()
    {
        foreach (var (what, put) in Strange())
        {
            using var box = new SealedBox("SPG");
            box.Take("S0", settings: box.Kept);
            box.Box.Become("S1");
            var file = Assert.Single(box.StateFiles());
            File.Delete(file);
            put(file);

            var error = Assert.Throws<BackupException>(() => Verbs.Increment(box.Kept, box.Host()));
            Assert.True(error.Code == ErrorCode.IdentityRequired, $"{what}: {error.Message}");
            Assert.Single(box.Box.Warnings, w => w.Contains(file, StringComparison.Ordinal));
            Assert.Equal("Full", Verbs.Increment(box.Kept with { FullIfNeeded = true }, box.Host()).Kind);
            box.Box.Become("S2");
            Assert.Equal("Incremental", Verbs.Increment(box.Kept, box.Host()).Kind);
        }
    }

    [Fact]
    public void Where_nothing_can_be_kept_the_error_names_the_state_and_not_the_destination()
    {
        using var box = new SealedBox("SPG");
        box.Take("S0", settings: box.Kept);
        foreach (var code in new[] { ErrorCode.AccessDenied, ErrorCode.DiskFull, ErrorCode.WriteFailed })
        {
            var before = box.Box.Inventory();

            foreach (var isBegun in new[] { false, true })
            {
                var disk = new NothingNew(LocalDisk.Instance, box.State, code, isBegun);
                var error = Assert.Throws<BackupException>(() => Verbs.Full(box.Kept, box.Host(disk: disk)));

                Assert.Equal(code, error.Code);
                Assert.StartsWith(box.State, error.FullName, StringComparison.Ordinal);
                Assert.Contains("StatePath", error.Recommendation, StringComparison.Ordinal);
                Assert.Equal(before, box.Box.Inventory());
            }
        }
    }

    /// <summary>Below a folder no file can be made, or none can get its name.</summary>
    private sealed class NothingNew(IDisk inner, string folder, ErrorCode code, bool isBegun) : ForwardingDisk(inner)
    {
        public override IDiskFile CreateNew(string path, long preallocate = 0) =>
            isBegun ? Inner.CreateNew(path, preallocate) : Allowed(path).CreateNew(path, preallocate);

        public override void Replace(string from, string to) => Allowed(to).Replace(from, to);

        private IDisk Allowed(string path) =>
            path.StartsWith(folder, StringComparison.Ordinal) ? throw new BackupException(code, "no", path) : Inner;
    }

    [UnixFact]
    public void What_is_not_ours_beside_it_is_named_and_stays()
    {
        using var box = new SealedBox("SPG");
        box.Take("S0", settings: box.Kept);
        var folder = Path.GetDirectoryName(Assert.Single(box.StateFiles()))!;
        foreach (var (what, put) in Strange())
        {
            put(Path.Combine(folder, what));
            put(Path.Combine(folder, what + ".state"));
        }
        File.WriteAllText(Path.Combine(folder, "notes.txt"), "mine");
        box.Box.Warnings.Clear();

        box.Take("S1", settings: box.Kept);

        Assert.Equal("mine", File.ReadAllText(Path.Combine(folder, "notes.txt")));
        foreach (
            var name in new[]
            {
                "notes.txt",
                "a folder",
                "a folder.state",
                "a pipe",
                "a pipe.state",
                "a link to nothing",
            }
        )
        {
            Assert.Contains(box.Box.Warnings, w => w.Contains(Path.Combine(folder, name), StringComparison.Ordinal));
        }
        Assert.True(Directory.Exists(Path.Combine(folder, "a folder.state")));
    }

    [UnixFact]
    public void A_state_path_that_is_no_folder_is_refused_by_name_before_anything_is_read()
    {
        using var box = new SealedBox("SPG");
        foreach (var (what, put) in Strange().Where(s => s.What is not ("a folder" or "a link to nothing")))
        {
            put(box.State);
            var error = Assert.Throws<BackupException>(() => TakeBackup.Plan(box.Kept, box.Host()));
            Assert.True(error.Code == ErrorCode.InvalidOption, $"{what}: {error.Code}");
            Assert.Equal(box.State, error.FullName);
            File.Delete(box.State);
        }
        // A link to a folder is as good as the folder.
        Directory.CreateDirectory(box.Box.At("elsewhere"));
        File.CreateSymbolicLink(box.State, box.Box.At("elsewhere"));
        box.Take("S0", settings: box.Kept);
        box.Take("S1", settings: box.Kept);
        Assert.Equal(2, box.StateFiles().Count());
    }

    private static IEnumerable<string> Doubts(SealedBox box) =>
        box.Box.Warnings.Where(w => w.Contains("not encrypted for the same", StringComparison.Ordinal));

    private static (string What, Action<string> Put)[] Strange() =>
        [
            ("a folder", path => Directory.CreateDirectory(Path.Combine(path, "in it"))),
            ("a pipe", Posix.MakePipe),
            ("a link to nothing", path => File.CreateSymbolicLink(path, path + ".nothing")),
            (
                "a link to a pipe",
                path =>
                {
                    Posix.MakePipe(path + ".pipe");
                    File.CreateSymbolicLink(path, path + ".pipe");
                }
            ),
            ("a device", path => File.CreateSymbolicLink(path, "/dev/zero")),
            (
                "a huge file",
                path =>
                {
                    using var file = File.Create(path);
                    file.SetLength(1L << 40);
                }
            ),
        ];
}
