using System.Text;
using BackupTools.Encryption;
using BackupTools.Errors;
using BackupTools.Operations;
using BackupTools.Reports;
using BackupTools.Tests.Operations;
using BackupTools.Tests.Stores;

namespace BackupTools.Tests.Encryption;

/// <summary>Bundles that were signed, and what else whoever may write to the folder puts there.</summary>
public sealed class SignatureTests
{
    private static readonly SigningKey s_key = SigningKey.New();
    private static readonly SigningKey s_other = SigningKey.New();

    public static TheoryData<string> Engines => [.. EngineSandbox.All];

    [Theory]
    [MemberData(nameof(Engines))]
    public void What_a_trusted_key_signed_is_read_and_restored_and_nothing_else_is(string engine)
    {
        using var box = new Box(engine);
        var chain = box.Signed();

        Assert.Equal(chain.Select(b => b.Id), box.Bundles(box.Bundle, s_key));
        var restored = box.Restored(box.Bundle, s_key);
        Assert.Equal(box.Restored(box.Bundle, null), restored);
        Assert.All(box.Tests(box.Bundle, s_key), r => Assert.True(r.IsValid));
        // Another key, and no signature.
        Assert.Equal(ErrorCode.SignatureInvalid, Code(() => box.Restored(box.Bundle, s_other)));
        Directory.Delete(Path.Combine(box.Bundle, ".backuptools-signed"), recursive: true);
        Assert.Equal(ErrorCode.SignatureInvalid, Code(() => box.Restored(box.Bundle, s_key)));
        Assert.Equal(restored, box.Restored(box.Bundle, null));
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void A_chain_that_somebody_slips_in_is_not_restored(string engine)
    {
        using var box = new Box(engine);
        box.Signed();
        var signed = box.Restored(box.Bundle, s_key);
        box.Sandbox.Become("S1");
        var forged = box.Sandbox.Full(box.Sandbox.Settings());

        Assert.Equal(ErrorCode.SignatureInvalid, Code(() => box.Restored(box.Bundle, s_key)));
        Assert.Contains(
            ReadChains.Read(box.Bundle, false, null, box.Host(s_key)),
            r => r.Error is { Code: ErrorCode.SignatureInvalid }
        );
        var ours = ReadChains
            .Read(box.Bundle, false, null, box.Host(s_key))
            .Select(r => r.Chain)
            .OfType<ChainInfo>()
            .Last();
        Assert.DoesNotContain(ours.Bundles, b => b.Id == forged.Id);
        Assert.Equal(signed, box.Restored(box.Bundle, s_key, ours));
        // The signer builds on its own bundles only.
        box.Sandbox.Become("S2");
        var next = box.Sandbox.Settings() with { Incremental = true, SigningKeyPath = box.KeyFile(s_other) };
        Assert.True(
            Code(() => Verbs.Fulls(next, box.Host(null))) is ErrorCode.SignatureInvalid or ErrorCode.NoFullBackup
        );
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void A_changed_byte_in_any_file_of_a_signed_bundle_is_seen(string engine)
    {
        using var box = new Box(engine);
        box.Signed();
        var files = Directory
            .EnumerateFiles(box.Bundle, "*", SearchOption.AllDirectories)
            .Where(f => !f.Contains(".backuptools-", StringComparison.Ordinal))
            .Where(f => Path.GetFileName(f) is not ("backup_manifest.json" or "latest"))
            .ToList();
        foreach (var file in files)
        {
            var (bytes, time) = (File.ReadAllBytes(file), File.GetLastWriteTimeUtc(file));
            if (bytes.Length == 0)
            {
                continue;
            }
            bytes[^1] ^= 1;
            File.WriteAllBytes(file, bytes);
            Assert.True(IsCaught(box), file);
            Assert.Contains(
                ReadHeaders.Read(box.Bundle, true, null, box.Host(s_key)).ToList(),
                r => r.Error is not null || r.Bundle!.Problems.Any(p => p.Code == nameof(ErrorCode.SignatureInvalid))
            );
            bytes[^1] ^= 1;
            File.WriteAllBytes(file, bytes);
            File.SetLastWriteTimeUtc(file, time);
        }
        Assert.NotEmpty(files);
        Assert.All(box.Tests(box.Bundle, s_key), r => Assert.True(r.IsValid));
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void A_copy_keeps_signatures_or_gets_its_own_and_a_prune_takes_them_away(string engine)
    {
        using var box = new Box(engine);
        var chain = box.Signed();
        var folder = Path.GetFileName(box.Bundle);
        var (kept, own, sealedFolder) = (
            box.Sandbox.At("k", folder),
            box.Sandbox.At("o", folder),
            box.Sandbox.At("s", folder)
        );
        var settings = new CopySettings { Path = box.Bundle, DestinationPath = kept };

        Verbs.Copy(settings, box.Host(s_key));
        Assert.Equal(chain.Select(b => b.Id), box.Bundles(kept, s_key));
        Verbs.Copy(settings with { DestinationPath = own, SigningKeyPath = box.KeyFile(s_other) }, box.Host(s_key));
        Assert.Equal(chain.Select(b => b.Id), box.Bundles(own, s_other));
        Assert.Equal(ErrorCode.SignatureInvalid, Code(() => box.Restored(own, s_key)));

        // Encrypted: without the key the signature tells whose the files are.
        var recipient = NewRecipient();
        Verbs.Copy(
            settings with
            {
                DestinationPath = sealedFolder,
                SigningKeyPath = box.KeyFile(s_key),
                Recipients = [recipient],
            },
            box.Host(null)
        );
        Assert.Equal(chain.Select(b => b.Id), box.Bundles(sealedFolder, s_key));
        Assert.All(box.Tests(sealedFolder, s_key), r => Assert.Null(r.IsValid));
        var again = box.Sandbox.At("a", folder);
        Verbs.Copy(settings with { Path = sealedFolder, DestinationPath = again }, box.Host(s_key));
        Assert.Equal(chain.Select(b => b.Id), box.Bundles(again, s_key));

        box.Sandbox.Become("S1");
        box.Sandbox.Full(box.Sandbox.Settings() with { SigningKeyPath = box.KeyFile(s_key) });
        Verbs.Expire(new ExpirySettings { Path = box.Bundle, KeepLast = 1 }, box.Host(s_key));
        Assert.Equal(
            box.Bundles(box.Bundle, s_key).Count,
            Directory.EnumerateFiles(Path.Combine(box.Bundle, ".backuptools-signed")).Count()
        );
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void A_merged_full_is_signed_and_a_removed_end_is_found_by_the_position_that_is_expected(string engine)
    {
        using var box = new Box(engine);
        var chain = box.Signed();
        var merged = box.Sandbox.At("m", Path.GetFileName(box.Bundle));
        Verbs.Merge(
            new MergeSettings
            {
                Path = box.Bundle,
                DestinationPath = merged,
                SigningKeyPath = box.KeyFile(s_key),
            },
            box.Host(s_key)
        );
        Assert.Equal(box.Restored(box.Bundle, s_key), box.Restored(merged, s_key));

        var end = chain[^1].EndPosition;
        var settings = new VerifySettings { Path = box.Bundle, ExpectedPosition = end };
        Assert.True(VerifyChain.Run(settings, box.Host(s_key)).Last().IsValid);
        var later = VerifyChain.Run(settings with { ExpectedPosition = end + 1 }, box.Host(s_key)).Last();
        Assert.False(later.IsValid);
        Assert.Contains(later.Problems, p => p.Code == nameof(ErrorCode.TargetNotCovered));
        Assert.Equal(
            ErrorCode.TargetNotCovered,
            Code(() =>
                Verbs.Restore(
                    new RestoreSettings
                    {
                        Path = box.Bundle,
                        DestinationPath = box.Sandbox.At("x", Path.GetFileName(box.Sandbox.Restored)),
                        ExpectedPosition = end + 1,
                    },
                    box.Host(null)
                )
            )
        );
    }

    [Fact]
    public void Backups_that_go_straight_to_a_store_are_signed_there()
    {
        using var box = new Box("SPG");
        using var store = new FakeS3();
        var address = $"s3://{FakeS3.Bucket}/p/b";
        box.Sandbox.Become("S0");
        foreach (var isIncrement in new[] { false, true })
        {
            using var host = box.Host(null, store);
            var settings = box.Sandbox.Settings() with
            {
                DestinationPath = address,
                Incremental = isIncrement,
                SigningKeyPath = box.KeyFile(s_key),
            };
            Assert.Single(Verbs.Fulls(settings, host));
            box.Sandbox.Become("S1");
        }
        using var reader = box.Host(s_key, store);
        Assert.True(Assert.Single(VerifyChain.Run(new VerifySettings { Path = address }, reader)).IsValid);
        using var other = box.Host(s_other, store);
        Assert.Equal(
            ErrorCode.SignatureInvalid,
            Code(() => Assert.Empty(VerifyChain.Run(new VerifySettings { Path = address }, other)))
        );
    }

    [Fact]
    public void A_key_signs_what_its_public_key_knows_and_its_file_alone_holds_it()
    {
        var statement = "a statement"u8.ToArray();
        var again = SigningKey.Parse(s_key.Write(DateTimeOffset.UnixEpoch));
        var signature = again.Sign(statement);
        var known = TrustedKey.Parse($"{s_key.Public}");
        Assert.True(known.HasSigned(statement, signature));
        Assert.False(s_other.Public.HasSigned(statement, signature));
        for (var i = 0; i < signature.Length; i++)
        {
            signature[i] ^= 1;
            Assert.False(known.HasSigned(statement, signature));
            signature[i] ^= 1;
        }
        Assert.False(known.HasSigned("another"u8.ToArray(), signature));
        Assert.False(known.HasSigned(statement, signature[..^1]));
        var secret = Encoding.ASCII.GetString(s_key.Write(DateTimeOffset.UnixEpoch)).Split('\n')[2];
        Assert.DoesNotContain(secret, $"{s_key}{s_key.Public}", StringComparison.OrdinalIgnoreCase);
        foreach (var bad in new[] { "", "btsign1qqqq", $"{s_key.Public}x", secret })
        {
            var error = Assert.Throws<BackupException>(() => TrustedKey.Parse(bad));
            Assert.Equal(ErrorCode.InvalidOption, error.Code);
            Assert.DoesNotContain(secret, error.Message, StringComparison.OrdinalIgnoreCase);
            Assert.Throws<BackupException>(() => SigningKey.Parse(Encoding.ASCII.GetBytes(secret + "x")));
        }
    }

    private static string NewRecipient() => $"{BackupTools.Formats.Age.X25519Identity.New().Recipient}";

    private static bool IsCaught(Box box)
    {
        try
        {
            return box.Tests(box.Bundle, s_key).Exists(r => r.IsValid != true);
        }
        catch (BackupException)
        {
            return true;
        }
    }

    private static ErrorCode? Code(Action act) =>
        Record.Exception(act) is { } e ? Assert.IsType<BackupException>(e).Code : null;

    /// <summary>A database and its signed backups.</summary>
    private sealed class Box : IDisposable
    {
        public Box(string engine)
        {
            Sandbox = EngineSandbox.Of(engine);
            Sandbox.Clock!.Now -= TimeSpan.FromMinutes(10);
        }

        public EngineSandbox Sandbox { get; }

        public string Bundle => Sandbox.Bundles;

        public string KeyFile(SigningKey key)
        {
            var path = Sandbox.At($"{key.Public}.txt");
            File.WriteAllBytes(path, key.Write(DateTimeOffset.UnixEpoch));
            return path;
        }

        /// <summary>A full and two increments.</summary>
        public List<BundleInfo> Signed()
        {
            var bundles = new List<BundleInfo>();
            foreach (var state in new[] { "S0", "S1", "S2" })
            {
                Sandbox.Become(state);
                Sandbox.Clock!.Now += TimeSpan.FromMinutes(1);
                var settings = Sandbox.Settings() with { Incremental = state != "S0", SigningKeyPath = KeyFile(s_key) };
                bundles.AddRange(Verbs.Fulls(settings, Host(null)));
            }
            return bundles;
        }

        public OperationHost Host(SigningKey? trusted, FakeS3? store = null) =>
            new()
            {
                Engines = EngineSandbox.Engines,
                Clock = Sandbox.Clock!,
                Identities = new Identities { TrustedKeys = trusted is null ? [] : [$"{trusted.Public}"] },
                Stores = new()
                {
                    Endpoint = store?.Endpoint,
                    Credential = new("key", "secret"),
                    SpoolPath = Sandbox.At("spool"),
                },
            };

        public List<string> Bundles(string folder, SigningKey trusted) =>
            [
                .. ReadChains
                    .Read(folder, false, null, Host(trusted))
                    .SelectMany(r => (r.Chain ?? throw r.Error!).Bundles)
                    .Select(b => b.Id),
            ];

        public List<ChainReport> Tests(string folder, SigningKey trusted) =>
            [.. VerifyChain.Run(new VerifySettings { Path = folder }, Host(trusted))];

        public string Restored(string folder, SigningKey? trusted, ChainInfo? to = null)
        {
            var at = Sandbox.At("restored", $"{Guid.NewGuid():N}", Path.GetFileName(Sandbox.Restored));
            Verbs.Restore(
                new RestoreSettings
                {
                    Path = folder,
                    DestinationPath = at,
                    ChainId = to?.ChainId,
                    ToPosition = to?.EndPosition,
                },
                Host(trusted)
            );
            return EngineSandbox.Bytes(at);
        }

        public void Dispose() => Sandbox.Dispose();
    }
}
