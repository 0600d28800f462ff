using BackupTools.Errors;
using BackupTools.Files.Stores;
using BackupTools.Formats.Age;
using BackupTools.Operations;
using BackupTools.Tests.Operations;
using BackupTools.Tests.Stores;

namespace BackupTools.Tests.Encryption;

/// <summary>Encrypted copies where nobody watches over them: in a store, and damaged.</summary>
public sealed class EncryptedElsewhereTests
{
    public static TheoryData<string> Engines => [.. EngineSandbox.All];

    [Theory]
    [MemberData(nameof(Engines))]
    public void An_encrypted_copy_that_was_brought_up_to_a_store_is_read_there(string engine)
    {
        using var box = new EncryptedBox(engine);
        box.CopyEncrypted();
        using var store = new FakeS3();
        store.PutFolder(box.Encrypted, "p/b");
        var address = $"s3://{FakeS3.Bucket}/p/b";
        using (var host = Host(box, store, withKey: true))
        {
            Assert.Equal(
                box.Chain.Select(b => b.Id).Order(),
                ReadHeaders.Read(address, true, null, host).Select(r => r.Bundle!.Id).Order()
            );
        }
        using (var host = Host(box, store, withKey: true))
        {
            Verbs.Restore(new RestoreSettings { Path = address, DestinationPath = box.Box.Restored }, host);
        }
        Assert.Equal(box.RestoredOf(box.Encrypted, box.Chain[^1]), box.Box.RestoredBytes());
        using var none = Host(box, store, withKey: false);
        var settings = new RestoreSettings { Path = address, DestinationPath = box.Box.At("none") };
        Assert.Equal(
            ErrorCode.IdentityRequired,
            Assert.Throws<BackupException>(() => Verbs.Restore(settings, none)).Code
        );
        Assert.Equal(
            box.Chain.Select(b => b.Id),
            ReadChains.Read(address, false, null, none).SelectMany(r => r.Chain!.Bundles).Select(b => b.Id)
        );
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void With_an_identity_an_encrypted_copy_becomes_a_plain_one_in_a_store(string engine)
    {
        using var box = new EncryptedBox(engine);
        box.CopyEncrypted();
        using var store = new FakeS3();
        var address = $"s3://{FakeS3.Bucket}/p/b";
        using (var host = Host(box, store, withKey: true))
        {
            var settings = new CopySettings
            {
                Path = box.Encrypted,
                DestinationPath = address,
                Verify = true,
            };
            Assert.True(Verbs.Copy(settings, host).IsValid);
        }
        using (var none = Host(box, store, withKey: false))
        {
            Verbs.Restore(new RestoreSettings { Path = address, DestinationPath = box.Box.Restored }, none);
        }
        Assert.Equal(box.RestoredOf(box.Encrypted, box.Chain[^1]), box.Box.RestoredBytes());
    }

    /// <summary>What is not covered by a format's own checksums is, once it is encrypted.</summary>
    [Theory]
    [MemberData(nameof(Engines))]
    public void A_flipped_bit_anywhere_in_an_encrypted_copy_restores_the_same_or_nothing(string engine)
    {
        using var box = new EncryptedBox(engine);
        box.CopyEncrypted();
        var sound = box.RestoredOf(box.Encrypted, box.Chain[^1]);
        var (refused, same) = (0, 0);
        foreach (var file in Directory.EnumerateFiles(box.Encrypted, "*.age", SearchOption.AllDirectories))
        {
            var bytes = File.ReadAllBytes(file);
            var header = AgeHeader.Parse(bytes).Length;
            var places = new[] { 0, 30, 90, 150, header - 5, header + 3, header + 20, header + 40, bytes.Length - 1 };
            foreach (var at in places.Where(p => p < bytes.Length))
            {
                var changed = (byte[])bytes.Clone();
                changed[at] ^= 4;
                File.WriteAllBytes(file, changed);
                try
                {
                    Assert.Equal(sound, box.RestoredOf(box.Encrypted, box.Chain[^1]));
                    same++;
                }
                catch (BackupException)
                {
                    refused++;
                }
            }
            File.WriteAllBytes(file, bytes);
        }
        Assert.True(refused > 20, $"{refused} refused, {same} restored all the same");
    }

    private static OperationHost Host(EncryptedBox box, FakeS3 store, bool withKey)
    {
        var host = box.Host(withKey ? box.Key : null);
        return new OperationHost
        {
            Engines = EngineSandbox.Engines,
            Clock = host.Clock,
            Identities = host.Identities,
            Stores = new StoreSettings
            {
                Endpoint = store.Endpoint,
                Credential = new("key", "secret"),
                SpoolPath = box.Box.At("spool"),
            },
        };
    }
}
