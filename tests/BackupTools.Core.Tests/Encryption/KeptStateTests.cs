using BackupTools.Encryption;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Operations;
using BackupTools.Tests.Files;
using BackupTools.Tests.Operations;

namespace BackupTools.Tests.Encryption;

/// <summary>Increments into an encrypted folder without a key: by what this machine keeps of the bundles.</summary>
public sealed class KeptStateTests
{
    private const int Tries = 12;

    public static TheoryData<string> Engines => [.. EngineSandbox.Names];

    public static TheoryData<string, bool> Faults =>
        new(EngineSandbox.Names.SelectMany(e => new[] { (e, true), (e, false) }));

    [Theory]
    [MemberData(nameof(Engines))]
    public void Increments_without_the_key_restore_to_what_plain_ones_do(string engine)
    {
        using var box = new SealedBox(engine);
        foreach (var state in new[] { "S0", "S1", "S2" })
        {
            var made = box.Take(state, settings: box.Kept);
            Assert.Equal(box.Box.Chains()[^1].Bundles[^1].Kind, box.BundlesOf(box.Encrypted)[^1].Kind);
            Assert.True(made.Length > 0);
        }

        box.IsThatOf(box.Box.Bundles, box.Encrypted);
        box.IsThatOf(box.Box.Bundles, box.Decrypted());
        Assert.All(
            VerifyChain.Run(new VerifySettings { Path = box.Encrypted, Deep = true }, box.Host(box.Key)),
            report => Assert.True(report.IsValid)
        );
        Assert.Empty(box.Box.Leftovers());
        Assert.DoesNotContain(box.Box.Warnings, w => w.Contains("cannot be used", StringComparison.Ordinal));
    }

    /// <summary>With the key and without, in turns.</summary>
    [Theory]
    [MemberData(nameof(Engines))]
    public void An_increment_with_the_key_is_gone_on_with_without_it(string engine)
    {
        using var box = new SealedBox(engine);
        box.Take("S0", settings: box.Kept);
        box.Take("S1", box.Key, box.Kept);
        box.Take("S2", settings: box.Kept);

        box.IsThatOf(box.Box.Bundles, box.Encrypted);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void What_has_not_changed_makes_no_bundle(string engine)
    {
        using var box = new SealedBox(engine);
        box.Take("S0", settings: box.Kept);
        box.Take("S1", settings: box.Kept);
        var count = box.BundlesOf(box.Encrypted).Count;

        Assert.Empty(Verbs.Increments(box.Kept with { AllowEmpty = false }, box.Host()));
        Assert.Empty(Verbs.Increments(box.Kept with { AllowEmpty = false }, box.Host()));

        Assert.Equal(count, box.BundlesOf(box.Encrypted).Count);
        // What somebody else has encrypted here is no bundle.
        File.WriteAllBytes(
            Path.Combine(box.Encrypted, "letter.txt.age"),
            AgeFile.Encrypt([1, 2, 3], box.Other.Recipient)
        );
        box.Take("S2", settings: box.Kept);
    }

    [Fact]
    public void A_table_that_stays_is_one_encrypted_file_for_several_snapshots()
    {
        using var box = new SealedBox("Alopex");
        box.Take("S0", settings: box.Kept);
        box.Take("S1", settings: box.Kept);

        var tables = Directory
            .EnumerateFiles(box.Encrypted, "*.sst.age", SearchOption.AllDirectories)
            .Select(f => LocalDisk.Instance.Stat(f)!)
            .ToList();

        Assert.Contains(tables, t => t.LinkCount > 1);
        Assert.Contains(tables.GroupBy(t => t.Inode), g => g.Count() > 1);
        // What stands for it goes from state to state.
        box.Take("S2", settings: box.Kept);
        box.IsThatOf(box.Box.Bundles, box.Encrypted);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void Signed_increments_without_the_key_are_what_the_signer_signed(string engine)
    {
        using var box = new SealedBox(engine);
        var signer = SigningKey.New();
        File.WriteAllBytes(box.Box.At("sign.txt"), signer.Write(DateTimeOffset.UnixEpoch));
        var settings = box.Kept with { SigningKeyPath = box.Box.At("sign.txt") };
        foreach (var state in new[] { "S0", "S1", "S2" })
        {
            box.Take(state, settings: settings);
        }

        var trusting = box.Host(box.Key, trusted: $"{signer.Public}");
        var reports = VerifyChain.Run(new VerifySettings { Path = box.Encrypted, Deep = true }, trusting).ToList();

        Assert.NotEmpty(reports);
        Assert.All(reports, report => Assert.True(report.IsValid));
        box.IsThatOf(box.Box.Bundles, box.Encrypted);
        // One that the key has not signed is nothing to build on.
        var other = SigningKey.New();
        File.WriteAllBytes(box.Box.At("sign.txt"), other.Write(DateTimeOffset.UnixEpoch));
        Assert.Equal(ErrorCode.NoFullBackup, Code(() => Verbs.Increment(settings, box.Host())));
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void Nothing_of_the_database_lies_in_what_is_kept(string engine)
    {
        using var box = new SealedBox(engine);
        var contents = new HashSet<string>(StringComparer.Ordinal);
        foreach (var state in new[] { "S0", "S1", "S2" })
        {
            box.Take(state, settings: box.Kept);
            contents.UnionWith(ContentsOf(box.Box));
        }
        Assert.True(contents.Count > 20, $"{contents.Count} pieces");

        var kept = string.Concat(
            box.StateFiles().Select(f => System.Text.Encoding.Latin1.GetString(File.ReadAllBytes(f)) + "\n")
        );

        Assert.NotEmpty(kept);
        Assert.DoesNotContain(contents, c => kept.Contains(c, StringComparison.Ordinal));
        if (!OperatingSystem.IsWindows())
        {
            foreach (var entry in Directory.EnumerateFileSystemEntries(box.State, "*", SearchOption.AllDirectories))
            {
                Assert.Equal(
                    UnixFileMode.UserRead
                        | UnixFileMode.UserWrite
                        | (Directory.Exists(entry) ? UnixFileMode.UserExecute : UnixFileMode.None),
                    File.GetUnixFileMode(entry)
                );
            }
        }
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void A_state_that_is_missing_damaged_or_of_another_bundle_is_used_for_nothing(string engine)
    {
        using var box = new SealedBox(engine);
        box.Take("S0", settings: box.Kept);
        var first = box.StateFiles().ToDictionary(f => f, File.ReadAllBytes);
        box.Take("S1", settings: box.Kept);
        box.Box.Become("S2");
        var all = box.StateFiles().ToDictionary(f => f, File.ReadAllBytes);
        var newest = all.Keys.Except(first.Keys).First();
        var before = box.BundlesOf(box.Encrypted).Count;
        void Refused(string why)
        {
            Assert.True(Code(() => Verbs.Increment(box.Kept, box.Host())) == ErrorCode.IdentityRequired, why);
            Assert.Equal(before, box.BundlesOf(box.Encrypted).Count);
        }

        File.Delete(newest);
        Refused("missing");
        File.WriteAllBytes(newest, first.Values.First());
        Refused("of another bundle");
        foreach (var at in Enumerable.Range(0, 9).Select(i => i * (all[newest].Length - 1) / 8))
        {
            var changed = (byte[])all[newest].Clone();
            changed[at] ^= 1;
            File.WriteAllBytes(newest, changed);
            if (Code(() => Verbs.Increment(box.Kept, box.Host())) is { } code)
            {
                Assert.Equal((at, ErrorCode.IdentityRequired), (at, code));
                Assert.Equal(before, box.BundlesOf(box.Encrypted).Count);
            }
            else
            {
                // What was changed was needed for nothing.
                box.Box.Increment();
                box.IsThatOf(box.Box.Bundles, box.Encrypted);
                return;
            }
        }
        File.WriteAllBytes(newest, all[newest][..^1]);
        Refused("cut");
        File.WriteAllBytes(newest, []);
        Refused("empty");
        File.WriteAllBytes(newest, all[newest]);
        Verbs.Increment(box.Kept, box.Host());
        box.Box.Increment();
        box.IsThatOf(box.Box.Bundles, box.Encrypted);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void A_bundle_that_was_replaced_is_built_on_by_nothing_that_was_kept_of_it(string engine)
    {
        using var box = new SealedBox(engine);
        box.Take("S0", settings: box.Kept);
        // The very bundle, encrypted anew, as from another copy.
        var plain = box.Decrypted();
        Directory.Delete(box.Encrypted, recursive: true);
        Verbs.Copy(
            new CopySettings
            {
                Path = plain,
                DestinationPath = box.Encrypted,
                Recipients = [$"{box.Key.Recipient}"],
            },
            box.Host()
        );
        box.Box.Become("S1");

        Assert.Equal(ErrorCode.IdentityRequired, Code(() => Verbs.Increment(box.Kept, box.Host())));
    }

    /// <summary>Found by hand: increments were taken on a parent that nobody could restore any more.</summary>
    [Theory]
    [MemberData(nameof(Engines))]
    public void A_changed_byte_in_the_parent_makes_no_increment_without_the_key(string engine)
    {
        using var box = new SealedBox(engine);
        box.Take("S0", settings: box.Kept);
        var file = Directory
            .GetFiles(box.Encrypted, "*.age", SearchOption.AllDirectories)
            .Where(f =>
                !f.Contains(".backuptools-age", StringComparison.Ordinal)
                && !f.EndsWith("manifest.json.age", StringComparison.Ordinal)
            )
            .MaxBy(f => new FileInfo(f).Length)!;
        var bytes = File.ReadAllBytes(file);
        bytes[^30] ^= 1;
        File.WriteAllBytes(file, bytes);
        box.Box.Become("S1");

        Assert.Equal(ErrorCode.ContinuityNotProved, Code(() => Verbs.Increment(box.Kept, box.Host())));
        Assert.Equal("Full", Verbs.Increment(box.Kept with { FullIfNeeded = true }, box.Host()).Kind);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void A_state_that_was_lost_costs_a_full_and_what_follows_is_known_again(string engine)
    {
        using var box = new SealedBox(engine);
        box.Take("S0", settings: box.Kept);
        Directory.Delete(box.State, recursive: true);
        box.Box.Become("S1");
        box.Box.Full();
        var settings = box.Kept with { FullIfNeeded = true };
        if (engine == "Grafeo") // the manifest was kept with it
        {
            Assert.Equal(ErrorCode.IdentityRequired, Code(() => Verbs.Increment(settings, box.Host())));
            Assert.Equal("Full", Verbs.Full(box.Kept, box.Host(box.Key)).Kind);
        }
        else
        {
            Assert.Equal("Full", Verbs.Increment(settings, box.Host()).Kind);
        }
        box.Take("S2", settings: settings);

        box.IsThatOf(box.Box.Bundles, box.Encrypted);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void What_is_kept_of_bundles_that_are_gone_goes_with_the_next_run(string engine)
    {
        using var box = new SealedBox(engine);
        box.Take("S0", settings: box.Kept);
        var first = box.StateFiles().ToList();
        box.Box.Become("S1");
        box.Box.Full();
        Verbs.Full(box.Kept, box.Host());
        var second = box.StateFiles().Except(first).ToList();
        Verbs.Expire(new ExpirySettings { Path = box.Encrypted, KeepLast = 1 }, box.Host(box.Key));

        box.Take("S2", engine == "Grafeo" ? box.Key : null, box.Kept); // a prune rewrites its manifest

        Assert.Empty(box.StateFiles().Intersect(first));
        Assert.Equal(second, box.StateFiles().Intersect(second));
        Assert.Equal(
            box.RestoredOf(box.Box.Bundles, box.Box.Chains()[^1].Bundles[^1]),
            box.RestoredOf(box.Encrypted, box.BundlesOf(box.Encrypted)[^1])
        );
    }

    [Theory]
    [MemberData(nameof(Faults))]
    public void A_run_that_broke_off_at_any_step_is_gone_on_with_without_the_key(string engine, bool isKilled)
    {
        int steps;
        using (var box = new SealedBox(engine))
        {
            box.Take("S0", settings: box.Kept);
            box.Box.Become("S1");
            var disk = new FaultyDisk(LocalDisk.Instance);
            Verbs.Increment(box.Kept, box.Host(disk: disk));
            steps = disk.Steps;
        }
        Assert.InRange(steps, 20, 2000);
        for (var i = 0; i < Tries; i++)
        {
            var step = 1 + (i * (steps - 1) / (Tries - 1));
            using var box = new SealedBox(engine);
            box.Take("S0", settings: box.Kept);
            box.Box.Become("S1");
            var disk = isKilled
                ? new FaultyDisk(LocalDisk.Instance) { KillAt = step }
                : new FaultyDisk(LocalDisk.Instance) { FailAt = step };
            var error = Record.Exception(() => Verbs.Increment(box.Kept, box.Host(disk: disk)));
            Assert.True(
                isKilled ? error is KilledException : error is null or BackupException { Code: ErrorCode.DiskFull },
                $"{step}: {error}"
            );

            box.Box.Become("S2");
            var last = Verbs.Increment(box.Kept, box.Host());

            Assert.Equal("Incremental", engine == "Alopex" ? "Incremental" : last.Kind);
            box.Box.Full();
            Assert.Equal(
                box.RestoredOf(box.Box.Bundles, box.Box.Chains()[^1].Bundles[^1]),
                box.RestoredOf(box.Encrypted, box.BundlesOf(box.Encrypted)[^1])
            );
            Assert.All(
                VerifyChain.Run(new VerifySettings { Path = box.Encrypted }, box.Host(box.Key)),
                chain => Assert.True(chain.IsValid, $"{step}")
            );
            Assert.Empty(box.Box.Leftovers());
        }
    }

    private static ErrorCode? Code(Action act) =>
        Record.Exception(act) is { } e ? Assert.IsType<BackupException>(e).Code : null;

    /// <summary>
    /// Pieces of the source's files, of bytes that tell something. Not the heads of files, which say what they are and which
    /// of several.
    /// </summary>
    private static List<string> ContentsOf(EngineSandbox box)
    {
        const int Piece = 16;
        string[] files = File.Exists(box.Source)
            ?
            [
                .. Directory
                    .EnumerateFiles(box.Folder)
                    .Where(f =>
                        Path.GetFileName(f)
                            .StartsWith(Path.GetFileNameWithoutExtension(box.Source) + ".", StringComparison.Ordinal)
                    ),
                .. Directory.Exists(box.Source + ".wal") ? Directory.EnumerateFiles(box.Source + ".wal", "*.log") : [],
            ]
            : Directory.GetFiles(box.Source, "*", SearchOption.AllDirectories);
        var pieces = new List<string>();
        foreach (var file in files.Where(f => Path.GetFileName(f) != "checkpoint.meta"))
        {
            var head = file.EndsWith(".grafeo", StringComparison.Ordinal) ? 3 * 4096 : 128;
            var bytes = File.ReadAllBytes(file).AsSpan();
            for (var at = head; at + Piece <= Math.Min(bytes.Length, 1 << 20); at += 4)
            {
                var piece = System.Text.Encoding.Latin1.GetString(bytes.Slice(at, Piece));
                if (piece.Distinct().Count() > 5)
                {
                    pieces.Add(piece);
                }
            }
        }
        return pieces;
    }
}
