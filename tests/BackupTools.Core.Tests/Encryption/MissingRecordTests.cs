using BackupTools.Engines;
using BackupTools.Errors;
using BackupTools.Operations;
using BackupTools.Tests.Operations;

namespace BackupTools.Tests.Encryption;

/// <summary>Encrypted files that no record tells of, and other files beside bundles.</summary>
public sealed class MissingRecordTests
{
    public static TheoryData<string> Engines => [.. EngineSandbox.Names];

    /// <summary>As after a copy that was not finished, or a file deleted by hand.</summary>
    [Theory]
    [MemberData(nameof(Engines))]
    public void A_bundle_without_record_is_missed_without_a_key_and_keeps_what_it_may_build_on(string engine)
    {
        using var box = new SealedBox(engine);
        box.Take("S0", settings: box.Kept);
        var records = Directory.GetFiles(box.Encrypted, "*.json", SearchOption.AllDirectories).ToHashSet();
        box.Take("S1", settings: box.Kept);
        foreach (var record in Directory.GetFiles(box.Encrypted, "*.json", SearchOption.AllDirectories))
        {
            if (!records.Contains(record) && record.Contains(".backuptools-age", StringComparison.Ordinal))
            {
                File.Delete(record);
            }
        }

        var readings = ReadChains.Read(box.Encrypted, false, null, box.Host()).ToList();
        Assert.Contains(readings, r => r.Error?.Code == ErrorCode.MissingFile);
        var tests = VerifyChain.Run(new VerifySettings { Path = box.Encrypted }, box.Host()).ToList();
        Assert.Contains(tests, t => t.IsValid == false && t.Problems.Any(p => p.Code == "MissingFile"));
        var to = box.Box.At("c", Path.GetFileName(box.Box.Bundles));
        var copied = Verbs.Copy(new CopySettings { Path = box.Encrypted, DestinationPath = to }, box.Host());
        Assert.Contains(copied.Problems, p => p is { Code: "MissingFile", Severity: "Error" });
        var withKey = VerifyChain.Run(new VerifySettings { Path = box.Encrypted }, box.Host(box.Key)).ToList();
        Assert.All(withKey, t => Assert.True(t.IsValid));
        Assert.Contains(withKey, t => t.Problems.Any(p => p is { Code: "MissingFile", Severity: "Warning" }));
        if (EngineRegistry.Default.ByName(engine).Capabilities.ListsBundles)
        {
            return; // without a key nothing is removed there
        }
        box.Box.Become("S2");
        Verbs.Full(box.Kept, box.Host());
        var before = box.Box.Inventory();
        Verbs.Expire(new ExpirySettings { Path = box.Encrypted, KeepLast = 1 }, box.Host());
        Assert.Equal(before, box.Box.Inventory());
    }

    [Theory]
    [InlineData("SQLite", "payroll.bkp.age", true)]
    [InlineData("SQLite", "secrets.age", true)]
    [InlineData("SPG", "secrets.age", true)]
    [InlineData("SPG", "payroll.bkp.age", false)]
    public void An_encrypted_file_disturbs_only_the_engine_that_it_may_be_a_bundle_of(
        string engine,
        string name,
        bool fine
    )
    {
        using var box = new SealedBox(engine);
        box.Take("S0", box.Key);
        var encrypted = Directory.GetFiles(box.Encrypted, "*.age", SearchOption.AllDirectories)[0];
        var other = Path.Combine(box.Box.Bundles, name);
        File.Copy(encrypted, other);
        box.Box.Become("S1");
        if (fine)
        {
            box.Box.Increment();
            return;
        }
        var error = Assert.Throws<BackupException>(() => box.Box.Full());
        Assert.Equal((ErrorCode.InvalidOption, other), (error.Code, error.FullName));
        Assert.Contains("move that file away", error.Recommendation, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_a_test_passes_over_makes_no_copy_bad()
    {
        using var box = EngineSandbox.Of("SQLite");
        box.Chain();
        File.WriteAllBytes(Path.Combine(box.Bundles, "payroll.bkp"), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
        Assert.All(VerifyChain.Run(new VerifySettings { Path = box.Bundles }, box.Host()), r => Assert.True(r.IsValid));
        Assert.Empty(
            Verbs.Copy(new CopySettings { Path = box.Bundles, DestinationPath = box.At("c") }, box.Host()).Problems
        );
    }
}
