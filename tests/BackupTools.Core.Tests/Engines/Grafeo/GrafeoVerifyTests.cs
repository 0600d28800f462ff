using BackupTools.Chains;
using BackupTools.Engines;
using BackupTools.Errors;
using BackupTools.Formats.Grafeo;
using BackupTools.Tests.Formats.Grafeo;

namespace BackupTools.Tests.Engines.Grafeo;

public class GrafeoVerifyTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("v06-native")]
    [InlineData("v05-reference")]
    public void The_engines_chains_are_sound(string set)
    {
        using var h = new GrafeoHarness().WithBackups(set);
        foreach (var depth in new[] { VerifyDepth.Checksums, VerifyDepth.Deep })
            Assert.Empty(h.Inner.Verify(h.Newest(), depth));
    }

    [Theory]
    [InlineData("v06-native")]
    [InlineData("v05-reference")]
    public void Cutting_any_file_of_a_chain_anywhere_is_noticed(string set)
    {
        using var h = new GrafeoHarness().WithBackups(set);
        foreach (var path in Directory.EnumerateFiles(h.Backups).Order().ToList())
        {
            var bytes = File.ReadAllBytes(path);
            using (var file = new FileStream(path, FileMode.Open, FileAccess.Write))
            {
                for (
                    var length = bytes.Length - 1;
                    length >= 0;
                    length -= bytes.Length > 5000 && length % 4096 > 64 ? 61 : 1
                )
                {
                    file.SetLength(length);
                    Assert.True(IsNoticed(h, VerifyDepth.Checksums), $"{Path.GetFileName(path)} cut to {length}");
                }
            }
            File.WriteAllBytes(path, bytes);
        }
        Assert.False(IsNoticed(h, VerifyDepth.Deep));
    }

    [Theory]
    [InlineData("v06-native")]
    [InlineData("v05-reference")]
    public void Changing_any_byte_of_a_segment_is_noticed(string set)
    {
        using var h = new GrafeoHarness().WithBackups(set);
        foreach (var path in Directory.EnumerateFiles(h.Backups, "backup_*_*").Order().ToList())
        {
            var bytes = File.ReadAllBytes(path);
            for (var at = 0; at < bytes.Length; at += at < 400 ? 1 : 997)
            {
                File.WriteAllBytes(path, GrafeoBytes.Flip(bytes, at, 0x41));
                Assert.True(IsNoticed(h, VerifyDepth.Checksums), $"{Path.GetFileName(path)} at {at}");
            }
            File.WriteAllBytes(path, bytes);
        }
    }

    /// <summary>
    /// The manifest has no checksum. What is not seen is what nothing else repeats: the time of a backup.
    /// </summary>
    [Theory]
    [InlineData("v06-native")]
    [InlineData("v05-reference")]
    public void Changing_a_byte_of_the_manifest_is_noticed_but_for_times(string set)
    {
        using var h = new GrafeoHarness().WithBackups(set);
        var path = Path.Combine(h.Backups, "backup_manifest.json");
        var bytes = File.ReadAllBytes(path);
        var sound = GrafeoManifest.Read(bytes);
        for (var at = 0; at < bytes.Length; at++)
        {
            File.WriteAllBytes(path, GrafeoBytes.Flip(bytes, at, 0x01));
            if (!IsNoticed(h, VerifyDepth.Checksums))
            {
                var read = GrafeoManifest.Read(File.ReadAllBytes(path));
                Assert.Equal(
                    sound.Segments.Select(s => s with { CreatedAtMs = 0 }),
                    read.Segments.Select(s => s with { CreatedAtMs = 0 })
                );
            }
        }
    }

    [Fact]
    public void A_damaged_increment_says_which_epochs_it_loses()
    {
        using var h = new GrafeoHarness().WithBackups("v06-native");
        var path = Path.Combine(h.Backups, "backup_incr_0002.wal");
        // In the group of epoch 7: 40 bytes before the segment, then its own offset.
        File.WriteAllBytes(path, GrafeoBytes.Flip(File.ReadAllBytes(path), 40 + 128 + (694 - 480) + 30));
        foreach (var depth in new[] { VerifyDepth.Checksums, VerifyDepth.Deep })
        {
            var problems = h.Inner.Verify(h.Newest(), depth);
            Assert.Equal(
                "incremental backup backup_incr_0002.wal CRC mismatch: expected 4b072517, got "
                    + $"{GrafeoBytes.Crc(File.ReadAllBytes(path)):x8}",
                problems[0].Message
            );
            Assert.Equal(
                "the damaged segment loses epochs 7..8 from byte 382 on, and the chain what follows them",
                problems[1].Message
            );
            Assert.Equal((path, 382L), (problems[1].FullName, problems[1].Offset!.Value));
            Assert.Equal(2, problems.Count);
        }
    }

    [Fact]
    public void So_does_one_of_the_old_generation()
    {
        using var h = new GrafeoHarness().WithBackups("v05-reference");
        var path = Path.Combine(h.Backups, "backup_incr_0002.wal");
        var bytes = File.ReadAllBytes(path);
        File.WriteAllBytes(path, GrafeoBytes.Flip(bytes, bytes.Length - 30));
        var problems = h.Inner.Verify(h.Newest(), VerifyDepth.Checksums);
        Assert.StartsWith(
            "the damaged segment loses epochs 7..7 from byte",
            problems[1].Message,
            StringComparison.Ordinal
        );
        Assert.All(problems, p => Assert.Equal(path, p.FullName));
        File.WriteAllBytes(path, GrafeoBytes.Flip(bytes, 30));
        problems = h.Inner.Verify(h.Newest(), VerifyDepth.Checksums);
        Assert.Contains(
            "every commit in the damaged segment can still be read",
            problems[1].Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_damaged_image_names_the_part_and_the_byte()
    {
        using var h = new GrafeoHarness().WithBackups("v05-reference");
        var path = Path.Combine(h.Backups, "backup_full_0000.grafeo");
        var bytes = File.ReadAllBytes(path);
        File.WriteAllBytes(path, GrafeoBytes.Flip(bytes, 16400));
        var problem = h.Inner.Verify(h.Newest()).First(p => p.Severity == ProblemSeverity.Error);
        Assert.StartsWith("section LpgStore CRC mismatch: expected 0x", problem.Message, StringComparison.Ordinal);
        Assert.Equal((path, 16384L), (problem.FullName, problem.Offset!.Value));
        File.WriteAllBytes(path, GrafeoBytes.Flip(bytes, 12290));
        problem = h.Inner.Verify(h.Newest()).First(p => p.Severity == ProblemSeverity.Error);
        Assert.StartsWith(
            "v2 section directory checksum mismatch: header recorded",
            problem.Message,
            StringComparison.Ordinal
        );
        Assert.Equal(12288, problem.Offset);
        // One bit in a header without checksum: the engine opens this as an empty database.
        File.WriteAllBytes(path, GrafeoBytes.Flip(bytes, 8192));
        problem = h.Inner.Verify(h.Newest()).First(p => p.Severity == ProblemSeverity.Error);
        Assert.Contains(
            "both database headers say that nothing was ever written",
            problem.Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Forgeries_with_matching_checksums_are_seen_by_what_else_does_not_fit()
    {
        // The manifest's epochs against the increment's header.
        Forge("v06-native", 1, s => s with { StartEpoch = 3 }, null, ErrorCode.Malformed, "the file says epochs 4..4");
        // Both changed: against the commits inside.
        Forge(
            "v06-native",
            2,
            s => s with { EndEpoch = 7 },
            b => BitConverter.GetBytes(7ul).CopyTo(b, 16),
            ErrorCode.Malformed,
            "the segment holds epoch 8, the manifest ends at 7"
        );
        // An image against its epoch.
        Forge("v05-reference", 0, s => s with { EndEpoch = 2 }, null, ErrorCode.Malformed, "the image is of epoch 3");
        Forge(
            "v05-reference",
            0,
            s => s with { EndEpoch = 4 },
            null,
            ErrorCode.ChainGap,
            "epochs 4..4 are in no segment"
        );
        // Something behind the last segment.
        Forge(
            "v06-native",
            1,
            s => s,
            b => BitConverter.GetBytes(BitConverter.ToUInt64(b, 32) - 1).CopyTo(b, 32),
            ErrorCode.Truncated,
            "incremental backup backup_incr_0001.wal is truncated"
        );
        // Another database's log.
        Forge(
            "v06-native",
            1,
            s => s,
            b => GrafeoBytes.SegmentHeader(311).CopyTo(b, 40),
            ErrorCode.ForeignEpoch,
            "the WAL belongs to database 0707"
        );
    }

    private static void Forge(
        string set,
        int index,
        Func<GrafeoSegment, GrafeoSegment> entry,
        Action<byte[]>? change,
        ErrorCode code,
        string words
    )
    {
        using var h = new GrafeoHarness().WithBackups(set);
        GrafeoRestoreTests.Rewrite(h, index, entry, change);
        var problems = h.Inner.Verify(h.Inner.Read(h.Backups), VerifyDepth.Checksums);
        Assert.Contains(problems, p => p.Code == code && p.Message.Contains(words, StringComparison.Ordinal));
    }

    [Fact]
    public void A_missing_increment_is_a_gap_in_the_positions_and_in_the_log()
    {
        using var h = new GrafeoHarness().WithBackups("v06-native");
        Remove(h, 2);
        Assert.Contains(
            h.Chains()[0].Problems,
            p => p.Code == ErrorCode.ChainGap && p.Message.Contains("nothing covers 4..8", StringComparison.Ordinal)
        );
        // Should positions agree, the log still does not.
        var read = h.Inner.Read(h.Backups);
        var gap = Assert.Single(h.Inner.Verify(read));
        Assert.Equal(ErrorCode.ChainGap, gap.Code);
        Assert.Equal(
            "the WAL has a gap: what precedes it ends at LSN 480, but the segment starts at LSN 102653",
            gap.Message
        );
        Assert.Equal(
            ErrorCode.ChainGap,
            Assert.Throws<BackupException>(() => h.Inner.Restore(read, h.Inner.At("o", "x.grafeo"))).Code
        );
    }

    [Fact]
    public void Generations_do_not_mix_in_one_chain()
    {
        using var h = new GrafeoHarness().WithBackups("v06-native");
        using var old = new GrafeoHarness().WithBackups("v05-reference");
        BundleHeader[] mixed = [h.Newest()[0], old.Newest()[1]];
        Assert.Contains(
            h.Inner.Verify(mixed),
            p => p.Message == "the incremental backups after the full backup mix two WAL formats"
        );
        Assert.Throws<BackupException>(() => h.Inner.Restore(mixed, h.Inner.At("o", "x.grafeo")));
    }

    /// <summary>Forged so that the manifest's checksums agree: only what is inside can show it.</summary>
    [Theory]
    [InlineData("v06-native")]
    [InlineData("v05-reference")]
    public void Forged_segments_of_any_content_end_in_findings_and_never_in_anything_else(string set)
    {
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        using var h = new GrafeoHarness().WithBackups(set);
        for (var round = 0; round < 300; round++)
        {
            h.WithBackups(set);
            GrafeoRestoreTests.Rewrite(
                h,
                random.Next(3),
                s => s,
                bytes =>
                {
                    for (var changes = random.Next(1, 5); changes > 0; changes--)
                    {
                        var at = random.Next(Math.Min(bytes.Length, 400));
                        random.NextBytes(bytes.AsSpan(at, Math.Min(random.Next(1, 9), bytes.Length - at)));
                    }
                }
            );
            var read = h.Inner.Engine.ReadBundles(h.Backups, h.Inner.Context()).ToList();
            h.Inner.Verify([.. read.Select(r => r.Header).OfType<BundleHeader>()], VerifyDepth.Checksums);
        }
    }

    [Fact]
    public void A_cancelled_check_stops()
    {
        using var h = new GrafeoHarness().WithBackups("v06-native");
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        var path = h.Newest();
        Assert.ThrowsAny<OperationCanceledException>(() => h.Inner.Verify(path, cancellation: cancelled.Token));
    }

    private static void Remove(GrafeoHarness h, int index)
    {
        var path = Path.Combine(h.Backups, "backup_manifest.json");
        var manifest = GrafeoManifest.Read(File.ReadAllBytes(path));
        var segments = manifest.Segments.ToList();
        segments.RemoveAt(index);
        File.WriteAllBytes(path, (manifest with { Segments = segments }).Write());
    }

    private static bool IsNoticed(GrafeoHarness h, VerifyDepth depth)
    {
        var read = h.Inner.Engine.ReadBundles(h.Backups, h.Inner.Context()).ToList();
        if (read.Exists(r => r.Error is not null))
            return true;
        var chains = ChainBuilder.Build(h.Backups, read.Select(r => r.Header!), siblingsAreFine: false);
        return chains.Count != 1 || chains[0].Problems.Count > 0 || h.Inner.Verify(chains[0].Bundles, depth).Count > 0;
    }
}
