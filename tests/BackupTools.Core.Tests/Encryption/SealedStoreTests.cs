using BackupTools.Errors;
using BackupTools.Files.Stores;
using BackupTools.Formats.Age;
using BackupTools.Operations;
using BackupTools.Tests.Operations;
using BackupTools.Tests.Stores;

namespace BackupTools.Tests.Encryption;

/// <summary>Backups straight into a store, encrypted on the way.</summary>
public sealed class SealedStoreTests : IDisposable
{
    private const string Address = $"s3://{FakeS3.Bucket}/p/b";

    private readonly FakeS3 _store = new();

    public static TheoryData<string> Engines => [.. EngineSandbox.Names];

    public void Dispose() => _store.Dispose();

    [Theory]
    [MemberData(nameof(Engines))]
    public void Encrypted_backups_into_a_store_restore_to_what_plain_ones_do(string engine)
    {
        using var box = new SealedBox(engine);
        foreach (var state in new[] { "S0", "S1", "S2" })
        {
            Take(box, state);
            Assert.All(Data(), key => Assert.True(AgeHeader.Begins(_store.Content(key)), key));
            Assert.False(Directory.Exists(box.Spool));
        }

        using (var host = Host(box, box.Key))
        {
            Assert.All(
                VerifyChain.Run(new VerifySettings { Path = Address, Deep = true }, host),
                report => Assert.True(report.IsValid)
            );
        }
        // Brought down, it is the encrypted folder.
        using (var none = Host(box))
        {
            Verbs.Copy(new CopySettings { Path = Address, DestinationPath = box.Encrypted }, none);
        }
        box.IsThatOf(box.Box.Bundles, box.Encrypted);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void Without_what_was_kept_an_increment_into_a_store_is_refused(string engine)
    {
        using var box = new SealedBox(engine);
        Take(box, "S0");
        box.Box.Become("S1");
        Directory.Delete(box.State, recursive: true);
        var keys = Data().ToList();
        using (var none = Host(box))
        {
            var error = Assert.Throws<BackupException>(() => Verbs.Increment(Kept(box), none));
            Assert.Equal(ErrorCode.IdentityRequired, error.Code);
        }
        Assert.Equal(keys, Data());
        using var host = Host(box, box.Key);
        box.Box.Increment();
        Verbs.Increment(Kept(box), host);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void Killed_after_any_request_the_next_run_goes_on_without_the_key(string engine)
    {
        using var box = new SealedBox(engine);
        var killed = 0;
        for (var isDone = false; !isDone; killed += SoakBudget.Step(9))
        {
            _store.Clear();
            Take(box, "S0", plain: false);
            box.Box.Become("S1");
            isDone = _store.DiesAfter(killed, Increment, Trouble.Denied);
            box.Box.Become("S2");
            Increment();
            Assert.Empty(_store.OpenUploads);
            using (var host = Host(box, box.Key))
            {
                Assert.All(
                    VerifyChain.Run(new VerifySettings { Path = Address }, host),
                    report => Assert.True(report.IsValid)
                );
            }
            Directory.Delete(box.State, recursive: true);
        }
        Assert.InRange(killed, 10, 400);

        void Increment()
        {
            using var host = Host(box);
            Verbs.Increment(Kept(box), host);
        }
    }

    private void Take(SealedBox box, string state, bool plain = true)
    {
        box.Box.Become(state);
        if (plain)
        {
            _ = state == "S0" ? box.Box.Full() : box.Box.Increment();
        }
        using var host = Host(box);
        _ = state == "S0" ? Verbs.Full(Kept(box), host) : Verbs.Increment(Kept(box), host);
    }

    private static BackupSettings Kept(SealedBox box) => box.Kept with { DestinationPath = Address };

    private IEnumerable<string> Data() =>
        _store.Keys.Where(k =>
            !k.Contains("/.backuptools/", StringComparison.Ordinal) && !k.EndsWith(".json", StringComparison.Ordinal)
        );

    private OperationHost Host(SealedBox box, X25519Identity? key = null) =>
        box.Host(
            key,
            stores: new StoreSettings
            {
                Endpoint = _store.Endpoint,
                Credential = new("key", "secret"),
                Lease = TimeSpan.FromMilliseconds(200),
            }
        );
}
