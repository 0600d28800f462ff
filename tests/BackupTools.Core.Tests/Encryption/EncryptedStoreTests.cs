using BackupTools.Errors;
using BackupTools.Files.Stores;
using BackupTools.Formats.Age;
using BackupTools.Operations;
using BackupTools.Reports;
using BackupTools.Tests.Operations;
using BackupTools.Tests.Stores;

namespace BackupTools.Tests.Encryption;

/// <summary>Encrypted copies in a store: made, read, pruned and copied there.</summary>
public sealed class EncryptedStoreTests : IDisposable
{
    private const string Address = $"s3://{FakeS3.Bucket}/p/b";

    private readonly FakeS3 _store = new();

    public static TheoryData<string> Engines => [.. EngineSandbox.All];

    public void Dispose() => _store.Dispose();

    [Theory]
    [MemberData(nameof(Engines))]
    public void A_copy_for_others_in_a_store_restores_to_what_the_plain_one_does(string engine)
    {
        using var box = new EncryptedBox(engine);
        var first = Copy(box, box.Box.Bundles, Address);

        Assert.Equal(box.Chain.Select(b => b.Id), first.Copied.Select(b => b.Id));
        Assert.All(Data(), key => Assert.True(AgeHeader.Begins(_store.Content(key)), key));
        Assert.Equal(
            box.Chain.Count,
            _store.Keys.Count(k => k.Contains("/.backuptools-age/", StringComparison.Ordinal)) - 1
        );
        Assert.False(Directory.Exists(box.Box.At("spool")));
        foreach (var bundle in box.Chain)
        {
            Assert.Equal(Restored(box, box.Box.Bundles, bundle.CreatedUtc), Restored(box, Address, bundle.CreatedUtc));
        }
        using (var host = Host(box, box.Key))
        {
            Assert.All(
                VerifyChain.Run(new VerifySettings { Path = Address, Deep = true }, host),
                report => Assert.True(report.IsValid)
            );
        }
        _store.ForgetRequests();
        var second = Copy(box, box.Box.Bundles, Address);
        Assert.Equal((0, box.Chain.Count), (second.Copied.Count, second.PresentCount));
        Assert.DoesNotContain(
            _store.Requests,
            r => r.Method == "PUT" && !r.Key.Contains("/.backuptools/", StringComparison.Ordinal)
        );
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void Without_the_key_it_is_listed_compared_and_copied_there(string engine)
    {
        using var box = new EncryptedBox(engine);
        Copy(box, box.Box.Bundles, Address);
        using (var none = Host(box))
        {
            Assert.Equal(
                box.Chain.Select(b => b.Id),
                ReadChains.Read(Address, false, null, none).SelectMany(r => r.Chain!.Bundles).Select(b => b.Id)
            );
        }
        using (var none = Host(box))
        {
            Assert.All(
                VerifyChain.Run(new VerifySettings { Path = Address }, none),
                report => Assert.Equal((null, "Outer"), (report.IsValid, report.Checked))
            );
        }
        // As it is: down to a folder, and up to another place.
        var other = $"s3://{FakeS3.Bucket}/q/b";
        Copy(box, Address, box.Encrypted, isFor: null);
        Assert.Equal(box.Chain.Count, Copy(box, box.Encrypted, other, isFor: null).Copied.Count);
        Assert.Empty(Copy(box, Address, other, isFor: null).Copied);
        var last = box.Chain[^1].CreatedUtc;
        Assert.Equal(Restored(box, box.Box.Bundles, last), Restored(box, box.Encrypted, last));
        Assert.Equal(Restored(box, box.Box.Bundles, last), Restored(box, other, last));
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void What_is_expired_goes_from_the_store_with_the_key_and_without(string engine)
    {
        foreach (var withKey in new[] { true, false })
        {
            _store.Clear();
            using var box = new EncryptedBox(engine);
            box.Box.Become("S1");
            var later = box.Box.Full(box.Box.Settings());
            Copy(box, box.Box.Bundles, Address);
            var settings = new ExpirySettings { Path = Address, KeepLast = 1 };
            using var host = Host(box, withKey ? box.Key : null);
            if (engine == "Grafeo" && !withKey)
            {
                Assert.Equal(
                    ErrorCode.IdentityRequired,
                    Assert.Throws<BackupException>(() => Verbs.Expire(settings, host)).Code
                );
                continue;
            }

            Assert.Equal(box.Chain.Count, Verbs.Expire(settings, host).RemovedCount);

            using (var none = Host(box))
            {
                Assert.Equal(
                    box.Box.Chains()[^1].Bundles.Select(b => b.Id),
                    ReadChains.Read(Address, false, null, none).SelectMany(r => r.Chain!.Bundles).Select(b => b.Id)
                );
            }
            Assert.Equal(
                box.Box.Chains()[^1].BundleCount,
                _store.Keys.Count(k =>
                    k.Contains("/.backuptools-age/", StringComparison.Ordinal)
                    && k.EndsWith(".json", StringComparison.Ordinal)
                )
            );
            Assert.Equal(Restored(box, box.Box.Bundles, later.CreatedUtc), Restored(box, Address, later.CreatedUtc));
        }
    }

    /// <summary>What is encrypted again has other bytes: nothing of the run before may be taken for a part of it.</summary>
    [Theory]
    [MemberData(nameof(Engines))]
    public void Killed_after_any_request_the_next_run_finishes_what_can_be_read(string engine)
    {
        using var box = new EncryptedBox(engine);
        var killed = 0;
        for (var isDone = false; !isDone; killed += SoakBudget.Step(7))
        {
            _store.Clear();
            isDone = _store.DiesAfter(killed, () => Copy(box, box.Box.Bundles, Address), Trouble.Denied);
            Copy(box, box.Box.Bundles, Address);
            Assert.Empty(_store.OpenUploads);
            using var host = Host(box, box.Key);
            var reports = VerifyChain.Run(new VerifySettings { Path = Address }, host).ToList();
            Assert.All(reports, report => Assert.True(report.IsValid));
            Assert.Equal(box.Box.Chains().Count, reports.Count);
        }
        Assert.InRange(killed, 10, 400);
    }

    private IEnumerable<string> Data() =>
        _store.Keys.Where(k =>
            !k.Contains("/.backuptools/", StringComparison.Ordinal) && !k.EndsWith(".json", StringComparison.Ordinal)
        );

    private CopyReport Copy(EncryptedBox box, string from, string to, bool? isFor = true)
    {
        using var host = Host(box, key: KeyFor(box, from, isFor));
        return Verbs.Copy(
            new CopySettings
            {
                Path = from,
                DestinationPath = to,
                Recipients = isFor is null ? [] : [$"{box.Key.Recipient}"],
            },
            host
        );
    }

    /// <summary>The manifest of Grafeo is read to be added to.</summary>
    private static X25519Identity? KeyFor(EncryptedBox box, string from, bool? isFor) =>
        isFor is not null && box.Chain[0].Engine == "Grafeo" && from == box.Box.Bundles ? box.Key : null;

    private string Restored(EncryptedBox box, string path, DateTime time)
    {
        var at = box.Box.At("restored", $"{Guid.NewGuid():N}", Path.GetFileName(box.Box.Restored));
        using var host = Host(box, box.Key);
        Verbs.Restore(
            new RestoreSettings
            {
                Path = path,
                DestinationPath = at,
                PointInTime = new DateTimeOffset(time),
            },
            host
        );
        return EngineSandbox.Bytes(at);
    }

    private OperationHost Host(EncryptedBox box, X25519Identity? key = null)
    {
        var host = box.Host(key);
        return new OperationHost
        {
            Engines = EngineSandbox.Engines,
            Clock = host.Clock,
            Identities = host.Identities,
            Stores = new StoreSettings
            {
                Endpoint = _store.Endpoint,
                Credential = new("key", "secret"),
                SpoolPath = box.Box.At("spool"),
                Lease = TimeSpan.FromMilliseconds(200),
            },
        };
    }
}
