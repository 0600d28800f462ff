using System.Diagnostics;
using System.Text;
using BackupTools.Chains;
using BackupTools.Engines.PowDb;
using BackupTools.Errors;
using BackupTools.Formats.PowDb;
using BackupTools.Tests.Files;

namespace BackupTools.Tests.Engines.PowDb;

/// <summary>Backups that were made to do harm, or that lie about themselves.</summary>
public sealed class PowDbHostileTests : IDisposable
{
    private readonly EngineHarness _harness = new(new PowDbEngine(), clock: new FixedClock(PowDbFixtures.EngineTime));
    private readonly string _full;
    private readonly string _increment;

    public PowDbHostileTests()
    {
        _full = PowDbFixtures.Copy(PowDbFixtures.At("full_S0"), _harness.At("backups", "full"));
        _increment = PowDbFixtures.Copy(PowDbFixtures.At("inc_S0_S1"), _harness.At("backups", "increment"));
    }

    public void Dispose() => _harness.Dispose();

    [Theory]
    [InlineData("../evil.heap")]
    [InlineData("..\\\\evil.heap")]
    [InlineData("/tmp/evil.heap")]
    [InlineData("C:\\\\evil.heap")]
    [InlineData("sub/evil.heap")]
    [InlineData(".heap")]
    [InlineData("evil.txt")]
    [InlineData("LOCK")]
    [InlineData("manifest.json")]
    [InlineData("")]
    [InlineData("..")]
    [InlineData("evil\\u0000.heap")]
    [InlineData("\\u0065vil\\u002f.heap")]
    [InlineData("évil.heap")]
    public void A_name_that_no_engine_writes_is_refused(string name)
    {
        Edit(_full, "manifest.json", "doomed.heap", name);

        var error = ReadError(_full);

        Assert.Equal(ErrorCode.UnsafeName, error.Code);
        Assert.StartsWith("invalid backup manifest file name: ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_of_absurd_length_is_refused()
    {
        Edit(_full, "manifest.json", "doomed.heap", new string('x', 300) + ".heap");
        Assert.Equal(ErrorCode.UnsafeName, ReadError(_full).Code);

        Edit(_full, "manifest.json", new string('x', 300), new string('x', 100_000));
        Assert.Equal(ErrorCode.Malformed, ReadError(_full).Code);
    }

    [Fact]
    public void A_name_listed_twice_is_refused()
    {
        Edit(_full, "manifest.json", "doomed.heap", "users.heap");

        Assert.Contains("users.heap twice", ReadError(_full).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("../users.heap.delta")]
    [InlineData("users.heap")]
    [InlineData("events.heap.delta")]
    public void A_delta_under_another_name_is_refused(string name)
    {
        Edit(_increment, "increment.json", "users.heap.delta", name);

        Assert.Equal(ErrorCode.UnsafeName, ReadError(_increment).Code);
    }

    [Fact]
    public void A_table_named_to_leave_the_folder_is_refused()
    {
        var database = new PowDbTestDatabase();
        database.Tables["../../evil"] = new PowDbTestDatabase.Table();
        var source = _harness.At("data");
        Directory.CreateDirectory(source);
        File.WriteAllBytes(Path.Combine(source, "catalog.bin"), database.Catalog());

        var error = Assert.Throws<BackupException>(() => _harness.Full(source, _harness.At("new")));

        Assert.Equal(ErrorCode.SourceDamaged, error.Code);
        Assert.Contains("not an identifier", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"page_indices\": [\n          5\n", "\"page_indices\": [\n          6\n", ErrorCode.Malformed)]
    [InlineData(
        "\"page_indices\": [\n          5\n",
        "\"page_indices\": [\n          4294967295\n",
        ErrorCode.Malformed
    )]
    [InlineData(
        "\"page_indices\": [\n          5\n",
        "\"page_indices\": [\n          4294967296\n",
        ErrorCode.Malformed
    )]
    [InlineData("\"page_indices\": [\n          5\n", "\"page_indices\": [\n          -1\n", ErrorCode.Malformed)]
    [InlineData("\"page_indices\": [\n          5\n", "\"page_indices\": [\n          5.0\n", ErrorCode.Malformed)]
    [InlineData("\"page_indices\": [\n          5\n", "\"page_indices\": [\n          5, 5\n", ErrorCode.Malformed)]
    [InlineData("\"page_indices\": [\n          5\n", "\"page_indices\": [\n          5, 4\n", ErrorCode.Malformed)]
    [InlineData("\"page_indices\": [\n          5\n", "\"page_indices\": [\n          4\n", ErrorCode.Malformed)]
    [InlineData(
        "\"page_indices\": [\n          5\n",
        "\"page_indices\": [\n          4, 5\n",
        ErrorCode.LengthMismatch
    )]
    [InlineData("\"total_pages\": 6", "\"total_pages\": 5", ErrorCode.Malformed)]
    [InlineData("\"total_pages\": 6", "\"total_pages\": 7", ErrorCode.VerificationFailed)]
    [InlineData("\"delta_len\": 4100", "\"delta_len\": 4099", ErrorCode.LengthMismatch)]
    [InlineData("\"len\": 9033", "\"len\": 9034", ErrorCode.LengthMismatch)]
    [InlineData("\"len\": 9033", "\"len\": 18446744073709551615", ErrorCode.Malformed)]
    [InlineData("\"len\": 9033", "\"len\": 9223372036854775807", ErrorCode.LengthMismatch)]
    [InlineData("\"total_pages\": 6", "\"total_pages\": 4294967295", ErrorCode.VerificationFailed)]
    [InlineData("\"base_source_lsn\": 874", "\"base_source_lsn\": 875", ErrorCode.ChainGap)]
    [InlineData("\"base_source_lsn\": 874", "\"base_source_lsn\": 873", ErrorCode.ChainOverlap)]
    [InlineData("\"format_version\": 1", "\"format_version\": 2", ErrorCode.UnsupportedVersion)]
    [InlineData("\"source_lsn\": 935,", "", ErrorCode.Malformed)]
    [InlineData("\"source_lsn\": 935,", "\"source_lsn\": 935, \"source_lsn\": 935,", ErrorCode.Malformed)]
    [InlineData("\"Whole\"", "\"Hole\"", ErrorCode.Malformed)]
    [InlineData("8bb5275233b4613f", "8BB5275233B4613F", ErrorCode.Malformed)]
    [InlineData("8bb5275233b4613f", "8bb5275233b4613e", ErrorCode.ChecksumMismatch)]
    [InlineData(
        "\"created_unix_secs\": 1795145206",
        "\"created_unix_secs\": 18446744073709551615",
        ErrorCode.Malformed
    )]
    public void A_manifest_that_lies_is_refused(string old, string now, ErrorCode expected)
    {
        Edit(_increment, "increment.json", old, now);

        RefusedEverywhere(expected);
    }

    [Fact]
    public void Unknown_fields_are_ignored_and_order_does_not_matter()
    {
        Edit(
            _increment,
            "increment.json",
            "\"base_source_lsn\": 874,",
            "\"x\": {\"a\": [1, {\"b\": null}]}, \"base_source_lsn\": 874, \"sync\": null,"
        );
        Edit(
            _increment,
            "increment.json",
            "\"name\": \"users.heap\",\n        \"total_pages\": 6,",
            "\"total_pages\": 6,\"name\": \"users.heap\",\"y\": \"z\","
        );

        _harness.Restore(Chain(), _harness.At("restored"));

        PowDbFixtures.AssertSame(PowDbFixtures.At("S1"), _harness.At("restored"));
    }

    [Theory]
    [InlineData('[')]
    [InlineData('{')]
    public void Deep_nesting_is_refused_at_once(char open)
    {
        var json = new StringBuilder("{\"format_version\": 1, \"source_lsn\": 1, \"x\": ");
        for (var i = 0; i < 1_000_000; i++)
        {
            json.Append(open == '[' ? "[" : "{\"a\":");
        }
        File.WriteAllText(Path.Combine(_full, "manifest.json"), json.ToString());

        Assert.Equal(ErrorCode.Malformed, ReadError(_full).Code);
    }

    [Fact]
    public void A_huge_list_of_pages_needs_no_memory()
    {
        using (var file = new StreamWriter(Path.Combine(_increment, "increment.json")))
        {
            file.Write(
                "{\"format_version\":1,\"created_unix_secs\":1,\"base_source_lsn\":1,\"source_lsn\":1,\"changed\":[{\"Pages\":{"
                    + "\"name\":\"users.heap\",\"total_pages\":4294967295,\"page_indices\":[0"
            );
            for (var i = 1; i < 3_000_000; i++)
            {
                file.Write($",{i}");
            }
            file.Write(
                $"],\"delta_file\":\"users.heap.delta\",\"delta_len\":1,\"delta_blake3_hex\":\"{new string('0', 64)}\"}}}}]}}"
            );
        }
        List<PowDbBundle> bundles = [];
        // What is kept counts for the whole process, in which other tests run: the least of several looks is this one's.
        var kept = Enumerable
            .Range(0, 5)
            .Min(_ =>
            {
                var before = GC.GetTotalMemory(forceFullCollection: true);
                bundles.Add(PowDbBundle.Open(_increment, increment: true, _harness.Context()));
                return GC.GetTotalMemory(forceFullCollection: true) - before;
            });

        Assert.InRange(kept, long.MinValue, 2 * 1024 * 1024);
        Assert.Equal(3_000_000u, Assert.IsType<PowDbPages>(bundles[0].Manifest.Entries.Single()).PageCount);
    }

    [Fact(Skip = "Wine makes no symbolic links", SkipType = typeof(WindowsHost), SkipWhen = nameof(WindowsHost.IsWine))]
    public void A_link_in_the_place_of_a_file_is_refused()
    {
        var heap = Path.Combine(_full, "users.heap");
        var elsewhere = _harness.At("elsewhere.heap");
        File.Move(heap, elsewhere);
        File.CreateSymbolicLink(heap, elsewhere);

        RefusedEverywhere(ErrorCode.UnsafeName);
    }

    [Fact]
    public void A_pipe_in_the_place_of_a_file_is_refused_and_not_waited_for()
    {
        if (OperatingSystem.IsWindows())
        {
            return; // there are no named pipes among files
        }
        File.Delete(Path.Combine(_full, "users.heap"));
        using var make = Process.Start("mkfifo", [Path.Combine(_full, "users.heap")]);
        make.WaitForExit();

        RefusedEverywhere(ErrorCode.UnsafeName);
    }

    [Fact]
    public void A_missing_file_is_refused()
    {
        File.Delete(Path.Combine(_full, "users.heap"));

        RefusedEverywhere(ErrorCode.MissingFile);
    }

    [Fact]
    public void A_manifest_exchanged_after_it_was_read_is_refused()
    {
        var path = Chain();
        Edit(_increment, "increment.json", "1795145206", "1795145207");

        var error = Assert.Throws<BackupException>(() => _harness.Restore(path, _harness.At("restored")));

        Assert.Equal(ErrorCode.ChecksumMismatch, error.Code);
    }

    [Fact]
    public void Another_programs_manifest_is_no_bundle()
    {
        var folder = _harness.At("other");
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "manifest.json"), "{\"version\": 1, \"entries\": []}");

        Assert.Empty(_harness.Engine.ReadBundles(folder, _harness.Context()));
        Assert.Empty(_harness.Engine.ReadBundles(PowDbFixtures.At("S0"), _harness.Context()));
    }

    private void RefusedEverywhere(ErrorCode expected)
    {
        var read = _harness.Engine.ReadBundles(_harness.At("backups"), _harness.Context()).ToList();
        if (read.Find(r => r.Error is not null)?.Error is { } error)
        {
            Assert.Equal(expected, error.Code);
            return;
        }
        var path = read.Select(r => r.Header!).OrderBy(h => h.Kind).ToList();
        Assert.Contains(_harness.Verify(path), p => p.Severity == ProblemSeverity.Error && p.Code == expected);
        var thrown = Assert.Throws<BackupException>(() => _harness.Restore(path, _harness.At("restored")));
        Assert.Equal(expected, thrown.Code);
        Assert.False(Directory.Exists(_harness.At("restored")));
    }

    private IReadOnlyList<BundleHeader> Chain() => [.. _harness.Read(_full), .. _harness.Read(_increment)];

    private BackupException ReadError(string folder) =>
        Assert.Single(_harness.Engine.ReadBundles(folder, _harness.Context())).Error!;

    private static void Edit(string folder, string file, string old, string now)
    {
        var path = Path.Combine(folder, file);
        var text = File.ReadAllText(path);
        Assert.Contains(old, text, StringComparison.Ordinal);
        File.WriteAllText(path, text.Replace(old, now, StringComparison.Ordinal));
    }
}
