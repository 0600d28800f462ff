using System.Text.Json;
using BackupTools.Errors;
using BackupTools.Files.Stores;
using BackupTools.Operations;
using BackupTools.Tests.FrontEnds;
using BackupTools.Tests.Operations;

namespace BackupTools.Tests.Stores;

/// <summary>Copies to a real store.</summary>
[Collection(CephGroup.Name)]
public sealed class CephWritingTests(CephFixture ceph)
{
    [CephFact]
    public void Sixteen_processes_that_copy_into_one_prefix_lose_nothing()
    {
        using var box = EngineSandbox.Of(EngineNames.Grafeo);
        box.Clock!.Now -= TimeSpan.FromDays(1);
        box.Chain();
        var address = $"s3://{CephFixture.Bucket}/sixteen";
        string[] copy =
        [
            .. ChildProcess.ConsoleArguments,
            "copy",
            box.Bundles,
            "--destination-path",
            address,
            "--json",
            "--lock-timeout",
            "600",
        ];
        var credential = ceph.Settings.Credential!;
        var environment = new Dictionary<string, string>(StoreEnvironment.Of(ceph.Settings.Endpoint))
        {
            ["AWS_ACCESS_KEY_ID"] = credential.UserName,
            ["AWS_SECRET_ACCESS_KEY"] = credential.Password,
        };
        var runs = new ChildResult[16];
        Parallel.For(
            0,
            runs.Length,
            new ParallelOptions { MaxDegreeOfParallelism = runs.Length },
            i =>
                runs[i] = ChildProcess.Run(
                    ChildProcess.ConsoleProgram,
                    [.. copy, "--spool-path", box.At($"spool{i}")],
                    box.Folder,
                    environment
                )
        );
        Assert.All(runs, r => Assert.True(r.ExitCode == 0, r.ToString()));
        // Each bundle was copied by one of them, and found by the others.
        var copied = runs.SelectMany(r =>
                JsonDocument.Parse(r.Out).RootElement[0].GetProperty("Copied").EnumerateArray().ToList()
            )
            .Select(b => b.GetProperty("Id").GetString())
            .ToList();
        var ids = box.Chains()[0].Bundles.Select(b => b.Id).ToList();
        Assert.Equal(ids.Order(), copied.Order());
        Assert.Equal(ids, new StoreWriting(box, address, ceph.Settings).Seen());
        Assert.Empty(ceph.OpenUploads("sixteen/"));
    }

    /// <summary>More than fits goes by way of the store, which puts it together: with parts as S3 has them, 5 MiB and more.</summary>
    [CephFact]
    public void A_backup_larger_than_its_spool_is_that_of_the_database()
    {
        using var box = EngineSandbox.Of(EngineNames.Spg);
        box.Clock!.Now -= TimeSpan.FromDays(1);
        box.Become("S0");
        using (var log = File.Open(Path.ChangeExtension(box.Source, ".wal"), FileMode.Open))
        {
            // What the log holds behind its last whole frame is read, and not taken: it fills the spool, and is cut off.
            log.Seek(0, SeekOrigin.End);
            log.Write(new byte[23 << 20]);
        }
        var settings = ceph.Settings with { PartSize = 5 << 20, SpoolLimit = 15 << 20 };
        var writing = new StoreWriting(box, $"s3://{CephFixture.Bucket}/larger", settings);
        writing.Back(incremental: false);
        Assert.Single(writing.Seen());
        using var host = writing.Host();
        Assert.All(
            VerifyChain.Run(
                new VerifySettings { Path = $"s3://{CephFixture.Bucket}/larger", RestoreDrill = true },
                host
            ),
            r => Assert.True(r.IsValid, string.Join("; ", r.Problems))
        );
        Assert.DoesNotContain(ceph.Down("larger").Keys, k => k.Contains("spool/", StringComparison.Ordinal));
    }

    [CephFact]
    public void What_a_locked_bucket_retains_is_kept_and_it_is_said_until_when()
    {
        using var box = EngineSandbox.Of(EngineNames.Grafeo);
        box.Clock!.Now -= TimeSpan.FromDays(1);
        box.Chain();
        box.Full();
        ceph.MakeLocked("locked");
        ceph.MakeVersioned("versioned");
        // With versions this Ceph keeps no conditions: that is found out before anything is sent.
        foreach (var bucket in new[] { "locked", "versioned" })
        {
            var refused = Assert.Throws<BackupException>(() =>
                new StoreWriting(box, $"s3://{bucket}/b", ceph.Settings).Copy()
            );
            Assert.Equal(ErrorCode.ConditionalWritesMissing, refused.Code);
        }
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

    /// <summary>This Ceph has the class STANDARD and no service of keys.</summary>
    [CephFact]
    public void Classes_that_the_store_has_are_taken_and_what_it_cannot_do_it_says()
    {
        using var box = EngineSandbox.Of(EngineNames.Spg);
        box.Clock!.Now -= TimeSpan.FromDays(1);
        box.Chain();
        var settings = ceph.Settings with { PartSize = 5 << 20 };
        var address = $"s3://{CephFixture.Bucket}/placed";
        var writing = new StoreWriting(box, address, settings with { StorageClass = "STANDARD" });
        writing.Copy();
        Assert.Equal(3, writing.Seen().Count);
        foreach (
            var refused in new[]
            {
                settings with
                {
                    StorageClass = "NOSUCHCLASS",
                },
                settings with
                {
                    Encryption = StoreEncryption.Kms,
                    KeyId = "none",
                },
            }
        )
        {
            var other = new StoreWriting(box, $"{address}-{refused.Encryption}", refused);
            var error = Assert.Throws<BackupException>(() => other.Copy());
            Assert.Equal(ErrorCode.InvalidOption, error.Code);
            Assert.Empty(other.Seen());
        }
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
        // Listing the uploads and the parts, the last part, the end, and what the object is then: Ceph does not say.
        Assert.Equal(5, Upload(new DyingStore(new S3Store(settings), 5), settings, file));
        Assert.Empty(ceph.OpenUploads("large/"));
        Assert.Equal(content, ceph.Down("large")[key["large/".Length..]]);
    }

    /// <summary>How many requests it took.</summary>
    private static int Upload(DyingStore store, StoreSettings settings, string file)
    {
        using var host = new OperationHost { Stores = settings, StoreMaker = () => store };
        var writer = new StoreWriter(host.Store($"s3://{CephFixture.Bucket}"), CephFixture.Bucket, "large", settings);
        using var open = host.Disk.OpenRead(file);
        new StoreUploader(writer, settings, host.Progress).Send(
            "large/x",
            open,
            null,
            writer.Uploads(),
            CancellationToken.None
        );
        return store.Requests;
    }
}
