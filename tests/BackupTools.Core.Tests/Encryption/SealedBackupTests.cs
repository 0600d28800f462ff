using System.Collections.Concurrent;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.Age;
using BackupTools.Operations;
using BackupTools.Tests.Operations;

namespace BackupTools.Tests.Encryption;

/// <summary>Backups straight into an encrypted folder, with the key at hand.</summary>
public sealed class SealedBackupTests
{
    public static TheoryData<string> Engines => [.. EngineSandbox.All];

    [Theory]
    [MemberData(nameof(Engines))]
    public void Backups_into_an_encrypted_folder_restore_to_what_plain_ones_do(string engine)
    {
        using var box = new SealedBox(engine);
        foreach (var state in new[] { "S0", "S1", "S2" })
        {
            box.Take(state, box.Key);
        }

        box.IsThatOf(box.Box.Bundles, box.Encrypted);
        box.IsThatOf(box.Box.Bundles, box.Decrypted());
        Assert.All(
            VerifyChain.Run(new VerifySettings { Path = box.Encrypted, Deep = true }, box.Host(box.Key)),
            report => Assert.True(report.IsValid)
        );
        Assert.False(Directory.Exists(box.Spool), "the spool is gone with the run");
        Assert.Empty(box.Box.Leftovers());
    }

    [AgeTheory]
    [MemberData(nameof(Engines))]
    public void The_age_program_decrypts_them_file_by_file(string engine)
    {
        using var box = new SealedBox(engine);
        foreach (var state in new[] { "S0", "S1", "S2" })
        {
            box.Take(state, box.Key);
        }

        box.IsThatOf(box.Box.Bundles, box.Decrypted(byAge: true));
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void Without_the_key_they_are_listed_as_they_are_with_it(string engine)
    {
        using var box = new SealedBox(engine);
        foreach (var state in new[] { "S0", "S1", "S2" })
        {
            box.Take(state, box.Key);
        }

        var with = ReadChains.Read(box.Encrypted, false, null, box.Host(box.Key)).Select(r => r.Chain!).ToList();
        var without = ReadChains.Read(box.Encrypted, false, null, box.Host()).Select(r => r.Chain!).ToList();

        Assert.Equal(
            with.SelectMany(c => c.Bundles).Select(b => (b.Id, b.Kind, b.StartPosition, b.EndPosition, b.CreatedUtc)),
            without.SelectMany(c => c.Bundles).Select(b => (b.Id, b.Kind, b.StartPosition, b.EndPosition, b.CreatedUtc))
        );
        Assert.Equal(with.Select(c => c.ChainId), without.Select(c => c.ChainId));
        Assert.All(
            VerifyChain.Run(new VerifySettings { Path = box.Encrypted }, box.Host()),
            report => Assert.Equal((null, "Outer"), (report.IsValid, report.Checked))
        );
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void Nothing_plain_is_ever_written_to_the_folder_and_nothing_is_left_of_what_was(string engine)
    {
        using var box = new SealedBox(engine);
        var disk = new CreationDisk();
        foreach (var state in new[] { "S0", "S1", "S2" })
        {
            box.Take(state, box.Key, box.Kept, disk);
        }

        var below = disk.Created.Where(p => p.StartsWith(box.Encrypted, StringComparison.Ordinal)).ToList();
        var plain = below.Where(p => !p.EndsWith(".age", StringComparison.Ordinal)).ToList();
        // The records of bundles, and the journal of each publication.
        Assert.All(
            plain,
            p => Assert.Contains(Path.GetFileName(p), new[] { "record", "record-2", ".backuptools-journal.tmp" })
        );
        Assert.NotEmpty(below.Except(plain));
        Assert.All(
            Directory.EnumerateFiles(box.Encrypted, "*.age", SearchOption.AllDirectories),
            f => Assert.True(AgeHeader.Begins(File.ReadAllBytes(f)), f)
        );
        Assert.False(Directory.Exists(box.Spool));
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void A_chain_is_merged_in_its_encrypted_folder(string engine)
    {
        using var box = new SealedBox(engine);
        foreach (var state in new[] { "S0", "S1", "S2" })
        {
            box.Take(state, box.Key);
        }
        var last = box.BundlesOf(box.Encrypted)[^1];
        var expected = box.RestoredOf(box.Encrypted, last);
        var settings = new MergeSettings { Path = box.Encrypted, DestinationPath = box.Encrypted };
        var before = box.Box.Inventory();

        Assert.Equal(ErrorCode.InvalidOption, Code(() => Verbs.Merge(settings, box.Host())));
        Assert.Equal(before, box.Box.Inventory());
        // Into a folder of its own for another key, and where the chain is for those that it is for.
        var other = box.Box.At("m", Path.GetFileName(box.Box.Bundles));
        Verbs.Merge(
            settings with
            {
                DestinationPath = other,
                Recipients = [$"{box.Other.Recipient}"],
            },
            box.Host(box.Key)
        );
        Assert.All(
            VerifyChain.Run(new VerifySettings { Path = other, Deep = true }, box.Host(box.Other)),
            report => Assert.True(report.IsValid)
        );
        Assert.Equal(ErrorCode.IdentityMismatch, Code(() => box.BundlesOf(other)));
        if (engine != "SQLite") // has a full up to that transaction only once
        {
            var merged = Verbs.Merges(settings, box.Host(box.Key));
            Assert.Contains(merged, m => m.Kind == "Full");
            Assert.Equal(expected, box.RestoredOf(box.Encrypted, merged[^1]));
        }
        Assert.All(
            Directory
                .EnumerateFiles(box.Encrypted, "*", SearchOption.AllDirectories)
                .Where(f => !f.EndsWith(".json", StringComparison.Ordinal)),
            f => Assert.True(AgeHeader.Begins(File.ReadAllBytes(f)), f)
        );
        Assert.False(Directory.Exists(box.Spool));
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void What_would_mix_plain_and_encrypted_is_refused(string engine)
    {
        using var box = new SealedBox(engine);
        box.Take("S0", box.Key);
        var before = box.Box.Inventory();

        foreach (
            var (settings, advice) in new[]
            {
                (box.Box.Settings() with { DestinationPath = box.Encrypted }, "Recipient"),
                (box.ToKey with { DestinationPath = box.Box.Bundles }, "folder of its own"),
                (box.ToKey with { Recipients = ["age1nobody"] }, ""),
                (box.Kept with { StatePath = Path.Combine(box.Encrypted, "state") }, "StatePath"),
                (box.Box.Settings() with { StatePath = box.State }, ""),
            }
        )
        {
            var error = Assert.Throws<BackupException>(() => Verbs.Full(settings, box.Host(box.Key)));
            Assert.Equal(ErrorCode.InvalidOption, error.Code);
            Assert.Contains(advice, error.Recommendation, StringComparison.Ordinal);
        }
        // Without the key an increment has nothing to go by, and says so.
        Assert.Equal(ErrorCode.IdentityRequired, Code(() => Verbs.Increment(box.ToKey, box.Host())));
        Assert.Equal(ErrorCode.IdentityMismatch, Code(() => Verbs.Increment(box.ToKey, box.Host(box.Other))));
        Assert.Equal(before, box.Box.Inventory());
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void Without_the_key_a_full_is_taken_in_place_of_an_increment(string engine)
    {
        using var box = new SealedBox(engine);
        box.Take("S0");
        box.Box.Become("S1");
        box.Box.Full();
        if (engine == "Grafeo") // the manifest is rewritten, and must be read for that
        {
            Assert.Equal(
                ErrorCode.IdentityRequired,
                Code(() => Verbs.Increment(box.ToKey with { FullIfNeeded = true }, box.Host()))
            );
            return;
        }

        var full = Verbs.Increment(box.ToKey with { FullIfNeeded = true }, box.Host());

        Assert.Equal("Full", full.Kind);
        Assert.Contains(box.Box.Warnings, w => w.Contains("full backup is taken instead", StringComparison.Ordinal));
        box.IsThatOf(box.Box.Bundles, box.Encrypted);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void What_a_killed_run_left_in_clear_is_removed_by_the_next(string engine)
    {
        using var box = new SealedBox(engine);
        box.Take("S0", box.Key);
        var left = Path.Combine(box.Spool, ".backuptools-1-20200101T000000Z-0123abcd.staging");
        Directory.CreateDirectory(left);
        File.WriteAllText(Path.Combine(left, "bundle"), "in clear");

        box.Take("S1", box.Key);

        Assert.Empty(Directory.EnumerateFileSystemEntries(box.Spool));
    }

    private static ErrorCode? Code(Action act) =>
        Record.Exception(act) is { } e ? Assert.IsType<BackupException>(e).Code : null;

    /// <summary>Notes what is created.</summary>
    private sealed class CreationDisk() : ForwardingDisk(LocalDisk.Instance)
    {
        public ConcurrentBag<string> Created { get; } = [];

        public override IDiskFile CreateNew(string path, long preallocate = 0)
        {
            Created.Add(path);
            return base.CreateNew(path, preallocate);
        }
    }
}
