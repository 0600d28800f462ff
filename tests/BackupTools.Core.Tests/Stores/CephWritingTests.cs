using BackupTools.Engines;
using BackupTools.Errors;
using BackupTools.Files.Stores;
using BackupTools.Operations;
using BackupTools.Tests.Operations;

namespace BackupTools.Tests.Stores;

/// <summary>Copies to a real store.</summary>
[Collection(CephGroup.Name)]
public sealed class CephWritingTests(CephFixture ceph)
{
    public static TheoryData<string> Engines => [.. EngineSandbox.Names];

    [CephTheory]
    [MemberData(nameof(Engines))]
    public void A_copy_is_the_chain_of_the_folder(string engine)
    {
        using var box = EngineSandbox.Of(engine);
        // Nothing is dated after it was brought up.
        box.Clock!.Now -= TimeSpan.FromMinutes(10);
        box.Chain();
        var prefix = $"writing/a b+c%é/{engine}/b";
        new StoreWriting(box, $"s3://{CephFixture.Bucket}/{prefix}", ceph.Settings).IsThatOfTheFolder(() =>
            ceph.Down(prefix)
        );
    }

    [CephTheory]
    [MemberData(nameof(Engines))]
    public void A_run_that_died_is_gone_on_with(string engine)
    {
        using var box = EngineSandbox.Of(engine);
        box.Clock!.Now -= TimeSpan.FromMinutes(10);
        box.Chain();
        var settings = ceph.Settings with { Lease = TimeSpan.FromMilliseconds(500) };
        var clean = $"dying/{engine}/clean";
        var whole = new StoreWriting(box, $"s3://{CephFixture.Bucket}/{clean}", settings);
        whole.Copy();
        var (keys, ids) = (ceph.Down(clean).Keys.Order().ToList(), whole.Seen());
        var died = true;
        for (var requests = 3; died; requests += 5)
        {
            var prefix = $"dying/{engine}/{requests}";
            var writing = new StoreWriting(box, $"s3://{CephFixture.Bucket}/{prefix}", settings)
            {
                Maker = () => new DyingStore(new S3Store(settings), requests),
            };
            died = Record.Exception(() => writing.Copy()) is BackupException { Code: ErrorCode.StoreAccessDenied };
            writing.Maker = null;
            var seen = writing.Seen();
            Assert.Equal(ids.Take(seen.Count), seen);
            writing.Copy();
            Assert.Equal(ids, writing.Seen());
            Assert.Equal(keys, ceph.Down(prefix).Keys.Order());
            Assert.Empty(ceph.OpenUploads(prefix + "/"));
        }
        Assert.Equal(ids, whole.Seen());
    }

    [CephTheory]
    [MemberData(nameof(Engines))]
    public void A_prune_that_died_is_finished_by_the_next(string engine)
    {
        using var box = EngineSandbox.Of(engine);
        box.Clock!.Now -= TimeSpan.FromDays(1);
        box.Chain();
        box.Full();
        var settings = ceph.Settings with { Lease = TimeSpan.FromMilliseconds(500) };
        IReadOnlyList<string>? @new = null;
        var died = true;
        // The lease takes three requests, and is given back with the last.
        for (var requests = 6; died; requests += 6)
        {
            var prefix = $"pruning/{engine}/{requests}";
            var writing = new StoreWriting(box, $"s3://{CephFixture.Bucket}/{prefix}", settings);
            writing.Copy();
            var old = writing.Seen();
            var store = new DyingStore(new S3Store(settings), requests);
            writing.Maker = () => store;
            Record.Exception(() => writing.Expire());
            died = store.Requests > requests;
            writing.Maker = null;
            var seen = writing.Seen();
            writing.Expire();
            @new ??= writing.Seen();
            Assert.True(seen.SequenceEqual(old) || seen.SequenceEqual(@new));
            Assert.Equal(@new, writing.Seen());
            Assert.DoesNotContain(ceph.Down(prefix).Keys, k => k.Contains("removal", StringComparison.Ordinal));
        }
        // A full of Grafeo may come with an increment.
        Assert.InRange(@new!.Count, 1, 2);
    }

    [CephTheory]
    [MemberData(nameof(Engines))]
    public void A_backup_that_died_is_taken_by_the_next(string engine)
    {
        using var box = EngineSandbox.Of(engine);
        box.Clock!.Now -= TimeSpan.FromDays(1);
        box.Become("S0");
        var settings = ceph.Settings with { Lease = TimeSpan.FromMilliseconds(500) };
        var died = true;
        for (var requests = 4; died; requests += 6)
        {
            var prefix = $"backing/{engine}/{requests}";
            var writing = new StoreWriting(box, $"s3://{CephFixture.Bucket}/{prefix}", settings);
            writing.Back(incremental: false);
            var old = writing.Seen();
            writing.Maker = () => new DyingStore(new S3Store(settings), requests);
            died = Record.Exception(() => writing.Back(incremental: false)) is BackupException;
            writing.Maker = null;
            var seen = writing.Seen();
            Assert.Equal(old, seen.Take(old.Count));
            var made = writing.Back(incremental: false);
            Assert.Equal(seen.Count + made.Count, writing.Seen().Count);
            Assert.Empty(ceph.OpenUploads(prefix + "/"));
            Assert.Equal(
                ceph.Down(prefix).Keys.Count(k => k.EndsWith(".begin", StringComparison.Ordinal)),
                ceph.Down(prefix).Keys.Count(k => k.EndsWith(".end", StringComparison.Ordinal))
            );
        }
    }

    [CephTheory]
    [MemberData(nameof(Engines))]
    public void A_merge_is_a_full_of_the_same_state(string engine)
    {
        using var box = EngineSandbox.Of(engine);
        box.Clock!.Now -= TimeSpan.FromDays(1);
        box.Chain();
        var address = $"s3://{CephFixture.Bucket}/merging/{engine}";
        var writing = new StoreWriting(box, address, ceph.Settings);
        writing.Copy();
        var made = writing.Merge();
        using var host = writing.Host();
        var to = box.At("from-store", Path.GetFileName(box.Restored));
        Verbs.Restore(
            new RestoreSettings
            {
                Path = address,
                DestinationPath = to,
                ChainId = made[^1].ChainId,
            },
            host
        );
        Assert.Equal(EngineSandbox.Bytes(box.RestoreFrom(box.Bundles)), EngineSandbox.Bytes(to));
    }

    [CephFact]
    public void What_a_locked_bucket_retains_is_kept_and_it_is_said_until_when()
    {
        using var box = EngineSandbox.Of(EngineNames.Grafeo);
        box.Clock!.Now -= TimeSpan.FromDays(1);
        box.Chain();
        box.Full();
        ceph.MakeLocked("locked");
        // With versions this Ceph keeps no conditions: that is found out before anything is sent.
        var refused = Assert.Throws<BackupException>(() =>
            new StoreWriting(box, "s3://locked/b", ceph.Settings).Copy()
        );
        Assert.Equal(ErrorCode.ConditionalWritesMissing, refused.Code);
        var writing = new StoreWriting(box, "s3://locked/b", ceph.Settings with { SingleWriter = true });
        writing.Copy();
        var ids = writing.Seen();
        var report = writing.Expire();
        Assert.Equal((0, ids.Count), (report.RemovedCount, report.KeptCount));
        Assert.All(report.Problems, p => Assert.Equal(("Warning", "StoreRetained"), (p.Severity, p.Code)));
        Assert.Contains(
            $"until {DateTime.UtcNow.AddDays(1):yyyy-MM-dd}",
            writing.Warnings[0],
            StringComparison.Ordinal
        );
        Assert.Equal(ids, writing.Seen());
        // Nothing is in the way of the next backup.
        box.Become("S1");
        box.Full();
        Assert.NotEmpty(writing.Copy().Copied);
    }

    [CephFact]
    public void Large_objects_go_in_parts_that_are_not_sent_twice()
    {
        using var box = EngineSandbox.Of(EngineNames.Spg);
        var file = box.At("large");
        var content = new byte[(11 << 20) + 5];
        new Random(1).NextBytes(content);
        File.WriteAllBytes(file, content);
        var settings = ceph.Settings with { PartSize = 5 << 20, Parallel = 1 };
        var sent = Assert.Throws<BackupException>(() =>
            Upload(new DyingStore(new S3Store(settings), 4), settings, file)
        );
        Assert.Equal(ErrorCode.StoreAccessDenied, sent.Code);
        var key = Assert.Single(ceph.OpenUploads("large/"));
        // Listing the uploads and the parts, the last part, and the end.
        Assert.Equal(4, Upload(new DyingStore(new S3Store(settings), 4), settings, file));
        Assert.Empty(ceph.OpenUploads("large/"));
        Assert.Equal(content, ceph.Down("large")[key["large/".Length..]]);
    }

    /// <summary>How many requests it took.</summary>
    private static int Upload(DyingStore store, StoreSettings settings, string file)
    {
        using var host = new OperationHost { Stores = settings, StoreMaker = () => store };
        var writer = new StoreWriter(host.Store($"s3://{CephFixture.Bucket}"), CephFixture.Bucket, "large", settings);
        using var open = host.Disk.OpenRead(file);
        new StoreUploader(writer, settings, host.Progress, () => { }).Send(
            "large/x",
            open,
            null,
            writer.Uploads(),
            CancellationToken.None
        );
        return store.Requests;
    }
}
