using BackupTools.Chains;
using BackupTools.Engines;
using BackupTools.Engines.Alopex;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Tests.Files;
using BackupTools.Tests.Formats.Alopex;

namespace BackupTools.Tests.Engines.Alopex;

public sealed class AlopexCaptureTests
{
    [Fact]
    public void Names_never_collide_and_the_latest_marker_follows()
    {
        var clock = new StoppedClock();
        using var harness = new EngineHarness(new AlopexEngine(), clock: clock);
        var source = harness.Data("small/S1");

        var names = new List<string>();
        for (var i = 0; i < 3; i++)
        {
            var header = harness.Full(source, harness.At("backup"));
            names.Add(header.Name);
            Assert.Equal(header.FullName, File.ReadAllText(harness.At("backup", "latest")));
        }

        var second = clock.GetUtcNow().ToUnixTimeSeconds();
        Assert.Equal([$"ts-{second}", $"ts-{second + 1}", $"ts-{second + 2}"], names);
        var read = harness.Read(harness.At("backup"));
        Assert.Equal(names, read.Select(h => h.Name));
        // Nothing changed in between, and they are three bundles all the same.
        Assert.Equal(3, read.Select(h => h.Id).Distinct().Count());
        Assert.All(read, h => Assert.Equal(28UL, h.End.Value));
    }

    [Theory]
    [InlineData(5)] // several within a second, one of them copied here alone
    [InlineData(90_000)] // a clock that was wrong
    public void A_snapshot_is_named_after_all_that_are_there_even_those_of_the_future(int ahead)
    {
        var clock = new StoppedClock();
        using var harness = new EngineHarness(new AlopexEngine(), clock: clock);
        var first = harness.Full(harness.Data("small/S1"), harness.At("backup"));
        var later = clock.GetUtcNow().ToUnixTimeSeconds() + ahead;
        Directory.Move(first.FullName, harness.At("backup", $"ts-{later}"));

        var second = harness.Full(harness.Data("small/S2", "db2"), harness.At("backup"));
        Assert.Equal($"ts-{later + 1}", second.Name);
    }

    [Fact]
    public void A_database_before_its_first_checkpoint_gets_the_meta_that_a_snapshot_needs()
    {
        using var harness = AlopexStates.Harness();
        var source = harness.At("db");
        using (var writer = new AlopexWriter(source))
        {
            for (var i = 0; i < 5; i++)
            {
                writer.Commit();
            }
        }
        Assert.False(File.Exists(Path.Combine(source, "checkpoint.meta")));

        var header = harness.Full(source, harness.At("backup"));

        Assert.Empty(harness.Warnings);
        Assert.Empty(harness.Verify([header]).Noted());
        Assert.True(File.Exists(Path.Combine(header.FullName, "checkpoint.meta")));
        Assert.Equal(5, AlopexWriter.StateOf(AlopexKeyReader.Read(header.FullName).Keys));
    }

    [Fact]
    public void Everything_in_the_directory_is_taken_but_locks_leftovers_and_the_engines_own_snapshots()
    {
        using var harness = AlopexStates.Harness();
        var source = harness.Data("small/S1");
        foreach (
            var name in new[]
            {
                ".alopex.lock",
                "checkpoint.tmp",
                "snapshot.manifest",
                "lsm.wal.bad.1795145022",
                "notes/read me.txt",
            }
        )
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(source, name))!);
            File.WriteAllText(Path.Combine(source, name), "x");
        }
        Directory.CreateDirectory(Path.Combine(source, "empty"));
        Directory.CreateDirectory(Path.Combine(source, ".lifecycle", "backup", "ts-1"));
        File.WriteAllText(Path.Combine(source, ".lifecycle", "backup", "ts-1", "lsm.wal"), "x");

        var header = harness.Full(source, harness.At("backup"));
        harness.Restore([header], harness.At("restored"));

        Assert.Equal(
            [
                "checkpoint.meta",
                "empty",
                "lsm.wal",
                "lsm.wal.bad.1795145022",
                "notes",
                "notes/read me.txt",
                "sst",
                "sst/1.sst",
                "sst/2.sst",
                "sst/3.sst",
            ],
            Directory
                .GetFileSystemEntries(harness.At("restored"), "*", SearchOption.AllDirectories)
                .Select(f => TempFolder.Relative(harness.At("restored"), f))
                .Order(StringComparer.Ordinal)
        );
        Assert.Empty(harness.Verify([header]).Noted());
    }

    [Theory(
        Skip = "Wine makes no symbolic links",
        SkipType = typeof(WindowsHost),
        SkipWhen = nameof(WindowsHost.IsWine)
    )]
    [InlineData("lsm.wal")]
    [InlineData("sst")]
    [InlineData("elsewhere")]
    public void Symbolic_links_are_refused_and_not_followed(string name)
    {
        using var harness = AlopexStates.Harness();
        var source = harness.Data("small/S1");
        var target = harness.At("target");
        if (Path.Exists(Path.Combine(source, name)))
        {
            Directory.Move(Path.Combine(source, name), target);
        }
        Directory.CreateSymbolicLink(Path.Combine(source, name), target);

        var error = Assert.Throws<BackupException>(() => harness.Full(source, harness.At("backup")));

        Assert.Equal(ErrorCode.UnsupportedFormat, error.Code);
        Assert.Equal($"{name} is a symbolic link, and links are not followed", error.Message);
    }

    [Fact(Skip = "Wine makes no symbolic links", SkipType = typeof(WindowsHost), SkipWhen = nameof(WindowsHost.IsWine))]
    public void A_data_directory_that_is_reached_through_a_link_is_taken()
    {
        using var harness = AlopexStates.Harness();
        harness.Data("small/S1");
        Directory.CreateSymbolicLink(harness.At("link"), harness.At("db"));

        var header = harness.Full(harness.At("link"), harness.At("backup"));

        Assert.True(harness.Engine.RecognisesSource(harness.At("link"), harness.Context()));
        Assert.Equal(28UL, header.End.Value);
    }

    [UnixFact]
    public void A_name_that_the_manifest_cannot_hold_is_refused()
    {
        using var harness = AlopexStates.Harness();
        var source = harness.Data("small/S1");
        File.WriteAllText(Path.Combine(source, "back\\slash"), "x");

        Assert.Equal(
            ErrorCode.UnsafeName,
            Assert.Throws<BackupException>(() => harness.Full(source, harness.At("backup"))).Code
        );
    }

    [Fact]
    public void A_half_written_table_that_nobody_finishes_is_no_part_of_a_snapshot()
    {
        using var harness = AlopexStates.Harness();
        var source = harness.Data("small/S1");
        File.WriteAllBytes(Path.Combine(source, "sst", "4.sst"), new byte[500]);
        AlopexStates.Settle(source);

        var error = Assert.Throws<BackupException>(() => harness.Full(source, harness.At("backup")));

        Assert.Equal(ErrorCode.SourceDamaged, error.Code);
        Assert.Equal("sst/4.sst: invalid format: SSTable header magic mismatch", error.Message);
        Assert.Contains("only if a crash", error.Recommendation, StringComparison.Ordinal);
    }

    [Fact]
    public void What_only_looks_like_a_table_is_left_out_because_the_engine_would_refuse_the_snapshot()
    {
        using var harness = AlopexStates.Harness();
        var source = harness.Data("small/S1");
        File.WriteAllText(Path.Combine(source, "sst", "stray.SST"), "stray");

        var header = harness.Full(source, harness.At("backup"));

        Assert.Contains("sst/stray.SST is not a table", Assert.Single(harness.Warnings), StringComparison.Ordinal);
        Assert.Empty(harness.Verify([header]).Noted());
    }

    [Fact]
    public void The_users_checkpoint_runs_first_and_the_engines_is_never_asked_for()
    {
        using var harness = AlopexStates.Harness();
        var source = harness.At("db");
        using var writer = new AlopexWriter(source);
        for (var i = 0; i < 5; i++)
        {
            writer.Commit();
        }

        var header = harness.Full(source, harness.At("backup"), new EngineOptions { Checkpoint = writer.Checkpoint });

        Assert.Equal(1, writer.Tables);
        Assert.Equal((writer.Lsn, 0), (header.End.Value, AlopexKeyReader.Read(header.FullName).Lsns.Count));
    }

    [Fact]
    public void The_source_is_only_read()
    {
        using var harness = AlopexStates.Harness();
        var source = harness.Data("small/S1");
        var before = Look(source);

        var first = harness.Full(source, harness.At("backup"));
        harness.Increment(source, harness.At("backup"), [first]);

        Assert.Equal(before, Look(source));
    }

    [Fact]
    public void The_engines_own_layout_is_written_where_its_server_looks()
    {
        using var harness = AlopexStates.Harness();
        var source = harness.Data("default/S1");
        var folder = Path.Combine(source, ".lifecycle", "backup");
        var options = new EngineOptions { EngineLayout = true };

        var header = harness.Full(source, folder, options);

        Assert.Equal(header.FullName, File.ReadAllText(Path.Combine(folder, "latest")));
        Assert.StartsWith(Path.Combine(folder, "ts-"), header.FullName, StringComparison.Ordinal);
        Assert.Equal(header.Id, Assert.Single(harness.Read(source)).Id);
        var error = Assert.Throws<BackupException>(() => harness.Full(source, harness.At("elsewhere"), options));
        Assert.Equal(ErrorCode.InvalidOption, error.Code);
        Assert.Contains(folder, error.Recommendation, StringComparison.Ordinal);
    }

    [Fact]
    public void A_plan_says_what_will_be_read_and_writes_nothing()
    {
        using var harness = AlopexStates.Harness();
        var source = harness.Data("small/S1");
        var request = new CaptureRequest
        {
            SourcePath = source,
            DestinationFolder = harness.At("backup"),
            Kind = BundleKind.Full,
            Options = new EngineOptions(),
        };

        var plan = harness.Engine.PlanCapture(request, harness.Context());

        Assert.Equal(5, plan.SourceFiles.Count);
        Assert.Equal(24 + 2844 + 11124 + 478 + (2 * 3121), plan.ExpectedBytes);
        Assert.StartsWith(harness.At("backup", "ts-"), plan.BundlePath, StringComparison.Ordinal);
        Assert.False(Directory.Exists(harness.At("backup")));
    }

    [Theory]
    [InlineData(null, ErrorCode.PathNotFound, "data directory does not exist: ")]
    [InlineData("x", ErrorCode.SourceNotRecognised, "data directory is not a directory: ")]
    public void A_source_that_is_no_directory_is_named_in_the_engines_words(
        string? content,
        ErrorCode code,
        string words
    )
    {
        using var harness = AlopexStates.Harness();
        if (content is not null)
        {
            File.WriteAllText(harness.At("db"), content);
        }

        var error = Assert.Throws<BackupException>(() => harness.Full(harness.At("db"), harness.At("backup")));

        Assert.Equal((code, words + harness.At("db")), (error.Code, error.Message));
    }

    [Fact]
    public void A_capture_that_is_stopped_leaves_nothing()
    {
        using var harness = AlopexStates.Harness();
        using var stop = new CancellationTokenSource();
        var request = new CaptureRequest
        {
            SourcePath = harness.Data("small/S1"),
            DestinationFolder = harness.At("backup"),
            Kind = BundleKind.Full,
            Options = new EngineOptions { Checkpoint = stop.Cancel },
        };

        Assert.ThrowsAny<OperationCanceledException>(() => harness.Capture(request, stop.Token));

        Assert.False(Directory.Exists(harness.At("backup")));
    }

    /// <summary>As happens beside a checkpoint, now and then: the log was then taken from its beginning, with a warning.</summary>
    [Fact]
    public void A_listing_that_passes_over_the_meta_file_does_not_take_it_from_the_snapshot()
    {
        using var harness = new EngineHarness(new AlopexEngine(), new PassingOver("checkpoint.meta"));
        var source = harness.Data("small/S2");
        Assert.True(File.Exists(Path.Combine(source, "checkpoint.meta")));

        var header = harness.Full(source, harness.At("backup"));

        Assert.Empty(harness.Warnings);
        Assert.Equal(
            File.ReadAllBytes(Path.Combine(source, "checkpoint.meta")),
            File.ReadAllBytes(Path.Combine(header.FullName, "checkpoint.meta"))
        );
    }

    private sealed class PassingOver(string name) : ForwardingDisk(LocalDisk.Instance)
    {
        public override IReadOnlyList<DiskEntry> List(string folder) =>
            [.. Inner.List(folder).Where(e => e.Name != name)];
    }

    private static List<(string, long, DateTime)> Look(string folder) =>
        [
            .. Directory
                .GetFileSystemEntries(folder, "*", SearchOption.AllDirectories)
                .Order(StringComparer.Ordinal)
                .Select(f => (f, File.Exists(f) ? new FileInfo(f).Length : 0, File.GetLastWriteTimeUtc(f))),
        ];

    private sealed class StoppedClock : TimeProvider
    {
        private readonly DateTimeOffset _now = DateTimeOffset.UtcNow;

        public override DateTimeOffset GetUtcNow() => _now;
    }
}
