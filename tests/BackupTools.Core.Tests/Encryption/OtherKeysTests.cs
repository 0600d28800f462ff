using BackupTools.Errors;
using BackupTools.Operations;
using BackupTools.Reports;
using BackupTools.Tests.Operations;

namespace BackupTools.Tests.Encryption;

/// <summary>A folder in which one chain is for one key and the next for another.</summary>
public sealed class OtherKeysTests
{
    public static TheoryData<string> Engines => [.. EngineSandbox.Names];

    /// <summary>Those whose older chain can be read with the older key: Grafeo's manifest is for whom the newest is for.</summary>
    public static TheoryData<string> Older => [.. EngineSandbox.Names.Where(e => e != "Grafeo")];

    /// <summary>Those of them with increments: each snapshot of Alopex is a chain.</summary>
    public static TheoryData<string> Chained => [.. EngineSandbox.Names.Where(e => e is not ("Grafeo" or "Alopex"))];

    [Theory]
    [MemberData(nameof(Engines))]
    public void Who_has_the_newer_key_restores_the_newest_state_and_goes_on(string engine)
    {
        using var box = new SealedBox(engine);
        var newer = TwoChains(box);
        var settings = ForOther(box);

        var chain = Assert.Single(Chains(box, box.Encrypted, box.Host(box.Other)));
        Assert.Contains(newer.FullName, chain.Bundles.Select(b => b.FullName));
        Assert.Equal(Bytes(box), Restored(box, box.Host(box.Other), null));
        box.Box.Become("S2");
        Verbs.Increment(settings, box.Host(box.Other));
        Assert.Equal(
            chain.Bundles.Count + 1,
            Chains(box, box.Encrypted, box.Host(box.Other)).Sum(c => c.Bundles.Count)
        );
        Assert.Equal(Bytes(box), Restored(box, box.Host(box.Other), null));
    }

    [Theory]
    [MemberData(nameof(Older))]
    public void Who_has_the_older_key_must_name_the_chain(string engine)
    {
        using var box = new SealedBox(engine);
        TwoChains(box);
        OperationHost Host() => box.Host(box.Key);
        var readings = ReadChains.Read(box.Encrypted, false, null, Host()).ToList();
        var chain = readings.Last(r => r.Chain is not null).Chain!;
        Assert.All(readings.Where(r => r.Chain is null), r => Assert.Equal(ErrorCode.IdentityMismatch, r.Error!.Code));
        Assert.True(readings.Count > 1);

        var error = Assert.Throws<BackupException>(() => Restored(box, Host(), null));
        Assert.Equal(ErrorCode.IdentityMismatch, error.Code);
        Assert.Contains("ChainId", error.Recommendation, StringComparison.Ordinal);
        Assert.Contains(
            VerifyChain.Run(new VerifySettings { Path = box.Encrypted }, Host()),
            report => report.IsValid == false
        );

        var inClear = box.RestoredOf(box.Box.Bundles, box.BundlesOf(box.Box.Bundles)[1]);
        Assert.Equal(inClear, Restored(box, Host(), chain.ChainId));
        var named = new VerifySettings
        {
            Path = box.Encrypted,
            ChainId = chain.ChainId,
            Deep = true,
        };
        var tested = Assert.Single(VerifyChain.Run(named, Host()));
        Assert.True(tested.IsValid);
        Assert.Contains(tested.Problems, p => p is { Code: "IdentityMismatch", Severity: "Warning" });
        var copy = new CopySettings
        {
            Path = box.Encrypted,
            ChainId = chain.ChainId,
            DestinationPath = box.Box.At("c", Path.GetFileName(box.Box.Bundles)),
        };
        Assert.Equal(chain.Bundles.Count, Verbs.Copy(copy, Host()).Copied.Count);
        Assert.Equal(chain.EndPosition, Assert.Single(Chains(box, copy.DestinationPath, Host())).EndPosition);
    }

    [Theory]
    [MemberData(nameof(Chained))]
    public void No_increment_goes_onto_the_older_chain_unless_it_is_named(string engine)
    {
        using var box = new SealedBox(engine);
        TwoChains(box);
        var id = Chains(box, box.Encrypted, box.Host(box.Key))[^1].ChainId;
        box.Box.Become("S2");
        var before = box.Box.Inventory();

        var error = Assert.Throws<BackupException>(() => Verbs.Increment(box.ToKey, box.Host(box.Key)));
        Assert.Equal(ErrorCode.IdentityRequired, error.Code);
        Assert.Equal(before, box.Box.Inventory());
        Assert.Equal("Full", Verbs.Increment(box.ToKey with { FullIfNeeded = true }, box.Host(box.Key)).Kind);
        Verbs.Increment(box.ToKey with { ChainId = id }, box.Host(box.Key));
        Assert.Equal(Bytes(box), Restored(box, box.Host(box.Key), id));
    }

    [Theory]
    [MemberData(nameof(Older))]
    public void What_has_no_record_may_continue_any_chain(string engine)
    {
        using var box = new SealedBox(engine);
        TwoChains(box);
        var id = Chains(box, box.Encrypted, box.Host(box.Key))[^1].ChainId;
        RemoveRecords(box);

        Assert.Equal(
            ErrorCode.IdentityMismatch,
            Assert.Throws<BackupException>(() => Restored(box, box.Host(box.Key), id)).Code
        );
    }

    [Theory]
    [MemberData(nameof(Older))]
    public void Whoever_removes_what_is_expired_keeps_what_only_others_can_read(string engine)
    {
        using var box = new SealedBox(engine);
        TwoChains(box);
        var settings = new ExpirySettings { Path = box.Encrypted, KeepLast = 1 };
        var before = box.Box.Inventory();

        try
        {
            Verbs.Expire(settings, box.Host(box.Key));
        }
        catch (BackupException e)
        {
            // It lists its bundles in a file that it would have to encrypt anew, and the note of for whom is for the others.
            Assert.Equal(("Alopex", ErrorCode.IdentityMismatch), (engine, e.Code));
        }

        Assert.Equal(before, box.Box.Inventory());
        Assert.Equal(Bytes(box), Restored(box, box.Host(box.Other), null));
    }

    /// <summary>Whoever deletes the source after it has lost what was left out.</summary>
    [Theory]
    [MemberData(nameof(Engines))]
    public void A_copy_says_what_it_could_not_read(string engine)
    {
        using var box = new SealedBox(engine);
        var newer = TwoChains(box);
        var (key, lost) = engine == "Grafeo" ? (box.Other, box.Encrypted) : (box.Key, newer.FullName);
        var copy = new CopySettings
        {
            Path = box.Encrypted,
            DestinationPath = box.Box.At("c", Path.GetFileName(box.Box.Bundles)),
            Verify = true,
        };
        Assert.Contains(
            CopyChain.Plan(copy, box.Host(key)).Describe(),
            l => l.Contains("not encrypted for any", StringComparison.Ordinal)
        );

        var report = Verbs.Copy(copy, box.Host(key));

        Assert.False(report.IsValid);
        Assert.NotEmpty(report.Copied);
        Assert.Contains(
            report.Problems,
            p =>
                p is { Code: "IdentityMismatch", Severity: "Error" }
                && p.FullName!.StartsWith(lost, StringComparison.Ordinal)
        );
    }

    [Theory]
    [MemberData(nameof(Chained))]
    public void What_others_build_on_is_not_removed(string engine)
    {
        using var box = new SealedBox(engine);
        box.Take("S0", settings: box.Kept);
        box.Take("S1", settings: ForOther(box) with { StatePath = box.State });
        var inClear = box.RestoredOf(box.Box.Bundles, box.BundlesOf(box.Box.Bundles)[1]);
        box.Box.Become("S2");
        Verbs.Full(box.ToKey, box.Host(box.Key));
        var records = Directory.GetFiles(box.Encrypted, "*.json", SearchOption.AllDirectories);
        foreach (var hasRecords in new[] { true, false })
        {
            var before = box.Box.Inventory();
            Verbs.Expire(new ExpirySettings { Path = box.Encrypted, KeepLast = 1 }, box.Host(box.Key));
            Assert.Equal(before, box.Box.Inventory());

            if (hasRecords)
            {
                var keys = new[] { box.Key, box.Other }.Select(box.FileOf).ToArray();
                var host = new OperationHost { Identities = new Identities { Paths = keys } };
                var bundle = ReadChains
                    .Read(box.Encrypted, false, null, host)
                    .SelectMany(r => r.Chain!.Bundles)
                    .Single(b => b.Kind == "Incremental");
                host = new OperationHost { Identities = new Identities { Paths = keys } };
                Assert.Equal(inClear, box.Box.RestoredWith(host, box.Encrypted, bundle));
                Array.ForEach(records, File.Delete);
            }
        }
    }

    /// <summary>A copy by * leaves out what begins with a dot.</summary>
    [Theory]
    [MemberData(nameof(Engines))]
    public void Where_the_records_are_gone_nothing_is_written_beside_what_is_encrypted(string engine)
    {
        using var box = new SealedBox(engine);
        box.Take("S0", box.Key);
        box.Take("S1", box.Key);
        Directory
            .GetDirectories(box.Encrypted, ".backuptools-age", SearchOption.AllDirectories)
            .ToList()
            .ForEach(f => Directory.Delete(f, recursive: true));
        box.Box.Become("S2");
        var before = box.Box.Inventory();
        var plain = box.Box.Settings() with { DestinationPath = box.Encrypted };
        var (copy, merge) = (
            new CopySettings { Path = box.Box.Bundles, DestinationPath = box.Encrypted },
            new MergeSettings { Path = box.Box.Bundles, DestinationPath = box.Encrypted }
        );
        foreach (var key in new[] { null, box.Key })
        {
            foreach (
                var write in new Action<OperationHost>[]
                {
                    host => Verbs.Full(plain, host),
                    host => Verbs.Full(box.ToKey, host),
                    host => Verbs.Increment(box.ToKey, host),
                    host => Verbs.Copy(copy, host),
                    host => Verbs.Copy(copy with { Recipients = [$"{box.Key.Recipient}"] }, host),
                    host => Verbs.Merge(merge, host),
                }
            )
            {
                var error = Assert.Throws<BackupException>(() => write(box.Host(key)));
                Assert.True(error.Code is ErrorCode.InvalidOption or ErrorCode.IdentityRequired, $"{error}");
                Assert.Equal(before, box.Box.Inventory());
            }
        }
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void Where_records_are_missing_a_key_is_asked_for(string engine)
    {
        using var box = new SealedBox(engine);
        TwoChains(box);
        var named = Chains(box, box.Encrypted, box.Host(box.Other))[^1].ChainId;
        RemoveRecords(box);

        var error = Assert.Throws<BackupException>(() => Chains(box, box.Encrypted, box.Host()));
        Assert.Equal(ErrorCode.IdentityRequired, error.Code);
        // What a restore of a chain takes, its test finds valid. Bundles of PowDB tell no order without their manifests.
        var test = new VerifySettings { Path = box.Encrypted, ChainId = named };
        var isValid = Assert.Single(VerifyChain.Run(test, box.Host(box.Other))).IsValid;
        Assert.Equal(engine != "PowDB", isValid);
        var restore = Record.Exception(() => Restored(box, box.Host(box.Other), named));
        Assert.Equal(isValid == false ? ErrorCode.IdentityMismatch : null, (restore as BackupException)?.Code);
    }

    /// <summary>Found by hand: with a newer full the chain ended, for restore, test and copy, before what it could not read.</summary>
    [Theory]
    [MemberData(nameof(Chained))]
    public void A_named_chain_lacks_nothing_of_its_own_unsaid(string engine)
    {
        using var box = new SealedBox(engine);
        box.Take("S0", settings: box.Kept);
        box.Take("S1", settings: ForOther(box) with { StatePath = box.State });
        var id = Chains(box, box.Encrypted, box.Host(box.Key))[^1].ChainId;
        box.Box.Become("S2");
        Verbs.Full(box.ToKey, box.Host(box.Key));

        IsIncomplete(box, box.Encrypted, id, ErrorCode.IdentityMismatch);

        // Plain and damaged likewise, also where nothing tells any longer when it was taken.
        box.Box.Full();
        var chain = box.Box.Chains()[0];
        var bad = chain.Bundles[1].FullName;
        foreach (var file in Directory.Exists(bad) ? Directory.GetFiles(bad) : [bad])
        {
            File.WriteAllBytes(file, new byte[100]);
        }
        IsIncomplete(box, box.Box.Bundles, chain.ChainId, null);
    }

    /// <summary>Found by hand: the increment was shown with the chain that had begun last, and the named one said nothing.</summary>
    [Theory]
    [MemberData(nameof(Chained))]
    public void A_named_chain_that_another_key_continued_after_a_newer_full_lacks_nothing_unsaid(string engine)
    {
        using var box = new SealedBox(engine);
        box.Take("S0", box.Key);
        var id = Chains(box, box.Encrypted, box.Host(box.Key))[^1].ChainId;
        box.Box.Become("S1");
        Verbs.Full(box.ToKey, box.Host(box.Key));
        box.Box.Become("S2");
        Verbs.Increment(ForOther(box) with { ChainId = id }, box.Host(box.Key));

        IsIncomplete(box, box.Encrypted, id, ErrorCode.IdentityMismatch);

        // Without records nothing tells of which chain it is.
        RemoveRecords(box);
        var test = new VerifySettings { Path = box.Encrypted, ChainId = id };
        Assert.Contains(
            Assert.Single(VerifyChain.Run(test, box.Host(box.Key))).Problems,
            p => p.Code == nameof(ErrorCode.IdentityMismatch)
        );
    }

    private static void IsIncomplete(SealedBox box, string folder, string chain, ErrorCode? code)
    {
        var restore = new RestoreSettings
        {
            Path = folder,
            ChainId = chain,
            DestinationPath = box.Box.At("never", Path.GetFileName(box.Box.Restored)),
        };
        var error = Assert.Throws<BackupException>(() => Verbs.Restore(restore, box.Host(box.Key)));
        Assert.True(code is null || error.Code == code, $"{error}");
        var test = new VerifySettings { Path = folder, ChainId = chain };
        Assert.False(Assert.Single(VerifyChain.Run(test, box.Host(box.Key))).IsValid);
        var copy = new CopySettings
        {
            Path = folder,
            ChainId = chain,
            DestinationPath = box.Box.At($"c{code}", Path.GetFileName(box.Box.Bundles)),
        };
        var report = Verbs.Copy(copy, box.Host(box.Key));
        Assert.False(report.IsValid);
        Assert.Contains(report.Problems, p => p.Severity == "Error");
    }

    private static BackupSettings ForOther(SealedBox box) => box.ToKey with { Recipients = [$"{box.Other.Recipient}"] };

    /// <summary>A full and an increment for one key, and a full, of the same state, for the other.</summary>
    private static BundleInfo TwoChains(SealedBox box)
    {
        box.Take("S0", box.Key);
        box.Take("S1", box.Key);
        return Verbs.Full(ForOther(box), box.Host(box.Key));
    }

    private static void RemoveRecords(SealedBox box) =>
        Directory
            .EnumerateFiles(box.Encrypted, "*.json", SearchOption.AllDirectories)
            .Where(f => f.Contains(".backuptools-age", StringComparison.Ordinal))
            .ToList()
            .ForEach(File.Delete);

    private static List<ChainInfo> Chains(SealedBox box, string folder, OperationHost host) =>
        [.. ReadChains.Read(folder, false, null, host).Select(r => r.Chain).OfType<ChainInfo>()];

    private static string Restored(SealedBox box, OperationHost host, string? chain)
    {
        var at = box.Box.At($"r{Guid.NewGuid():N}", Path.GetFileName(box.Box.Restored));
        Verbs.Restore(
            new RestoreSettings
            {
                Path = box.Encrypted,
                ChainId = chain,
                DestinationPath = at,
            },
            host
        );
        return EngineSandbox.Bytes(at);
    }

    /// <summary>What a restore of a plain backup gives, of the database as it is.</summary>
    private static string Bytes(SealedBox box)
    {
        var at = box.Box.At($"p{Guid.NewGuid():N}", Path.GetFileName(box.Box.Bundles));
        var full = Verbs.Full(box.Box.Settings() with { DestinationPath = at }, box.Box.Host());
        return box.Box.RestoredWith(box.Box.Host(), at, full);
    }
}
