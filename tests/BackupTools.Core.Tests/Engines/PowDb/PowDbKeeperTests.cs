using BackupTools.Chains;
using BackupTools.Engines.PowDb;
using BackupTools.Errors;
using BackupTools.Tests.Engines.Spg;
using BackupTools.Tests.Formats;

namespace BackupTools.Tests.Engines.PowDb;

/// <summary>Chains merged and copied without database and engine.</summary>
public sealed class PowDbKeeperTests : IDisposable
{
    private static readonly string[] Ours = [".backuptools.json", ".backuptools.pages"];

    private readonly FixedClock _clock = new(PowDbFixtures.EngineTime);
    private readonly HookedDisk _disk = new();
    private readonly EngineHarness _harness;

    public PowDbKeeperTests() => _harness = new EngineHarness(new PowDbEngine(), _disk, _clock);

    private string Source => _harness.At("data");

    public void Dispose() => _harness.Dispose();

    [Fact]
    public void A_merged_full_is_the_full_that_would_have_been_taken_and_so_is_what_follows_it()
    {
        var path = Chain("S0", "S0", "S1");
        var taken = _harness.Full(Become("S1"), _harness.At("taken"));

        var merged = _harness.Merge(path, _harness.At("merged"));

        Assert.Equal(
            taken with
            {
                FullName = "",
                Length = 0,
            },
            merged with
            {
                FullName = "",
                Length = 0,
                Notes = taken.Notes,
            }
        );
        Assert.Equal(taken.Name, merged.Name);
        PowDbFixtures.AssertSame(taken.FullName, merged.FullName, Ours);
        Assert.Empty(_harness.Verify([merged]));
        // The fingerprints are right too: the same pages count as changed.
        Become("S2");
        var onTaken = _harness.Increment(Source, _harness.At("taken"), [taken]);
        var onMerged = _harness.Increment(Source, _harness.At("merged"), [merged]);
        Assert.Equal(onTaken.Id, onMerged.Id);
        PowDbFixtures.AssertSame(onTaken.FullName, onMerged.FullName, Ours);
        var byEngine = PowDbEngineModel.RestoreChain([
            PowDbFixtures.Files(merged.FullName),
            PowDbFixtures.Files(onMerged.FullName),
        ]);
        foreach (var (name, bytes) in PowDbFixtures.Content(PowDbFixtures.At("S2")))
        {
            Assert.True(bytes.AsSpan().SequenceEqual(byEngine[name]), $"{name} differs by the engine's restore");
        }
        Assert.Empty(_harness.Warnings);
    }

    [PythonFact]
    public void The_independent_reader_finds_in_a_merged_full_what_is_in_the_source()
    {
        var merged = _harness.Merge(Chain("S0", "S1", "S2"), _harness.At("merged"));

        Assert.Equal(Read(PowDbFixtures.At("S2")), Read(merged.FullName));

        static IEnumerable<string> Read(string folder) =>
            PowDbChecker
                .Run(folder)
                .Replace(folder, "", StringComparison.Ordinal)
                .Split('\n')
                .Where(l => !l.StartsWith("  wal", StringComparison.Ordinal));
    }

    [Fact]
    public void A_chain_that_the_engine_made_becomes_a_full_that_any_database_goes_on_from()
    {
        var path = new[] { "full_S0", "inc_S0_S1" }
            .Select(b => Assert.Single(_harness.Read(PowDbFixtures.Copy(PowDbFixtures.At(b), _harness.At("made", b)))))
            .ToList();

        var merged = _harness.Merge(path, _harness.At("merged"));

        Assert.Equal(("full_S0-merged", null, path[1].End), (merged.Name, merged.Series, merged.End));
        PowDbFixtures.AssertSame(PowDbFixtures.At("S1"), merged.FullName, [.. Ours, "manifest.json"]);
        var next = _harness.Increment(PowDbFixtures.At("S2"), _harness.At("merged"), [merged]);
        _harness.Restore([merged, next], _harness.At("restored"), deep: true);
        PowDbFixtures.AssertSame(PowDbFixtures.At("S2"), _harness.At("restored"));
        Assert.Equal("full_S0-merged-2", _harness.Merge(path, _harness.At("merged")).Name);
    }

    [Theory]
    [InlineData(3000)]
    public void A_heap_that_several_threads_put_together_keeps_its_digest_and_its_fingerprints(int pages)
    {
        var database = new PowDbTestDatabase();
        var table = new PowDbTestDatabase.Table { Indexed = false };
        for (var i = 0; i < pages; i++)
        {
            table.Pages.Add(new PowDbTestDatabase.Page { Rows = { (i, "a") }, Lsn = (ulong)i });
        }
        database.Tables["t"] = table;
        database.WriteTo(Source);
        var path = new List<BundleHeader> { _harness.Full(Source, _harness.At("backups")) };
        for (var i = 0; i < pages; i += 7)
        {
            table.Pages[i].Rows[0] = (i, "b");
        }
        database.WriteTo(Source);
        _clock.Now += TimeSpan.FromSeconds(1);
        path.Add(_harness.Increment(Source, _harness.At("backups"), path));

        var merged = _harness.Merge(path, _harness.At("merged"));

        var taken = _harness.Full(Source, _harness.At("taken"));
        PowDbFixtures.AssertSame(taken.FullName, merged.FullName, Ours);
        table.Pages[pages - 1].Rows[0] = (0, "c");
        database.WriteTo(Source);
        var next = _harness.Increment(Source, _harness.At("merged"), [merged]);
        Assert.Equal(4100, new FileInfo(Path.Combine(next.FullName, "t.heap.delta")).Length);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_log_that_was_taken_along_is_merged_and_copied_along(bool isLegacy)
    {
        if (isLegacy)
        {
            PowDbFixtures.Copy(PowDbFixtures.At("W"), Source);
        }
        else
        {
            new PowDbNewTestDatabase().WriteTo(Source);
            File.WriteAllBytes(Path.Combine(Source, "wal.log"), PowDbNewTestDatabase.Wal(3));
        }
        var options = new EngineOptions { IncludeWal = true };
        var path = new List<BundleHeader> { _harness.Full(Source, _harness.At("backups"), options) };
        path.Add(_harness.Increment(Source, _harness.At("backups"), path, options));

        var merged = _harness.Merge(path, _harness.At("merged"));
        var copied = path.ConvertAll(b => _harness.Copy(b, _harness.At("copy")));
        _harness.Restore([merged], _harness.At("r1"), deep: true);
        _harness.Restore(copied, _harness.At("r2"), deep: true);

        PowDbFixtures.AssertSame(Source, _harness.At("r1"));
        PowDbFixtures.AssertSame(Source, _harness.At("r2"));
        Assert.Equal(path.Select(b => b.Id), copied.Select(b => b.Id));
        Assert.Empty(_harness.Verify([merged]));
    }

    [Fact]
    public void A_merge_reads_no_page_twice_and_a_copy_no_byte()
    {
        var path = Chain("S0", "U/U1", "S1", "S2", "S2");
        _disk.BytesRead.Clear();

        _harness.Merge(path, _harness.At("merged"));

        var pages = _disk.BytesRead.Where(r => Path.GetExtension(r.Key) is ".heap" or ".delta" or ".idx").ToList();
        Assert.True(pages.Count > 10, $"{pages.Count} files");
        Assert.All(pages, r => Assert.InRange(r.Value, 0, new FileInfo(r.Key).Length));

        foreach (var bundle in path)
        {
            _disk.BytesRead.Clear();
            _harness.Copy(bundle, _harness.At("copy"));
            foreach (var file in Directory.GetFiles(bundle.FullName).Where(f => Path.GetExtension(f) != ".json"))
            {
                Assert.Equal(new FileInfo(file).Length, _disk.BytesRead.GetValueOrDefault(file));
            }
            PowDbFixtures.AssertSame(bundle.FullName, _harness.At("copy", bundle.Name));
        }
    }

    [Theory]
    [InlineData(".backuptools.pages")]
    [InlineData(".backuptools.json")]
    public void A_copy_does_without_a_damaged_file_of_ours_and_says_so(string name)
    {
        var path = Chain("S0", "S1");
        Damage(path[1], name);
        path = [path[0], Assert.Single(_harness.Read(path[1].FullName))];

        var copied = path.ConvertAll(b => _harness.Copy(b, _harness.At("copy")));

        Assert.Contains("the copy is made without it", Assert.Single(_harness.Warnings), StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(copied[1].FullName, name)));
        _harness.Restore(copied, _harness.At("restored"), deep: true);
        PowDbFixtures.AssertSame(PowDbFixtures.At("S1"), _harness.At("restored"));
    }

    [Theory]
    [InlineData("users.heap.delta")]
    [InlineData("users_age.idx")]
    [InlineData("catalog.bin")]
    public void A_damaged_file_of_the_engine_is_neither_copied_nor_merged(string name)
    {
        var path = Chain("S0", "S1");
        Damage(path[1], name);

        foreach (var act in new Action[] { () => Copy(path[1]), () => Merge(path) })
        {
            var error = Assert.Throws<BackupException>(act);
            Assert.Equal(ErrorCode.ChecksumMismatch, error.Code);
            Assert.Equal(Path.Combine(path[1].FullName, name), error.FullName);
        }
        Assert.False(Directory.Exists(_harness.At("copy")));

        void Copy(BundleHeader bundle) => _harness.Copy(bundle, _harness.At("copy"));
        void Merge(List<BundleHeader> bundles) => _harness.Merge(bundles, _harness.At("copy"));
    }

    [Fact]
    public void A_page_that_was_corrupt_when_the_engine_backed_it_up_is_not_passed_on()
    {
        var database = new PowDbTestDatabase();
        var table = new PowDbTestDatabase.Table();
        table.Pages.Add(new PowDbTestDatabase.Page { Rows = { (1, "a") } });
        database.Tables["t"] = table;
        var files = database.Files();
        files["t.heap"][30] ^= 1; // the digest in the manifest is that of the corrupt page
        PowDbHandMade.Full(_harness.At("made"), 10, files);
        var full = Assert.Single(_harness.Read(_harness.At("made")));

        Assert.Throws<BackupException>(() => _harness.Copy(full, _harness.At("copy")));
        Assert.Throws<BackupException>(() => _harness.Merge([full], _harness.At("copy")));
    }

    [Fact]
    public void What_nobody_vouches_for_is_not_copied()
    {
        var full = Assert.Single(Chain("S0"));
        File.WriteAllText(Path.Combine(full.FullName, "notes.txt"), "?");

        var copied = _harness.Copy(full, _harness.At("copy"));

        Assert.Equal(full.Id, copied.Id);
        Assert.False(File.Exists(Path.Combine(copied.FullName, "notes.txt")));
    }

    private List<BundleHeader> Chain(params string[] states)
    {
        var path = new List<BundleHeader>();
        foreach (var state in states)
        {
            if (path.Count > 0)
            {
                _clock.Now += TimeSpan.FromSeconds(1);
            }
            Become(state);
            path.Add(
                path.Count == 0
                    ? _harness.Full(Source, _harness.At("backups"))
                    : _harness.Increment(Source, _harness.At("backups"), path)
            );
        }
        return path;
    }

    private string Become(string state)
    {
        if (Directory.Exists(Source))
        {
            Directory.Delete(Source, recursive: true);
        }
        return PowDbFixtures.Copy(PowDbFixtures.At(state), Source);
    }

    private static void Damage(BundleHeader bundle, string name)
    {
        var file = Path.Combine(bundle.FullName, name);
        var bytes = File.ReadAllBytes(file);
        bytes[bytes.Length / 2] ^= 1;
        File.WriteAllBytes(file, bytes);
    }
}
