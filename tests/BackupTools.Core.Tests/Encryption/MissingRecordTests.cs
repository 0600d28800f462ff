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

    /// <summary>Found by hand: of an engine of which nothing could be read, a test said nothing, and a copy left it out.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_is_the_only_bundle_of_its_engine_is_missed_too(bool isEncrypted)
    {
        using var box = new SealedBox("SPG");
        using var other = EngineSandbox.Of("SQLite");
        box.Take("S0", box.Key);
        other.Become("S0");
        var folder = isEncrypted ? box.Encrypted : box.Box.Bundles;
        var settings = other.Settings() with { DestinationPath = folder };
        Verbs.Full(isEncrypted ? settings with { Recipients = box.ToKey.Recipients } : settings, box.Host(box.Key));
        if (isEncrypted)
        {
            var records = Directory.GetFiles(folder, "*.json", SearchOption.AllDirectories);
            File.Delete(records.Single(r => File.ReadAllText(r).Contains("\"SPG\"", StringComparison.Ordinal)));
        }
        else
        {
            File.WriteAllBytes(Directory.GetFiles(folder, "*.bkp").Single(), new byte[100]);
        }

        var seen = 0;
        var error = Assert.Throws<BackupException>(() =>
        {
            foreach (var report in VerifyChain.Run(new VerifySettings { Path = folder }, box.Host()))
            {
                seen++;
                Assert.Equal("SQLite", report.Engine);
            }
        });
        Assert.Equal(1, seen);
        var copy = new CopySettings
        {
            Path = folder,
            DestinationPath = box.Box.At("c", "b"),
            Verify = true,
        };
        var copied = Verbs.Copy(copy, box.Host());
        Assert.False(copied.IsValid);
        Assert.Single(copied.Copied);
        Assert.Contains(copied.Problems, p => p.Code == $"{error.Code}");
    }

    /// <summary>A copy or backup runs while the folder is listed.</summary>
    [Fact]
    public void What_is_published_while_the_folder_is_listed_has_its_record()
    {
        using var box = new SealedBox("SPG");
        box.Take("S0", box.Key);
        using var host = box.Host();
        var records = BundleRecords.InsteadOf(box.Encrypted, host)!;
        Assert.Single(records.Read());
        box.Take("S1", box.Key);

        var read = records.Bundles(box.Encrypted, EngineRegistry.Default.ByName("SPG"), host.Context).ToList();

        Assert.All(read, r => Assert.Null(r.Error));
    }
}
