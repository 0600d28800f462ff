using BackupTools.Chains;
using BackupTools.Engines.Sqlite;
using BackupTools.Files;
using BackupTools.Formats.Sqlite;
using BackupTools.Tests.Files;
using BackupTools.Tests.Formats;
using BackupTools.Tests.Formats.Sqlite;

namespace BackupTools.Tests.Engines.Sqlite;

/// <summary>What a capture stores and what it leaves alone.</summary>
public sealed class SqliteCaptureTests : IDisposable
{
    private const int Steps = 8;

    private readonly SqliteBox _box = new();

    private string Source => _box.Harness.At("app.db");

    private string Bundles => _box.Harness.At("b");

    [PythonFact]
    public void Every_state_of_a_random_history_is_what_the_independent_reader_and_a_restore_make_of_it()
    {
        foreach (var (seed, pageSize, autoVacuum, mode) in Kinds())
        {
            var random = new Random(seed);
            var source = _box.Harness.At($"source-{seed}.db");
            SqliteTestDatabase.Run(source, SqliteHistory.Begin(pageSize, autoVacuum, mode));
            List<BundleHeader> way = [_box.Harness.Full(source, Bundles)];
            List<byte[]> states = [TempFolder.ReadShared(source)];
            for (var step = 1; step < Steps; step++)
            {
                SqliteTestDatabase.Run(source, SqliteHistory.Change(random));
                SqliteTestDatabase.Run(source, SqliteHistory.Change(random));
                way.Add(_box.Harness.Increment(source, Bundles, way));
                states.Add(TempFolder.ReadShared(source));
            }
            LtxChecker.Check([.. way.Select(b => b.FullName)]);
            for (var step = 0; step < Steps; step++)
            {
                var independent = _box.Harness.At("independent.db");
                LtxChecker.Apply(independent, [.. way.Take(step + 1).Select(b => b.FullName)]);
                Assert.True(states[step].AsSpan().SequenceEqual(File.ReadAllBytes(independent)), $"{seed}, {step}");
                var restored = _box.Restore(_box.Harness.At("b", $"source-{seed}.db"), (ulong)step + 1);
                Assert.True(states[step].AsSpan().SequenceEqual(File.ReadAllBytes(restored)), $"{seed}, {step}");
            }
            Assert.DoesNotContain(_box.Harness.Verify(way), p => p.Severity > ProblemSeverity.Info);
        }

        static IEnumerable<(int, int, int, string)> Kinds() =>
            [(1, 512, 0, "delete"), (2, 4096, 2, "wal"), (3, 65536, 1, "persist"), (4, 1024, 2, "wal")];
    }

    [Theory]
    [InlineData("wal")]
    [InlineData("delete")]
    [InlineData("persist")]
    public void A_closed_database_is_not_touched_and_nothing_stays_beside_it(string mode)
    {
        SqliteTestDatabase.Run(Source, $"pragma journal_mode={mode}");
        SqliteTestDatabase.AddRows(Source, 500);
        File.SetLastWriteTimeUtc(Source, new DateTime(2020, 1, 2, 3, 4, 5, DateTimeKind.Utc));
        var before = Look();
        var full = _box.Harness.Full(Source, Bundles);
        Assert.Equal(before, Look());
        Assert.Equal(500, SqliteRows.Check(_box.Restore(Bundles, full.End.Value)));

        string Look() =>
            string.Join(
                '\n',
                Directory
                    .EnumerateFiles(_box.Folder, "app.db*")
                    .Order(StringComparer.Ordinal)
                    .Select(f => $"{f} {File.GetLastWriteTimeUtc(f):O} {Convert.ToHexString(TempFolder.ReadShared(f))}")
            );
    }

    [Fact]
    public void An_increment_costs_what_changed_and_an_empty_one_next_to_nothing()
    {
        SqliteTestDatabase.AddRows(Source, 20000);
        List<BundleHeader> way = [_box.Harness.Full(Source, Bundles)];
        way.Add(_box.Harness.Increment(Source, Bundles, way));
        SqliteTestDatabase.Run(Source, "update t set v = 'x' where n = 10000");
        way.Add(_box.Harness.Increment(Source, Bundles, way));
        Assert.Equal([1ul, 2, 3], way.Select(b => b.End.Value));
        var sizes = way.Select(b => new FileInfo(b.FullName).Length).ToList();
        Assert.InRange(sizes[1], 1, 300);
        Assert.InRange(sizes[2], sizes[1], 3 * 4096);
        Assert.Equal(1, Number(_box.Restore(Bundles, 3)));

        static long Number(string database)
        {
            using var connection = SqliteTestDatabase.Open(database);
            using var command = connection.CreateCommand();
            command.CommandText = "select count(*) from t where v = 'x'";
            return (long)command.ExecuteScalar()!;
        }
    }

    /// <summary>Litestream lays an increment on whatever is before it; so what came and went in between is stored too.</summary>
    [PythonFact]
    public void A_differential_holds_what_was_changed_and_changed_back_since()
    {
        SqliteTestDatabase.AddRows(Source, 3000);
        var full = _box.Harness.Full(Source, Bundles);
        var first = TempFolder.ReadShared(Source);
        SqliteTestDatabase.Run(Source, "update t set v = 'other' where n % 50 = 0");
        var second = _box.Harness.Increment(Source, Bundles, [full]);
        File.WriteAllBytes(Source, first);
        var third = _box.Harness.Increment(Source, Bundles, [full]);
        Assert.Equal((1ul, 3ul), (third.Start.Value, third.End.Value));
        var independent = _box.Harness.At("independent.db");
        LtxChecker.Apply(independent, full.FullName, second.FullName, third.FullName);
        Assert.Equal(first, File.ReadAllBytes(independent));
        Assert.Equal(first, File.ReadAllBytes(_box.Restore(Bundles, 3)));
    }

    [Fact]
    public void Commits_of_a_killed_program_are_taken_from_its_log()
    {
        using (var writer = new SqliteWriter(Source))
        {
            writer.AddRows(700);
            writer.Kill();
        }
        var before = (TempFolder.ReadShared(Source), TempFolder.ReadShared(Source + "-wal"));
        _box.Harness.Full(Source, Bundles);
        Assert.Equal(before.Item1, TempFolder.ReadShared(Source));
        Assert.Equal(before.Item2, TempFolder.ReadShared(Source + "-wal"));
        Assert.Equal(700, SqliteRows.Check(_box.Restore(Bundles, 1)));
    }

    /// <summary>A log of zeros is what a power failure leaves; SQLite takes it for none.</summary>
    [Fact]
    public void A_log_that_is_none_is_passed_over()
    {
        SqliteTestDatabase.Run(Source, "pragma journal_mode=wal");
        SqliteTestDatabase.AddRows(Source, 100);
        File.WriteAllBytes(Source + "-wal", new byte[100_000]);
        _box.Harness.Full(Source, Bundles);
        Assert.Equal(100, SqliteRows.Check(_box.Restore(Bundles, 1)));
    }

    [Fact(Skip = "Wine makes no symbolic links", SkipType = typeof(WindowsHost), SkipWhen = nameof(WindowsHost.IsWine))]
    public void A_link_to_a_live_database_is_followed_to_its_log()
    {
        Directory.CreateDirectory(_box.Harness.At("real"));
        var real = _box.Harness.At("real", "data.db");
        using var writer = new SqliteWriter(real);
        writer.AddRows(300);
        File.CreateSymbolicLink(Source, real);
        _box.Harness.Full(Source, Bundles);
        Assert.Equal(300, SqliteRows.Check(_box.Restore(Bundles, 1)));
        Assert.Equal(["app.db"], Directory.GetFiles(_box.Folder).Select(Path.GetFileName));
    }

    [Fact]
    public void Databases_of_one_name_get_folders_of_their_own_and_each_continues_its_own()
    {
        List<string> sources = [_box.Harness.At("x", "app.db"), _box.Harness.At("y", "app.db")];
        var ways = sources.Select(_ => new List<BundleHeader>()).ToList();
        for (var round = 0; round < 3; round++)
        {
            for (var i = 0; i < 2; i++)
            {
                Directory.CreateDirectory(Path.GetDirectoryName(sources[i])!);
                SqliteTestDatabase.AddRows(sources[i], 10 + i);
                ways[i]
                    .Add(
                        round == 0
                            ? _box.Harness.Full(sources[i], Bundles)
                            : _box.Harness.Increment(sources[i], Bundles, ways[i])
                    );
                var series = _box.Harness.Engine.SeriesOf(sources[i], Bundles, _box.Harness.Context());
                Assert.Equal(ways[i][0].Series, series);
            }
        }
        Assert.Equal("app.db", ways[0][0].Series);
        Assert.Matches("^app\\.db-[0-9a-f]{8}$", ways[1][0].Series);
        for (var i = 0; i < 2; i++)
        {
            Assert.Equal(3 * (10 + i), SqliteRows.Check(_box.Restore(Path.Combine(Bundles, ways[i][0].Series!), 3)));
        }
    }

    [Fact]
    public void The_folder_of_the_database_and_its_ltx_name_the_destination_as_well()
    {
        SqliteTestDatabase.AddRows(Source, 10);
        List<BundleHeader> way = [_box.Harness.Full(Source, Bundles)];
        foreach (var folder in new[] { Path.Combine(Bundles, "app.db"), Path.Combine(Bundles, "app.db", "ltx") })
        {
            SqliteTestDatabase.AddRows(Source, 10);
            way.Add(_box.Harness.Increment(Source, folder, way));
        }
        Assert.All(
            way,
            b => Assert.StartsWith(Path.Combine(Bundles, "app.db", "ltx"), b.FullName, StringComparison.Ordinal)
        );
        Assert.Equal(30, SqliteRows.Check(_box.Restore(Bundles, 3)));
    }

    [Fact]
    public void Pages_of_a_log_beyond_the_bound_are_kept_in_staging_and_go_again()
    {
        using var staging = StagingArea.Create(LocalDisk.Instance, _box.Folder, TimeProvider.System);
        using (var kept = new KeptPages(512, staging, LocalDisk.Instance, memory: 3 * 512))
        {
            for (uint round = 0; round < 3; round++)
            {
                for (uint number = 1; number <= 10; number++)
                {
                    kept.Put(number, Page(number, round));
                }
            }
            var page = new byte[512];
            for (uint number = 1; number <= 10; number++)
            {
                Assert.True(kept.TryGet(number, page));
                Assert.Equal(Page(number, 2), page);
            }
            Assert.False(kept.TryGet(11, page));
            Assert.Equal(10, kept.Count);
        }
        Assert.All(Directory.GetFiles(staging.Folder), f => Assert.Equal(staging.OwnerPath, f));

        static byte[] Page(uint number, uint round)
        {
            var page = new byte[512];
            page.AsSpan().Fill((byte)((number * 16) + round));
            return page;
        }
    }

    /// <summary>Whoever writes rows can keep a page's CRC; a fingerprint under a secret he cannot keep.</summary>
    [Fact]
    public void A_page_that_keeps_its_checksum_is_seen_to_have_changed()
    {
        // A multiple of the checksum's polynomial: the sum does not see it come or go.
        var page = new byte[4096];
        var other = page.ToArray();
        ReadOnlySpan<byte> polynomial = [0x01, 0, 0, 0, 0, 0, 0, 0xB0, 0x01];
        polynomial.CopyTo(other.AsSpan(1000));
        var sums = new PageChecksum(page.Length);
        Assert.Equal(sums.Of(1, page), sums.Of(1, other));
        var key = PageMacs.NewKey();
        var before = new PageMacs(key, 1);
        var after = new PageMacs(key, 1);
        using var mac = before.NewMac();
        before.Set(1, page, mac);
        after.Set(1, other, mac);
        Assert.False(after.IsAsIn(before.Table, 1));
        after.Set(1, page, mac);
        Assert.True(after.IsAsIn(before.Table, 1));
    }

    public void Dispose() => _box.Dispose();
}
