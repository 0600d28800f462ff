using BackupTools.Errors;
using BackupTools.Formats.Grafeo;
using BackupTools.Operations;
using BackupTools.Tests.Engines.Grafeo;
using BackupTools.Tests.Formats.Grafeo;
using static BackupTools.Tests.Operations.GrafeoFolderChecks;

namespace BackupTools.Tests.Operations;

/// <summary>Merge, copy and expire, on random chains of both Grafeo generations.</summary>
public sealed class GrafeoChainLifeTests
{
    [Theory]
    [MemberData(nameof(Histories))]
    public void A_merged_chain_restores_to_what_the_chain_restores_to(bool paged, int seed)
    {
        using var h = new GrafeoHistory(paged, seed);
        h.Backup(7);
        foreach (var chain in h.Chains(h.Backups))
        {
            for (var round = 0; round < 3; round++)
            {
                var position = (ulong)h.Random.NextInt64((long)chain.StartPosition, (long)chain.EndPosition + 1);
                var folder = h.At($"m-{chain.ChainId}-{round}");
                var merged = h.Merge(
                    new MergeSettings
                    {
                        Path = h.Backups,
                        ChainId = chain.ChainId,
                        ToPosition = round == 0 ? null : position,
                        DestinationPath = folder,
                    }
                );
                position = round == 0 ? chain.EndPosition : position;
                Assert.Equal(position, merged.EndPosition);
                Sound(h, folder);
                var result = Assert.Single(h.Chains(folder));
                Assert.Equal(merged.ChainId, result.ChainId);
                Assert.InRange(result.Bundles.Count, 1, 2);
                Assert.Equal(h.Restored(h.Backups, chain.ChainId, position), h.Restored(folder));
                for (var p = chain.StartPosition; p <= position && h.Plain && round == 1; p++)
                    Assert.Equal(h.Restored(h.Backups, chain.ChainId, p), h.Restored(folder, position: p));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Histories))]
    public void A_merge_up_to_a_time_holds_what_the_chain_held_then(bool paged, int seed)
    {
        using var h = new GrafeoHistory(paged, seed);
        h.Backup(5);
        var chain = h.Chains(h.Backups)[^1];
        var first = chain.Bundles[0].CreatedUtc;
        var span = chain.Bundles[^1].CreatedUtc - first;
        var time = new DateTimeOffset(first + (span * h.Random.NextDouble()));
        var folder = h.At("m");
        var merged = h.Merge(
            new MergeSettings
            {
                Path = h.Backups,
                ChainId = chain.ChainId,
                PointInTime = time,
                DestinationPath = folder,
            }
        );
        Assert.True(merged.CreatedUtc <= time.UtcDateTime, "it is dated like its state");
        Sound(h, folder);
        var expected = h.Restored(h.Backups, chain.ChainId, time: time);
        Assert.Equal(expected, h.Restored(folder));
        Assert.Equal(expected, h.Restored(folder, time: time));
    }

    [Theory]
    [MemberData(nameof(Histories))]
    public void Increments_go_on_from_a_merged_chain_also_in_the_folder_it_was_made_from(bool paged, int seed)
    {
        using var h = new GrafeoHistory(paged, seed);
        h.Backup(4);
        foreach (var folder in new[] { h.At("m"), h.Backups })
        {
            var merged = h.Merge(new MergeSettings { Path = h.Backups, DestinationPath = folder });
            h.Work();
            var next = h.Increment(folder);
            Assert.Equal(merged.ChainId, next.ChainId);
            Sound(h, folder);
            Assert.Equal(h.Epoch, h.Chains(folder).Single(c => c.ChainId == merged.ChainId).EndPosition);
            h.Work();
            h.Increment(); // the original goes on as well
            Sound(h, h.Backups);
        }
    }

    [Theory]
    [MemberData(nameof(Histories))]
    public void After_a_prune_every_kept_bundle_restores_to_the_same_bytes(bool paged, int seed)
    {
        using var h = new GrafeoHistory(paged, seed);
        for (var round = 0; round < 3; round++)
        {
            h.Backup(h.Random.Next(2, 6));
            var before = States(h, h.Backups);
            h.Tick();
            var settings = new ExpirySettings { Path = h.Backups, KeepLast = h.Random.Next(1, 5) };
            var report = Verbs.Expire(settings, h.Host());
            var after = States(h, h.Backups);
            Assert.Equal(before.Count - report.RemovedCount, after.Count);
            Assert.All(after, state => Assert.Equal(before[state.Key], state.Value));
            Sound(h, h.Backups);
            h.Work();
            h.Increment();
            Sound(h, h.Backups);
        }
    }

    [Theory]
    [MemberData(nameof(Histories))]
    public void A_copy_restores_the_same_wherever_it_was_interrupted_and_pruned(bool paged, int seed)
    {
        using var h = new GrafeoHistory(paged, seed);
        h.Backup(4);
        Copy(h);
        h.Backup(3);
        h.Work();
        h.Increment();
        h.Merge(new MergeSettings { Path = h.Backups, DestinationPath = h.Backups });
        h.Work();
        h.Increment();
        Verbs.Expire(new ExpirySettings { Path = h.At("copy"), KeepLast = 1 }, h.Host());
        Copy(h);
        Assert.Equal(States(h, h.Backups), States(h, h.At("copy")));
        Assert.Equal(
            h.Chains(h.Backups).Select(c => (c.ChainId, c.Bundles.Count)),
            h.Chains(h.At("copy")).Select(c => (c.ChainId, c.Bundles.Count))
        );
        Assert.Equal(Contents(h.Backups), Contents(h.At("copy")));
        Sound(h, h.At("copy"));
        Assert.Empty(Copy(h).Copied);
    }

    [Fact]
    public void A_chain_that_the_folder_holds_already_is_not_merged_into_it_again()
    {
        using var h = new GrafeoHistory(paged: true, 1);
        h.Backup(4);
        var settings = new MergeSettings { Path = h.Backups, DestinationPath = h.At("m") };
        h.Merge(settings);
        var before = Snapshot(h.At("m"));
        Assert.Equal(ErrorCode.DestinationExists, Assert.Throws<BackupException>(() => h.Merge(settings)).Code);
        Assert.Equal(before, Snapshot(h.At("m")));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_copy_of_one_chain_that_comes_later_takes_its_place_before_the_others(bool paged)
    {
        using var h = new GrafeoHistory(paged, 1);
        h.Full();
        h.Work();
        h.Increment();
        h.Full();
        h.Work();
        h.Increment();
        var chains = h.Chains(h.Backups);
        Copy(h, chains[1].ChainId);
        Copy(h, chains[0].ChainId);
        Assert.Equal(Contents(h.Backups), Contents(h.At("copy")));
    }

    [Fact]
    public void An_older_state_is_not_merged_into_a_folder_with_a_newer_one()
    {
        using var h = new GrafeoHistory(paged: true, 1);
        h.Backup(3);
        var settings = new MergeSettings
        {
            Path = h.Backups,
            DestinationPath = h.Backups,
            ToPosition = h.Epoch - 1,
        };
        var error = Assert.Throws<BackupException>(() => h.Merge(settings));
        Assert.Equal((ErrorCode.InvalidOption, h.Backups), (error.Code, error.FullName));
        h.Merge(settings with { DestinationPath = h.At("m") });
        Sound(h, h.At("m"));
    }

    [Fact]
    public void Of_two_states_of_one_epoch_the_older_is_not_merged_behind_the_newer()
    {
        using var h = new GrafeoHistory(paged: true, 1);
        h.Full();
        h.Work();
        var before = h.Increment();
        h.ChangeSchema();
        Assert.Equal(before.EndPosition, h.Increment().EndPosition);
        var settings = new MergeSettings
        {
            Path = h.Backups,
            DestinationPath = h.Backups,
            PointInTime = new DateTimeOffset(before.CreatedUtc),
        };
        Assert.Equal(ErrorCode.InvalidOption, Assert.Throws<BackupException>(() => h.Merge(settings)).Code);
        h.Merge(settings with { PointInTime = null });
        Sound(h, h.Backups);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_chain_with_nothing_behind_its_image_merges_to_the_image_alone(bool paged)
    {
        using var h = new GrafeoHistory(paged, 1);
        h.Full();
        h.Work();
        h.Increment();
        var merged = h.Merge(
            new MergeSettings
            {
                Path = h.Backups,
                DestinationPath = h.At("m"),
                ToPosition = 3,
            }
        );
        Assert.Equal(("Full", 3ul, 1), (merged.Kind, merged.EndPosition, h.Chains(h.At("m"))[0].Bundles.Count));
        Assert.Equal(h.Restored(h.Backups, position: 3), h.Restored(h.At("m")));
    }

    [Fact]
    public void What_the_older_engine_lost_is_still_missing_and_told_after_a_merge()
    {
        using var box = new GrafeoHarness().WithBackups("v05-lost", "backups-as-reference");
        using var h = new GrafeoHistory(paged: false, 1);
        var merged = h.Merge(new MergeSettings { Path = box.Backups, DestinationPath = h.At("m") });
        Assert.Equal(7ul, merged.EndPosition);
        Assert.Equal(h.Restored(box.Backups), h.Restored(h.At("m")));
        var report = Assert.Single(VerifyChain.Run(new VerifySettings { Path = h.At("m") }, h.Host()));
        Assert.Contains(
            "epochs 4..5 are in no segment",
            Assert.Single(report.Problems).Message,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Another_databases_folder_takes_no_copy_and_no_merge(bool merge)
    {
        using var other = new GrafeoHarness().Become("v06-native", "S0");
        other.Full();
        var manifest = File.ReadAllText(Path.Combine(other.Backups, Manifest));
        var image = Path.Combine(other.Backups, "backup_full_0000.grafeo");
        var bytes = File.ReadAllBytes(image);
        bytes[16] ^= 1;
        BitConverter.GetBytes(GrafeoBytes.Crc(bytes.AsSpan(0, 72))).CopyTo(bytes, 72);
        File.WriteAllBytes(image, bytes);
        using var h = new GrafeoHistory(paged: true, 1);
        h.Full();
        var error = Assert.Throws<BackupException>(() =>
        {
            if (merge)
                h.Merge(new MergeSettings { Path = h.Backups, DestinationPath = other.Backups });
            else
                Copy(h, folder: other.Backups);
        });
        Assert.Equal(ErrorCode.ForeignEpoch, error.Code);
        Assert.Equal(manifest, File.ReadAllText(Path.Combine(other.Backups, Manifest)));
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public void Damage_is_found_while_a_bundle_is_copied_or_merged(bool paged, bool image)
    {
        using var h = new GrafeoHistory(paged, 1);
        h.Full();
        h.Work();
        var increment = h.Increment();
        var path = image ? h.Chains(h.Backups)[0].Bundles[0].FullName : increment.FullName;
        File.WriteAllBytes(path, GrafeoBytes.Flip(File.ReadAllBytes(path), (int)new FileInfo(path).Length - 30));
        var copied = Assert.Single(Copy(h).Problems);
        Assert.Equal((nameof(ErrorCode.ChecksumMismatch), path), (copied.Code, copied.FullName));
        var merge = new MergeSettings { Path = h.Backups, DestinationPath = h.At("m") };
        Assert.Equal(ErrorCode.ChecksumMismatch, Assert.Throws<BackupException>(() => h.Merge(merge)).Code);
        Assert.False(Directory.Exists(h.At("m")));
    }

    [Fact]
    public void Segments_without_a_manifest_are_copied_and_removed_as_they_are()
    {
        using var h = new GrafeoHistory(paged: true, 1);
        h.Full();
        h.Work();
        h.Increment();
        File.Delete(Path.Combine(h.Backups, Manifest));
        Copy(h);
        Assert.Equal(States(h, h.Backups), States(h, h.At("copy")));
        var merge = new MergeSettings { Path = h.Backups, DestinationPath = h.Backups };
        Assert.Equal(ErrorCode.InvalidOption, Assert.Throws<BackupException>(() => h.Merge(merge)).Code);
        h.Merge(merge with { DestinationPath = h.At("m") });
        Assert.Equal(h.Restored(h.Backups), h.Restored(h.At("m")));
        var all = new ExpirySettings
        {
            Path = h.At("copy"),
            KeepLast = 0,
            Force = true,
        };
        Assert.Equal(2, Verbs.Expire(all, h.Host()).RemovedCount);
        Assert.Empty(Directory.EnumerateFileSystemEntries(h.At("copy")));
    }

    [Fact]
    public void A_folder_that_lost_everything_begins_anew()
    {
        using var h = new GrafeoHistory(paged: true, 1);
        h.Backup(4);
        Verbs.Expire(
            new ExpirySettings
            {
                Path = h.Backups,
                KeepLast = 0,
                Force = true,
            },
            h.Host()
        );
        Assert.Equal(Manifest, Path.GetFileName(Assert.Single(Directory.EnumerateFiles(h.Backups))));
        Assert.Equal("backup_full_0000.grafeo", h.Full().Name);
        Sound(h, h.Backups);
    }

    [Fact]
    public void What_a_manifest_lists_and_cannot_be_read_stays_listed()
    {
        using var h = new GrafeoHistory(paged: true, 1);
        h.Full();
        h.Full();
        h.Full();
        var path = Path.Combine(h.Backups, Manifest);
        var listed = GrafeoManifest.Read(File.ReadAllBytes(path)).Segments;
        File.Delete(Path.Combine(h.Backups, listed[1].FileName));
        Verbs.Expire(new ExpirySettings { Path = h.Backups, KeepLast = 1 }, h.Host());
        Assert.Contains(listed[1], GrafeoManifest.Read(File.ReadAllBytes(path)).Segments);
    }

    public static TheoryData<bool, int> Histories
    {
        get
        {
            var data = new TheoryData<bool, int>();
            for (var seed = 0; seed < (SoakBudget.IsLong ? 20 : 2); seed++)
            {
                data.Add(true, seed);
                data.Add(false, seed);
            }
            return data;
        }
    }
}
