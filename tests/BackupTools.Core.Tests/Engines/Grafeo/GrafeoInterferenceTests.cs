using BackupTools.Chains;
using BackupTools.Engines.Grafeo;
using BackupTools.Errors;
using BackupTools.Tests.Engines.Spg;
using BackupTools.Tests.Formats.Grafeo;

namespace BackupTools.Tests.Engines.Grafeo;

/// <summary>What an engine may do between two of our reads, made to happen there.</summary>
public class GrafeoInterferenceTests
{
    private sealed class Sandbox : IDisposable
    {
        private readonly HookedDisk _disk = new();
        private int _opened;

        public Sandbox() => Harness = new EngineHarness(new GrafeoEngine(), _disk, new HurriedClock());

        public EngineHarness Harness { get; }

        public string Database => Harness.At("live.grafeo");

        public string Log => Database + ".wal";

        /// <summary>Makes the database a fixture.</summary>
        public void Become(string set, string state, params string[] without)
        {
            File.Copy(GrafeoBytes.Fixture(set, $"{state}.grafeo"), Database, overwrite: true);
            Directory.CreateDirectory(Log);
            foreach (var file in Directory.EnumerateFiles(Log, "*.log"))
                File.Delete(file);
            foreach (var file in Directory.EnumerateFiles(GrafeoBytes.Fixture(set, $"{state}.grafeo.wal"), "*.log"))
            {
                if (!without.Contains(Path.GetFileName(file)))
                    File.Copy(file, Path.Combine(Log, Path.GetFileName(file)));
            }
        }

        /// <summary>Does something just before the n-th file is opened; then never again.</summary>
        public void At(int n, Action action)
        {
            _opened = 0;
            _disk.Opening = _ =>
            {
                if (++_opened == n)
                    action();
            };
        }

        /// <summary>Does something before every file that is opened under a name.</summary>
        public void Before(string name, Action action) =>
            _disk.Opening = path =>
            {
                if (Path.GetFileName(path) == name)
                    action();
            };

        public int Opened => _opened;

        public IReadOnlyList<BundleHeader> Chain() =>
            ChainBuilder.Build(Harness.At("b"), Harness.Read(Harness.At("b")), false)[^1].Bundles;

        public BundleHeader Full(bool cursor = false) =>
            Harness.Full(Database, Harness.At("b"), new EngineOptions { NoCursor = !cursor });

        public void Dispose() => Harness.Dispose();
    }

    [Theory]
    [InlineData("v06-native", 8)]
    [InlineData("v05-reference", 7)]
    public void Commits_at_any_moment_are_in_the_backup_or_left_for_the_next(string set, ulong last)
    {
        var opened = int.MaxValue;
        for (var n = 1; n <= Math.Min(opened, 40); n++)
        {
            using var s = new Sandbox();
            s.Become(set, "S1");
            s.At(n, () => s.Become(set, "S2"));
            s.Full();
            opened = s.Opened;
            var chain = s.Chain();
            Assert.Empty(s.Harness.Verify(chain));
            Assert.Contains(chain[^1].End.Value, new[] { 4ul, last });
        }
    }

    [Fact]
    public void A_checkpoint_that_removes_the_log_in_between_starts_the_capture_anew()
    {
        // Before: image of epoch 3 and its log. After: an image of epoch 8 that needs no log.
        var after = CheckpointedAtEight();
        var states = new HashSet<ulong>();
        var opened = int.MaxValue;
        for (var n = 1; n <= Math.Min(opened, 60); n++)
        {
            using var s = new Sandbox();
            s.Become("v06-native", "S2");
            s.At(
                n,
                () =>
                {
                    File.WriteAllBytes(s.Database, after);
                    foreach (var file in Directory.EnumerateFiles(s.Log))
                        File.Delete(file);
                    File.WriteAllBytes(
                        Path.Combine(s.Log, "wal_00000000000000102653.log"),
                        WithDatabase(GrafeoBytes.SegmentHeader(102653))
                    );
                }
            );
            s.Full();
            opened = s.Opened;
            var chain = s.Chain();
            Assert.DoesNotContain(s.Harness.Verify(chain), p => p.Severity == ProblemSeverity.Error);
            Assert.Equal(8ul, chain[^1].End.Value);
            states.Add((ulong)chain.Count);
        }
        Assert.Equal([1ul, 2ul], states.Order());
    }

    [Fact]
    public void An_image_of_the_old_generation_that_is_overwritten_in_place_is_tried_again()
    {
        // What 0.5.x up to 0.5.43 does: new sections first, then the other header.
        var old = GrafeoBytes.FixtureBytes("v05-reference", "S2.grafeo");
        var half = GrafeoBytes.Flip(old, 17000);
        using var s = new Sandbox();
        s.Become("v05-reference", "S2");
        File.WriteAllBytes(s.Database, half);
        var looks = 0;
        s.Before("live.grafeo", () => File.WriteAllBytes(s.Database, ++looks < 8 ? half : old));
        s.Full();
        Assert.Empty(s.Harness.Verify(s.Chain()));
        Assert.True(looks >= 8);
    }

    [Fact]
    public void A_source_that_never_holds_still_ends_with_a_name_for_it()
    {
        using var s = new Sandbox();
        s.Become("v06-native", "S0");
        var bytes = File.ReadAllBytes(s.Database);
        var round = 0;
        s.Before(
            "live.grafeo",
            () =>
            {
                var torn = GrafeoBytes.Flip(bytes, 77824 + 40);
                File.WriteAllBytes(s.Database, [.. torn, .. new byte[++round % 100]]);
            }
        );
        var error = Assert.Throws<BackupException>(() => s.Full());
        Assert.Equal((ErrorCode.SourceChanging, s.Database), (error.Code, error.FullName));
        Assert.Contains("a directory block is damaged", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_cursor_is_there_before_the_first_byte_is_copied()
    {
        using var s = new Sandbox();
        s.Become("v06-native", "S2");
        var seen = false;
        s.Before("wal_00000000000000000480.log", () => seen = File.Exists(Path.Combine(s.Log, "backup_cursor.meta")));
        s.Full(cursor: true);
        Assert.True(seen);
    }

    /// <summary>An image of the same database whose header says epoch 8 and that the log goes on behind it.</summary>
    private static byte[] CheckpointedAtEight()
    {
        var image = GrafeoBytes.FixtureBytes("v06-native", "S2.grafeo");
        BitConverter.GetBytes(3ul).CopyTo(image, 4096 + 8);
        BitConverter.GetBytes(102653ul).CopyTo(image, 4096 + 16);
        BitConverter.GetBytes(8ul).CopyTo(image, 4096 + 24);
        BitConverter.GetBytes(GrafeoBytes.Crc(image.AsSpan(4096, 80))).CopyTo(image, 4096 + 80);
        return image;
    }

    private static byte[] WithDatabase(byte[] header)
    {
        GrafeoBytes.FixtureBytes("v06-native", "S2.grafeo").AsSpan(16, 16).CopyTo(header.AsSpan(16));
        BitConverter.GetBytes(GrafeoBytes.Crc(header.AsSpan(0, 124))).CopyTo(header, 124);
        return header;
    }
}
