using BackupTools.Encryption;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Operations;
using BackupTools.Reports;
using BackupTools.Tests.Files;
using BackupTools.Tests.Operations;

namespace BackupTools.Tests.Encryption;

/// <summary>Runs that sign and break off, and what unsigned bundles keep from being restored.</summary>
public sealed class SignedRunTests
{
    private const int Tries = 12;

    private static readonly SigningKey s_key = SigningKey.New();

    public static TheoryData<string> Engines => [.. EngineSandbox.All];

    /// <summary>Found by hand: a run that was killed in its last step left a bundle that nothing could be built on.</summary>
    [Theory]
    [MemberData(nameof(Engines))]
    public void A_signing_run_that_was_killed_at_any_step_leaves_nothing_unsigned(string engine)
    {
        int steps;
        using (var box = Begun(engine))
        {
            var disk = new FaultyDisk(LocalDisk.Instance);
            Verbs.Increment(Signing(box), box.Host(disk));
            steps = disk.Steps;
        }
        // The last steps are those of the publication.
        for (var i = 0; i < Tries; i++)
        {
            var step = i < Tries / 2 ? steps - i : 1 + (i * (steps - 1) / Tries);
            using var box = Begun(engine);
            var disk = new FaultyDisk(LocalDisk.Instance) { KillAt = step };
            Assert.Throws<KilledException>(() => Verbs.Increment(Signing(box), box.Host(disk)));

            box.Become("S2");
            var last = Verbs.Increment(Signing(box), box.Host());

            var chains = ReadChains.Read(box.Bundles, false, null, Trusting(box)).ToList();
            Assert.True(
                chains.TrueForAll(c => c.Error is null),
                $"{step}: {chains.Find(c => c.Error is not null)?.Error}"
            );
            Assert.Equal(last.Id, chains.SelectMany(c => c.Chain!.Bundles).Last().Id);
            Assert.All(
                VerifyChain.Run(new VerifySettings { Path = box.Bundles }, Trusting(box)),
                r => Assert.True(r.IsValid, $"{step}")
            );
            Restore(box, Trusting(box));
        }
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void A_signed_chain_that_is_named_is_restored_beside_what_nobody_signed(string engine)
    {
        using var box = Begun(engine);
        box.Become("S1");
        Verbs.Increment(Signing(box), box.Host());
        var signed = Restore(box, Trusting(box));
        var chain = ReadChains.Read(box.Bundles, false, null, Trusting(box)).Select(r => r.Chain!).Last().ChainId;
        box.Become("S2");
        var forged = box.Full();

        var refused = Assert.Throws<BackupException>(() => Restore(box, Trusting(box)));
        Assert.Equal(ErrorCode.SignatureInvalid, refused.Code);
        Assert.Contains("ChainId", refused.Recommendation, StringComparison.Ordinal);
        Assert.Equal(signed, Restore(box, Trusting(box), chain));

        Assert.Contains(
            Plan(box, Trusting(box), chain).Problems,
            p => p is { Severity: "Warning", Code: nameof(ErrorCode.SignatureInvalid) }
        );
        // The chain that nobody signed is none, by its name too.
        Assert.Throws<BackupException>(() => Restore(box, Trusting(box), forged.ChainId));
    }

    /// <summary>Found by hand: a test called a chain bad that was restored with a warning.</summary>
    [Theory]
    [MemberData(nameof(Engines))]
    public void What_nobody_signed_beside_a_named_chain_is_a_warning_to_whoever_reads_that(string engine)
    {
        using var box = Begun(engine);
        var chain = ReadChains.Read(box.Bundles, false, null, Trusting(box)).Select(r => r.Chain!).Last().ChainId;
        box.Become("S2");
        box.Full();

        var report = Assert.Single(
            VerifyChain.Run(new VerifySettings { Path = box.Bundles, ChainId = chain }, Trusting(box))
        );
        Assert.True(report.IsValid);
        var unsigned = report.Problems.Where(p => p.Code == nameof(ErrorCode.SignatureInvalid)).ToList();
        Assert.NotEmpty(unsigned);
        Assert.All(unsigned, p => Assert.Equal("Warning", p.Severity));
        Assert.Contains(
            VerifyChain.Run(new VerifySettings { Path = box.Bundles }, Trusting(box)),
            r => r.IsValid == false
        );
        IsWarned(
            host =>
                Verbs.Copy(
                    new CopySettings
                    {
                        Path = box.Bundles,
                        DestinationPath = box.At("c"),
                        ChainId = chain,
                    },
                    host
                ),
            box
        );
        IsWarned(
            host =>
                Verbs.Merge(
                    new MergeSettings
                    {
                        Path = box.Bundles,
                        DestinationPath = box.At("m"),
                        ChainId = chain,
                    },
                    host
                ),
            box
        );
    }

    private static void IsWarned(Action<OperationHost> run, EngineSandbox box)
    {
        var warnings = new List<string>();
        run(
            new OperationHost
            {
                Engines = EngineSandbox.Engines,
                Clock = box.Clock!,
                Warning = warnings.Add,
                Identities = new Identities { TrustedKeys = [$"{s_key.Public}"] },
            }
        );
        Assert.Contains(warnings, w => w.Contains("the bundle is not signed", StringComparison.Ordinal));
    }

    /// <summary>It may be the newest state of the chain, whoever made it.</summary>
    [Theory]
    [MemberData(nameof(Engines))]
    public void What_nobody_signed_of_the_named_chain_itself_is_refused(string engine)
    {
        using var box = Begun(engine);
        var chain = ReadChains.Read(box.Bundles, false, null, Trusting(box)).Select(r => r.Chain!).Last();
        box.Become("S1");
        var unsigned = box.Increment();
        if (unsigned.ChainId != chain.ChainId)
        {
            Assert.Equal("Full", unsigned.Kind);
            return;
        }

        var refused = Assert.Throws<BackupException>(() => Restore(box, Trusting(box), chain.ChainId));

        Assert.Equal(ErrorCode.SignatureInvalid, refused.Code);
        Assert.Contains($"{chain.EndPosition}", refused.Recommendation, StringComparison.Ordinal);
    }

    /// <summary>Nothing signs it later, and nothing that is signed builds on it.</summary>
    [Theory]
    [MemberData(nameof(Engines))]
    public void A_signed_increment_continues_from_what_is_signed_and_leaves_the_rest_unsigned(string engine)
    {
        using var box = Begun(engine);
        var signed = ReadChains.Read(box.Bundles, false, null, Trusting(box)).Select(r => r.Chain!).Last();
        box.Become("S1");
        var unsigned = box.Increment();
        box.Become("S2");

        var next = Verbs.Increment(Signing(box), box.Host());

        Assert.Equal(signed.EndPosition, next.Kind == "Full" ? signed.EndPosition : next.StartPosition);
        var readings = ReadChains.Read(box.Bundles, false, null, Trusting(box)).ToList();
        Assert.Contains(readings, r => r.Error is { Code: ErrorCode.SignatureInvalid });
        var counting = readings
            .Select(r => r.Chain)
            .OfType<ChainInfo>()
            .SelectMany(c => c.Bundles)
            .Select(b => b.Id)
            .ToList();
        Assert.Contains(next.Id, counting);
        Assert.DoesNotContain(unsigned.Id, counting);
    }

    private static EngineSandbox Begun(string engine)
    {
        var box = EngineSandbox.Of(engine);
        box.Clock!.Now -= TimeSpan.FromHours(1);
        File.WriteAllBytes(box.At("sign.txt"), s_key.Write(DateTimeOffset.UnixEpoch));
        box.Become("S0");
        Verbs.Full(Signing(box), box.Host());
        box.Become("S1");
        return box;
    }

    private static BackupSettings Signing(EngineSandbox box) =>
        box.Settings() with
        {
            SigningKeyPath = box.At("sign.txt"),
        };

    private static OperationHost Trusting(EngineSandbox box) =>
        new()
        {
            Engines = EngineSandbox.Engines,
            Clock = box.Clock!,
            Identities = new Identities { TrustedKeys = [$"{s_key.Public}"] },
        };

    private static RestorePreview Plan(EngineSandbox box, OperationHost host, string? chain = null) =>
        RestoreChain.Plan(
            new RestoreSettings
            {
                Path = box.Bundles,
                DestinationPath = box.At("restored", $"{Guid.NewGuid():N}", Path.GetFileName(box.Restored)),
                ChainId = chain,
            },
            host
        );

    private static string Restore(EngineSandbox box, OperationHost host, string? chain = null) =>
        EngineSandbox.Bytes(RestoreChain.Execute(Plan(box, host, chain), host).FullName);
}
