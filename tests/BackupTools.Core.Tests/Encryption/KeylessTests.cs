using BackupTools.Errors;
using BackupTools.Operations;
using BackupTools.Reports;
using BackupTools.Tests.Operations;

namespace BackupTools.Tests.Encryption;

/// <summary>What works in an encrypted folder without a key: to list, to compare what lies there, to copy, to prune.</summary>
public sealed class KeylessTests
{
    public static TheoryData<string> Engines => [.. EngineSandbox.All];

    [Theory]
    [MemberData(nameof(Engines))]
    public void Chains_are_listed_as_they_are_with_the_key(string engine)
    {
        using var box = new EncryptedBox(engine);
        box.CopyEncrypted();

        var with = Chains(box.Encrypted, box.Host(box.Key));
        var without = Chains(box.Encrypted, box.Host());

        Assert.Equal(with.Select(Public), without.Select(Public));
        Assert.All(without, chain => Assert.True(chain.IsValid));
        Assert.Equal(
            box.Chain.Select(b => b.Id).Order(),
            ReadHeaders.Read(box.Encrypted, false, null, box.Host()).Select(r => r.Bundle!.Id).Order()
        );
        // A bundle of the folder is found by its own path too.
        var bundle = with[^1].Bundles[^1];
        var path = Directory.Exists(bundle.FullName) ? bundle.FullName : bundle.FullName + ".age";
        var alone = Assert.Single(ReadHeaders.Read(path, false, null, box.Host()).ToList());
        Assert.Equal(bundle.Id, alone.Bundle!.Id);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void A_test_compares_sizes_and_digests_and_says_valid_of_nothing(string engine)
    {
        using var box = new EncryptedBox(engine);
        box.CopyEncrypted();

        var sound = Test(box);

        Assert.Null(sound.IsValid);
        Assert.Equal("Outer", sound.Checked);
        Assert.NotEmpty(sound.Plan);
        var told = Assert.Single(sound.Problems, p => p.Code == nameof(ErrorCode.IdentityRequired));
        Assert.Equal("Warning", told.Severity);
        foreach (var file in OwnFiles(box.Encrypted))
        {
            var bytes = File.ReadAllBytes(file);
            foreach (var at in new[] { 0, bytes.Length / 2, bytes.Length - 1 })
            {
                bytes[at] ^= 1;
                File.WriteAllBytes(file, bytes);
                Assert.Contains("ChecksumMismatch", Findings(box));
                bytes[at] ^= 1;
            }
            File.WriteAllBytes(file, bytes[..^1]);
            Assert.Contains("LengthMismatch", Findings(box));
            File.WriteAllBytes(file, bytes);
            File.Delete(file);
            Assert.Contains("MissingFile", Findings(box));
            File.WriteAllBytes(file, bytes);
        }
        Assert.Null(Test(box).IsValid);
        foreach (
            var more in new[]
            {
                new VerifySettings { Path = "", Deep = true },
                new() { Path = "", RestoreDrill = true },
            }
        )
        {
            Assert.Equal(
                ErrorCode.IdentityRequired,
                Code(() => Assert.Empty(VerifyChain.Run(more with { Path = box.Encrypted }, box.Host())))
            );
        }
    }

    /// <summary>Like a list of chains; and a test that could open nothing is no test that failed.</summary>
    [Theory]
    [MemberData(nameof(Engines))]
    public void A_report_tells_what_the_records_do_and_that_nothing_was_opened(string engine)
    {
        using var box = new EncryptedBox(engine);
        box.CopyEncrypted();
        BackupReport Report(OperationHost host, params ChainReport[] tests) =>
            ExportReport
                .Plan(
                    new ReportSettings
                    {
                        Folders = [box.Encrypted],
                        DestinationPath = box.Box.At("page.html"),
                        RecoveryPointObjective = TimeSpan.FromDays(1),
                        Tests = tests,
                    },
                    host
                )
                .Report;
        static string Told(DatabaseStatus s) =>
            $"{s.Database} {s.RestorableUtc:O} {s.IsLate} {string.Join(' ', s.Chains.SelectMany(c => c.Bundles).Select(b => $"{b.Name} {b.State}"))}";

        var with = Report(box.Host(box.Key));
        var without = Report(box.Host(), Test(box));

        Assert.Empty(without.Problems);
        Assert.Equal(with.Databases.Select(Told), without.Databases.Select(Told));
        Assert.True(without.IsHealthy);
        var status = Assert.Single(without.Databases);
        var told = Assert.Single(status.Chains[0].Problems);
        Assert.Equal((nameof(ErrorCode.IdentityRequired), "Warning"), (told.Code, told.Severity));
        Assert.Null(new DatabaseFacts(status).LastTestIsValid);
        // A file that is not whole is a finding, as it is with the key.
        var file = OwnFiles(box.Encrypted)[0];
        File.WriteAllBytes(file, File.ReadAllBytes(file)[..^1]);
        Assert.False(Report(box.Host()).IsHealthy);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void A_copy_takes_what_is_encrypted_as_it_is(string engine)
    {
        using var box = new EncryptedBox(engine);
        var last = box.Chain[^1].FullName;
        box.CopyEncrypted();
        var second = box.Box.At("second", Path.GetFileName(box.Box.Bundles));
        var settings = new CopySettings
        {
            Path = box.Encrypted,
            DestinationPath = second,
            Verify = true,
        };

        var first = Verbs.Copy(settings, box.Host());

        Assert.Equal(box.Chain.Select(b => b.Id), first.Copied.Select(b => b.Id));
        Assert.Null(first.IsValid);
        Assert.Equal(EngineSandbox.Tree(box.Encrypted), EngineSandbox.Tree(second));
        var before = box.Box.Inventory();
        var again = Verbs.Copy(settings, box.Host());
        Assert.Equal((0, box.Chain.Count), (again.Copied.Count, again.PresentCount));
        Assert.Equal(before, box.Box.Inventory());
        foreach (var bundle in box.Chain)
        {
            Assert.Equal(box.RestoredOf(box.Encrypted, bundle), box.RestoredOf(second, bundle));
        }
        // What is damaged is not handed on.
        var third = box.Box.At("third");
        var file = OwnFiles(box.Encrypted).First(f => f.Contains(Path.GetFileName(last), StringComparison.Ordinal));
        var bytes = File.ReadAllBytes(file);
        bytes[^1] ^= 1;
        File.WriteAllBytes(file, bytes);
        var damaged = Verbs.Copy(settings with { DestinationPath = third, Verify = false }, box.Host());
        Assert.Equal((false, box.Chain.Count - 1), (damaged.IsValid, damaged.Copied.Count));
        Assert.Contains(damaged.Problems, p => p.Code == nameof(ErrorCode.ChecksumMismatch));
        Assert.Equal(
            ErrorCode.InvalidOption,
            Code(() => Verbs.Copy(settings with { DestinationPath = box.CopyPlain() }, box.Host()))
        );
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void What_is_expired_is_removed_with_the_key_and_without(string engine)
    {
        foreach (var withKey in new[] { true, false })
        {
            using var box = new EncryptedBox(engine);
            box.Box.Become("S1");
            var later = box.Box.Full(box.Box.Settings());
            box.CopyEncrypted(null, $"{box.Key.Recipient}", $"{box.Other.Recipient}");
            var settings = new ExpirySettings { Path = box.Encrypted, KeepLast = 1 };
            // Grafeo's full comes with an increment.
            var stays = box.Box.Chains()[^1].Bundles.Select(b => b.Id).ToList();
            var restored = box.RestoredOf(box.Encrypted, later);
            var before = EngineSandbox.Tree(box.Encrypted);
            if (engine == "Grafeo" && !withKey)
            {
                Assert.Equal(ErrorCode.IdentityRequired, Code(() => Verbs.Expire(settings, box.Host())));
                Assert.Equal(before, EngineSandbox.Tree(box.Encrypted));
                continue;
            }

            var report = Verbs.Expire(settings, box.Host(withKey ? box.Key : null));

            Assert.Equal(box.Chain.Count, report.RemovedCount);
            foreach (var key in new[] { box.Key, box.Other })
            {
                var left = Assert.Single(Chains(box.Encrypted, box.Host(key)));
                Assert.Equal(stays, left.Bundles.Select(b => b.Id));
                Assert.Empty(left.Problems);
                Assert.True(
                    Assert
                        .Single(
                            VerifyChain.Run(new VerifySettings { Path = box.Encrypted, Deep = true }, box.Host(key))
                        )
                        .IsValid
                );
            }
            Assert.Equal(stays, Assert.Single(Chains(box.Encrypted, box.Host())).Bundles.Select(b => b.Id));
            Assert.Equal(stays.Count, Records(box).Count);
            Assert.Equal(restored, box.RestoredOf(box.Encrypted, later));
        }
    }

    /// <summary>A newer state that is not whole must not cost an older one that is.</summary>
    [Theory]
    [MemberData(nameof(Engines))]
    public void A_bundle_that_lacks_something_takes_no_others_place(string engine)
    {
        using var box = new EncryptedBox(engine);
        box.Box.Become("S1");
        var later = box.Box.Full(box.Box.Settings());
        box.CopyEncrypted();
        var file = OwnFiles(box.Encrypted).First(f => f.Contains(later.Name, StringComparison.Ordinal));
        File.WriteAllBytes(file, File.ReadAllBytes(file)[..^1]);

        var plan = ExpireBackups.Plan(new ExpirySettings { Path = box.Encrypted, KeepLast = 1 }, box.Host());

        Assert.True(plan.Report.Decisions.Single(d => d.CreatedUtc == box.Chain[^1].CreatedUtc).Keep);
    }

    [Fact]
    public void Records_that_cannot_be_right_are_named_and_lead_nowhere()
    {
        using var box = new EncryptedBox("PowDB");
        box.CopyEncrypted();
        var path = Records(box)[0];
        var text = File.ReadAllText(path);
        var id = Assert.Single(box.Chain, b => text.Contains($"\"id\": \"{b.Id}\"", StringComparison.Ordinal)).Id;
        foreach (
            var (bad, code) in new[]
            {
                (
                    text.Replace("\"version\": 3", "\"version\": 2", StringComparison.Ordinal),
                    ErrorCode.UnsupportedVersion
                ),
                (
                    text.Replace("\"version\": 3", "\"version\": 4", StringComparison.Ordinal),
                    ErrorCode.UnsupportedVersion
                ),
                ("{\"version\": 3}", ErrorCode.Malformed),
                ("{", ErrorCode.Malformed),
                (text.Replace(id, "short", StringComparison.Ordinal), ErrorCode.Malformed),
                (text.Replace(id, new string('a', id.Length), StringComparison.Ordinal), ErrorCode.Malformed),
                (text.Replace("\"name\": \"", "\"name\": \"../", StringComparison.Ordinal), ErrorCode.Malformed),
                (text.Replace("\"length\": ", "\"length\": -", StringComparison.Ordinal), ErrorCode.Malformed),
                (
                    text.Replace("\"length\": ", "\"length\": 9", StringComparison.Ordinal)
                        .Replace("\"length\": ", "\"length\": 99999999999", StringComparison.Ordinal),
                    ErrorCode.Malformed
                ),
                (
                    text.Replace(
                        "\"createdUtc\": \"2",
                        "\"createdUtc\": \"9999-12-31T00:00:00+00:00\", \"was\": \"2",
                        StringComparison.Ordinal
                    ),
                    ErrorCode.Malformed
                ),
            }
        )
        {
            Assert.NotEqual(text, bad);
            File.WriteAllText(path, bad);
            var readings = ReadChains.Read(box.Encrypted, false, null, box.Host()).ToList();
            Assert.Contains(readings, r => r.Error is { } e && e.Code == code && e.FullName == path);
            // Nobody knows whether its bundle is there.
            Assert.Equal(code, Code(() => box.CopyEncrypted()));
            // Whoever has the key reads the bundles themselves.
            Assert.Equal(box.Chain.Count, Assert.Single(Chains(box.Encrypted, box.Host(box.Key))).Bundles.Count);
        }
    }

    private static List<ChainInfo> Chains(string folder, OperationHost host) =>
        [.. ReadChains.Read(folder, false, null, host).Select(r => r.Chain ?? throw r.Error!)];

    private static ChainReport Test(EncryptedBox box) =>
        VerifyChain.Run(new VerifySettings { Path = box.Encrypted }, box.Host()).First();

    /// <summary>What a test finds, in its report or as its error.</summary>
    private static string Findings(EncryptedBox box)
    {
        try
        {
            var reports = VerifyChain.Run(new VerifySettings { Path = box.Encrypted }, box.Host()).ToList();
            Assert.Contains(reports, r => r.IsValid == false);
            Assert.DoesNotContain(reports, r => r.IsValid == true);
            return string.Join(' ', reports.SelectMany(r => r.Problems).Select(p => p.Code));
        }
        catch (BackupException e)
        {
            return $"{e.Code}";
        }
    }

    /// <summary>All that does not lie in the files themselves.</summary>
    private static string Public(ChainInfo chain) =>
        string.Join(
            '\n',
            chain
                .Bundles.Select(b =>
                    $"{b.Engine} {b.Kind} {b.Id} {b.ParentId} {b.ChainId} {b.StartPosition} {b.EndPosition} {b.PositionUnit} "
                    + $"{b.CreatedUtc:O} {b.FullName} {b.Format} {b.Series} {b.Database}"
                )
                .Append(
                    $"{chain.ChainId} {chain.Series} {chain.EndPosition} {chain.NewestUtc:O} {chain.Timeline.Split(" shares ")[0]}"
                )
        );

    private static List<string> Records(EncryptedBox box) =>
        [.. Directory.EnumerateFiles(Path.Combine(box.Encrypted, ".backuptools-age"), "*.json").Order()];

    /// <summary>The files that records speak of.</summary>
    private static List<string> OwnFiles(string folder) =>
        [
            .. Directory
                .EnumerateFiles(folder, "*.age", SearchOption.AllDirectories)
                .Where(f => !f.Contains(".backuptools-age", StringComparison.Ordinal))
                .Where(f => Path.GetFileName(f) is not ("backup_manifest.json.age" or "latest.age")),
        ];

    private static ErrorCode? Code(Action act) =>
        Record.Exception(act) is { } e ? Assert.IsType<BackupException>(e).Code : null;
}
