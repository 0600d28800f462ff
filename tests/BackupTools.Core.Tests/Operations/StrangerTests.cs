using System.Globalization;
using BackupTools.Errors;
using BackupTools.Operations;
using BackupTools.Reports;

namespace BackupTools.Tests.Operations;

/// <summary>What other programs and people leave in a folder of bundles, and copies that broke off.</summary>
public sealed class StrangerTests
{
    private static readonly byte[] s_appleDouble = [0, 5, 22, 7, 0, 2, 0, 0, .. "Mac OS X        "u8];

    public static TheoryData<string> Engines => [.. EngineSandbox.All];

    /// <summary>The engines of which a bundle is a file or folder by itself, whatever its name.</summary>
    public static TheoryData<string> Loose => [EngineNames.Spg, EngineNames.PowDb, EngineNames.Alopex];

    /// <summary>The engines of which a bundle is a file or folder by itself.</summary>
    public static TheoryData<string> Separate =>
        [EngineNames.Sqlite, EngineNames.Spg, EngineNames.PowDb, EngineNames.Alopex];

    [Theory]
    [MemberData(nameof(Engines))]
    public void What_macOS_and_rsync_put_beside_bundles_and_into_them_is_passed_over(string engine)
    {
        using var box = EngineSandbox.Of(engine);
        var chain = box.Chain();
        var expected = EngineSandbox.Bytes(box.RestoreFrom(box.Bundles));
        foreach (var path in Directory.GetFileSystemEntries(box.Bundles, "*", SearchOption.AllDirectories).ToList())
        {
            var beside = Path.Combine(Path.GetDirectoryName(path)!, "._" + Path.GetFileName(path));
            File.WriteAllBytes(beside, s_appleDouble);
            if (File.Exists(path))
            {
                File.WriteAllBytes(
                    Path.Combine(Path.GetDirectoryName(path)!, $".{Path.GetFileName(path)}.Xa81Kq"),
                    File.ReadAllBytes(path)[..(int)(new FileInfo(path).Length / 2)]
                );
            }
        }

        var reports = VerifyChain.Run(new VerifySettings { Path = box.Bundles }, box.Host());
        Assert.All(reports, r => Assert.True(r.IsValid));
        Assert.Equal(expected, EngineSandbox.Bytes(box.RestoreFrom(box.Bundles)));
        Assert.Equal(chain.Select(b => b.FullName), Bundles(box));
        Assert.Equal(3, box.Copy().Copied.Count);
        Assert.Equal(expected, EngineSandbox.Bytes(box.RestoreFrom(box.At("c"))));
        Assert.All(
            ReadHeaders.Read(box.Bundles, verify: true, null, box.Host()),
            r => Assert.True(r.Bundle?.IsValid, $"{r.Error?.Describe()}")
        );
        box.Become("S1");
        box.Become("S2");
        box.Full();
    }

    [Fact]
    public void A_stranger_of_a_bundle_is_named_in_a_warning()
    {
        using var box = new SpgSandbox();
        var full = box.Full();
        File.WriteAllBytes(Path.Combine(box.Bundles, "._" + full.Name), s_appleDouble);
        File.WriteAllBytes(Path.Combine(box.Bundles, $".{full.Name}.Xa81Kq"), File.ReadAllBytes(full.FullName)[..300]);
        File.Copy(full.FullName, Path.Combine(box.Bundles, ".nfs0000000000a1b2c300000001"));

        var problems = Assert.Single(box.Chains()).Problems;
        Assert.Equal(3, problems.Count);
        Assert.All(problems, p => Assert.Equal(("Warning", "BundleNotRecognised"), (p.Severity, p.Code)));
        Assert.Single(problems, p => p.Message.Contains("AppleDouble"));
        Assert.Single(problems, p => p.Message.Contains("rsync"));
        Assert.Single(problems, p => p.Message.Contains("deleted"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_stranger_of_a_Grafeo_folder_is_named_in_a_warning(bool isListed)
    {
        using var box = EngineSandbox.Of(EngineNames.Grafeo);
        box.Become("S0");
        var full = box.Full();
        File.WriteAllBytes(Path.Combine(box.Bundles, "._" + full.Name), s_appleDouble);
        File.WriteAllBytes(Path.Combine(box.Bundles, "._backup_manifest.json"), s_appleDouble);
        File.WriteAllBytes(Path.Combine(box.Bundles, $".{full.Name}.Xa81Kq"), File.ReadAllBytes(full.FullName)[..300]);
        File.WriteAllBytes(Path.Combine(box.Bundles, "._notes.txt"), s_appleDouble);
        if (!isListed)
        {
            File.Delete(Path.Combine(box.Bundles, "backup_manifest.json"));
        }

        var problems = box.Chains().SelectMany(c => c.Problems).Where(p => p.Severity == "Warning").ToList();
        Assert.Equal(3, problems.Count(p => p.Code == "BundleNotRecognised"));
        Assert.Equal(2, problems.Count(p => p.Message.Contains("AppleDouble")));
        Assert.Single(problems, p => p.Message.Contains("rsync"));
        box.RestoreFrom(box.Bundles);
    }

    [Theory]
    [InlineData("{0}.part")]
    [InlineData("{0}.filepart")]
    [InlineData("{0}.1a2b3c4d.partial")]
    [InlineData("{0}.crdownload")]
    [InlineData(".syncthing.{0}.tmp")]
    [InlineData("~syncthing~{0}.tmp")]
    public void What_a_transfer_has_not_finished_does_not_block_the_restore_to_latest(string name)
    {
        using var box = new SpgSandbox();
        var full = box.Full();
        var half = Path.Combine(box.Bundles, string.Format(CultureInfo.InvariantCulture, name, "shop-9.bkp"));
        File.WriteAllBytes(half, File.ReadAllBytes(full.FullName)[..300]);

        box.RestoreFrom(box.Bundles);
        var problem = Assert.Single(Assert.Single(box.Chains()).Problems);
        Assert.Equal(("Warning", half), (problem.Severity, problem.FullName));
    }

    [Fact]
    public void Bundles_of_a_database_whose_name_begins_with_a_dot_are_bundles()
    {
        using var box = new SpgSandbox();
        foreach (var name in new[] { ".hidden", "._odd", "..a.bkp.abc123" })
        {
            File.Copy(box.Db, box.At(name + ".db"));
            File.WriteAllBytes(box.At(name + ".wal"), SpgSandbox.LogOf("S1"));
            var settings = box.Settings() with { SourcePath = box.At(name + ".db"), DestinationPath = box.At(name) };
            var full = box.Full(settings);
            box.RestoreFrom(box.At(name));
            var bytes = File.ReadAllBytes(full.FullName);
            File.WriteAllBytes(full.FullName, bytes[..^20]); // and damage of one is damage
            Assert.Equal(ErrorCode.Truncated, Assert.Throws<BackupException>(() => box.RestoreFrom(box.At(name))).Code);
        }
    }

    [Theory]
    [MemberData(nameof(Separate))]
    public void A_damaged_bundle_with_a_name_of_its_own_blocks_the_restore_to_latest(string engine)
    {
        using var box = EngineSandbox.Of(engine);
        var full = box.Full();
        box.Become("S1");
        var newest = box.Full();
        var file = File.Exists(newest.FullName)
            ? newest.FullName
            : Directory
                .GetFiles(newest.FullName)
                .First(f => Path.GetFileName(f) is "manifest.json" or "snapshot.manifest");
        File.WriteAllBytes(file, File.ReadAllBytes(file)[..^10]);

        var error = Assert.Throws<BackupException>(() => box.RestoreFrom(box.Bundles));
        Assert.Equal(ErrorKind.Damaged, error.Kind);
        Assert.Contains("the newest state is not known", error.Message, StringComparison.Ordinal);
        box.RestoreFrom(box.Bundles, full);
    }

    [Theory]
    [MemberData(nameof(Loose))]
    public void Of_several_copies_the_one_with_the_name_that_it_was_given_counts(string engine)
    {
        using var box = EngineSandbox.Of(engine);
        var chain = box.Chain();
        var before = box.Chains();
        foreach (var name in new[] { "{0} (1){1}", "{0} copy{1}", "Copy of {0}{1}", "{0} - Copy{1}" })
        {
            CopyTree(chain[0].FullName, Named(chain[0], name));
            CopyTree(chain[2].FullName, Named(chain[2], name));
        }

        var after = box.Chains();
        Assert.Equal(before.Select(c => c.Series), after.Select(c => c.Series));
        Assert.Equal(chain.Select(b => b.FullName), Bundles(box));
        var problems = after.SelectMany(c => c.Problems).ToList();
        Assert.Equal(8, problems.Count(p => p.Code == nameof(ErrorCode.ChainDuplicate)));
        Assert.All(problems, p => Assert.Equal("Warning", p.Severity));

        // Without the original a copy does as well as it can.
        if (File.Exists(chain[0].FullName))
        {
            File.Delete(chain[0].FullName);
        }
        else
        {
            Directory.Delete(chain[0].FullName, recursive: true);
        }
        Assert.True(box.Chains().Sum(c => c.Bundles.Count) >= 3);
    }

    [Theory]
    [MemberData(nameof(Separate))]
    public void What_a_copy_that_broke_off_has_left_is_replaced_wherever_it_broke_off(string engine)
    {
        using var box = EngineSandbox.Of(engine);
        var chain = box.Chain();
        foreach (var part in new[] { 0.0, 0.3, 0.9 })
        {
            foreach (var bundle in chain)
            {
                HalfCopy(bundle.FullName, InCopy(box, bundle), part);
            }
            var report = box.Copy(verify: true);
            Assert.Equal(3, report.Copied.Count);
            Assert.True(report.IsValid);
            Assert.Equal(Lines(box.Bundles), Lines(box.At("c")));
            Assert.Empty(box.Lies());
            Assert.Empty(box.Copy().Copied);
            Directory.Delete(box.At("c"), recursive: true);
        }
    }

    [Theory]
    [MemberData(nameof(Separate))]
    public void What_only_has_the_name_of_a_bundle_is_not_replaced_by_a_copy(string engine)
    {
        using var box = EngineSandbox.Of(engine);
        var bundle = box.Full();
        var there = InCopy(box, bundle);
        if (File.Exists(bundle.FullName))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(there)!);
            File.WriteAllText(there, "my notes");
        }
        else
        {
            HalfCopy(bundle.FullName, there, 0.3);
            File.WriteAllText(Path.Combine(there, "notes.txt"), "my notes");
            File.Delete(Path.Combine(there, "manifest.json"));
            File.Delete(Path.Combine(there, "snapshot.manifest"));
        }
        var before = EngineSandbox.Tree(box.At("c"));

        var error = Assert.Throws<BackupException>(() => box.Copy());

        Assert.Equal((ErrorCode.DestinationExists, there), (error.Code, error.FullName));
        Assert.DoesNotContain("Force", error.Recommendation, StringComparison.Ordinal);
        Assert.Equal(before, EngineSandbox.Tree(box.At("c")));
    }

    private static IEnumerable<string> Bundles(EngineSandbox box) =>
        box.Chains().SelectMany(c => c.Bundles).Select(b => b.FullName);

    /// <summary>Without Alopex' marker, which names its own folder.</summary>
    private static IEnumerable<string> Lines(string folder) =>
        EngineSandbox.Tree(folder).Split('\n').Where(l => !l.StartsWith("latest=", StringComparison.Ordinal));

    private static string Named(BundleInfo bundle, string pattern)
    {
        var extension = File.Exists(bundle.FullName) ? Path.GetExtension(bundle.Name) : "";
        var stem = bundle.Name[..^extension.Length];
        var name = string.Format(System.Globalization.CultureInfo.InvariantCulture, pattern, stem, extension);
        return Path.Combine(Path.GetDirectoryName(bundle.FullName)!, name);
    }

    /// <summary>Where a copy of the folder of bundles has a bundle.</summary>
    private static string InCopy(EngineSandbox box, BundleInfo bundle) =>
        box.At("c", Path.GetRelativePath(box.Bundles, bundle.FullName));

    private static void CopyTree(string from, string to) => HalfCopy(from, to, 1.0);

    /// <summary>The first files whole and one cut, as far as that part of all bytes goes; a file is cut.</summary>
    private static void HalfCopy(string from, string to, double part)
    {
        if (File.Exists(from))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(to)!);
            var bytes = File.ReadAllBytes(from);
            File.WriteAllBytes(to, bytes[..(int)(bytes.Length * part)]);
            return;
        }
        Directory.CreateDirectory(to);
        var files = Directory.GetFiles(from, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).ToList();
        var room = (long)(files.Sum(f => new FileInfo(f).Length) * part);
        foreach (var file in files)
        {
            if (room <= 0)
            {
                return;
            }
            var bytes = File.ReadAllBytes(file);
            var target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.WriteAllBytes(target, bytes[..(int)Math.Min(bytes.Length, room)]);
            room -= bytes.Length;
        }
    }
}
