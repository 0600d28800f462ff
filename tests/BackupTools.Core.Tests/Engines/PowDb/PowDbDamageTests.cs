using System.Globalization;
using BackupTools.Chains;
using BackupTools.Engines.PowDb;
using BackupTools.Errors;
using Blake3;

namespace BackupTools.Tests.Engines.PowDb;

/// <summary>Damage to our own bundles and to the source: found, named, and never restored in silence.</summary>
public sealed class PowDbDamageTests : IDisposable
{
    private readonly EngineHarness _harness = new(new PowDbEngine(), clock: new FixedClock(PowDbFixtures.EngineTime));
    private readonly ITestOutputHelper _output;

    public PowDbDamageTests(ITestOutputHelper output) => _output = output;

    public void Dispose() => _harness.Dispose();

    [Fact]
    public void No_flipped_byte_goes_unnoticed_or_into_a_restore()
    {
        var seed = Environment.TickCount;
        _output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"seed {seed}"));
        var random = new Random(seed);
        var (expected, bundles) = SmallChain();
        var files = bundles.SelectMany(b => Directory.GetFiles(b.FullName)).Order(StringComparer.Ordinal).ToArray();
        foreach (var file in files)
        {
            var bytes = File.ReadAllBytes(file);
            for (var flips = 0; flips < 8 && bytes.Length > 0; flips++)
            {
                var at = random.Next(bytes.Length);
                var damaged = bytes.ToArray();
                damaged[at] ^= (byte)(1 << random.Next(8));
                File.WriteAllBytes(file, damaged);
                AssertNoticed(expected, $"{Path.GetFileName(file)} byte {at}");
            }
            if (bytes.Length > 0)
            {
                File.WriteAllBytes(file, bytes.AsSpan(0, random.Next(bytes.Length)));
                AssertNoticed(expected, $"{Path.GetFileName(file)} cut");
            }
            File.WriteAllBytes(file, [.. bytes, 0]);
            AssertNoticed(expected, $"{Path.GetFileName(file)} longer");
            File.Delete(file);
            AssertNoticed(expected, $"{Path.GetFileName(file)} gone");
            File.WriteAllBytes(file, bytes);
        }
        AssertNoticed(expected, null);
    }

    [Fact]
    public void A_name_changed_in_a_manifest_is_refused_with_our_side_file_and_without()
    {
        var (_, bundles) = SmallChain();
        var last = bundles[^1].FullName;
        var manifest = Path.Combine(last, "increment.json");
        File.WriteAllText(
            manifest,
            File.ReadAllText(manifest).Replace("t_id.idx", "u_id.idx", StringComparison.Ordinal)
        );

        var read = Assert.Single(_harness.Engine.ReadBundles(last, _harness.Context()));
        Assert.Equal((ErrorCode.ChecksumMismatch, manifest), (read.Error!.Code, read.Error.FullName));

        File.Delete(Path.Combine(last, ".backuptools.json"));
        File.Delete(Path.Combine(last, ".backuptools.pages"));
        var error = Assert.Throws<BackupException>(() => _harness.Read(last));
        Assert.Equal((ErrorCode.MissingFile, Path.Combine(last, "u_id.idx")), (error.Code, error.FullName));
    }

    [Fact]
    public void A_damaged_side_file_costs_a_warning_and_nothing_else()
    {
        var (expected, bundles) = SmallChain();
        foreach (var name in new[] { ".backuptools.json", ".backuptools.pages" })
        {
            var path = Path.Combine(bundles[^1].FullName, name);
            var bytes = File.ReadAllBytes(path);
            bytes[^10] ^= 4;
            File.WriteAllBytes(path, bytes);
        }
        var damaged = bundles.SelectMany(b => _harness.Read(b.FullName)).ToList();
        var source = _harness.At("data");

        var increment = _harness.Increment(source, _harness.At("backups"), damaged);
        _harness.Restore([.. damaged, increment], _harness.At("restored"), deep: true);

        PowDbFixtures.AssertSame(expected, PowDbFixtures.Content(_harness.At("restored")));
        Assert.Contains(_harness.Warnings, w => w.Contains("pages of the chain are read", StringComparison.Ordinal));
        Assert.Contains(
            "\"changed\": []",
            File.ReadAllText(Path.Combine(increment.FullName, "increment.json")),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_corrupt_page_of_the_source_is_named_and_fails_the_backup()
    {
        var source = PowDbFixtures.Copy(PowDbFixtures.At("S0"), _harness.At("source"));
        var heap = Path.Combine(source, "orders.heap");
        var bytes = File.ReadAllBytes(heap);
        bytes[(3 * 4096) + 100] ^= 1;
        File.WriteAllBytes(heap, bytes);

        var error = Assert.Throws<BackupException>(() => _harness.Full(source, _harness.At("backups2")));

        Assert.Equal(ErrorCode.SourceDamaged, error.Code);
        Assert.Equal(heap, error.FullName);
        Assert.Equal(3 * 4096, error.Offset);
        Assert.Contains("page 3", error.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_harness.At("backups2")));
    }

    [Theory]
    [InlineData("users_id.idx", 60)]
    [InlineData("catalog.bin", 60)]
    public void Other_corruption_of_the_source_is_named_too(string file, int at)
    {
        var source = PowDbFixtures.Copy(PowDbFixtures.At("S0"), _harness.At("source"));
        var bytes = File.ReadAllBytes(Path.Combine(source, file));
        bytes[at] ^= 1;
        File.WriteAllBytes(Path.Combine(source, file), bytes);

        var error = Assert.Throws<BackupException>(() => _harness.Full(source, _harness.At("backups2")));

        Assert.Equal(ErrorCode.SourceDamaged, error.Code);
        Assert.Equal(Path.Combine(source, file), error.FullName);
        Assert.Contains("CRC32 mismatch", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_corrupt_page_inside_a_backup_with_the_right_digest_is_not_restored()
    {
        // The engine backs such pages up without a look (PowDB format, §2); so does a tool that only hashes.
        var full = PowDbFixtures.Copy(PowDbFixtures.At("full_S0"), _harness.At("full"));
        var heap = Path.Combine(full, "orders.heap");
        var bytes = File.ReadAllBytes(heap);
        bytes[(3 * 4096) + 100] ^= 1;
        File.WriteAllBytes(heap, bytes);
        var manifest = Path.Combine(full, "manifest.json");
        var before = Hasher.Hash(File.ReadAllBytes(PowDbFixtures.At("full_S0", "orders.heap")));
        var after = Hasher.Hash(bytes);
        File.WriteAllText(
            manifest,
            File.ReadAllText(manifest).Replace(before.ToString(), after.ToString(), StringComparison.Ordinal)
        );
        var path = _harness.Read(full);

        var error = Assert.Throws<BackupException>(() => _harness.Restore(path, _harness.At("restored")));

        Assert.Contains("page 3 is corrupt", error.Message, StringComparison.Ordinal);
        Assert.Equal(heap, error.FullName);
        Assert.Empty(_harness.Verify(path, BackupTools.Engines.VerifyDepth.Checksums));
        Assert.Contains(_harness.Verify(path), p => p.Message.Contains("page 3 is corrupt", StringComparison.Ordinal));
    }

    private (SortedDictionary<string, byte[]> Expected, List<BundleHeader> Bundles) SmallChain()
    {
        var database = new PowDbTestDatabase();
        var table = database.Tables["t"] = new PowDbTestDatabase.Table { NullsIndexed = true };
        for (var page = 0; page < 3; page++)
        {
            table.Pages.Add(new PowDbTestDatabase.Page { Lsn = database.NextLsn++ });
            table.Pages[page].Rows.Add((page, "text"));
        }
        database.Tables["gone"] = new PowDbTestDatabase.Table();
        var source = _harness.At("data");
        database.WriteTo(source);
        var path = new List<BundleHeader> { _harness.Full(source, _harness.At("backups")) };
        table.Pages[1].Rows.Add((77, null));
        database.Tables.Remove("gone");
        database.WriteTo(source);
        path.Add(_harness.Increment(source, _harness.At("backups"), path));
        table.Pages[2].Rows.Add((78, "x"));
        var expected = database.WriteTo(source);
        path.Add(_harness.Increment(source, _harness.At("backups"), path));
        return (expected, path);
    }

    private void AssertNoticed(SortedDictionary<string, byte[]> expected, string? damage)
    {
        var read = _harness.Engine.ReadBundles(_harness.At("backups"), _harness.Context()).ToList();
        var path = read.Where(r => r.Header is not null)
            .Select(r => r.Header!)
            .OrderBy(h => h.Kind)
            .ThenBy(h => h.FullName, StringComparer.Ordinal)
            .ToList();
        if (read.Exists(r => r.Error is not null) || path.Count < 3)
        {
            Assert.NotNull(damage);
            return;
        }
        var problems = _harness.Verify(path, BackupTools.Engines.VerifyDepth.Checksums);
        Assert.True(problems.Count > 0 == damage is not null, $"{damage}: {string.Join("; ", problems)}");
        var restored = _harness.At("restored");
        try
        {
            _harness.Restore(path, restored);
            PowDbFixtures.AssertSame(expected, PowDbFixtures.Content(restored));
            Directory.Delete(restored, recursive: true);
        }
        catch (BackupException)
        {
            Assert.False(Directory.Exists(restored));
            Assert.NotNull(damage);
        }
    }
}
