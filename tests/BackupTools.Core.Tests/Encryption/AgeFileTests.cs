using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.Age;

namespace BackupTools.Tests.Encryption;

/// <summary>What was encrypted is read again, in any order and portions; what was changed is refused.</summary>
public sealed class AgeFileTests
{
    private static readonly X25519Identity Key = X25519Identity.New();

    public static TheoryData<int> Sizes => [.. AgeFile.Sizes];

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Any_range_of_any_size_is_read_as_it_was_written(int size)
    {
        var plain = AgeFile.Bytes(size);
        using var file = AgeFile.Open(AgeFile.Encrypt(plain, Key.Recipient), Key);
        Assert.Equal(size, file.Length);
        var random = new Random(size);
        for (var i = 0; i < 200; i++)
        {
            var at = random.Next(size + 1);
            var part = new byte[random.Next(i % 2 == 0 ? 100 : size - at + 3)];
            var read = file.Read(part, at);
            Assert.Equal(plain.AsSpan(at, read), part.AsSpan(0, read));
            Assert.True(read > 0 || at == size || part.Length == 0);
        }
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Blocks_that_several_threads_write_come_in_order(int size)
    {
        var plain = AgeFile.Bytes(size);
        var random = new Random(size);
        var cuts = Enumerable.Range(0, 20).Select(_ => random.Next(size + 1)).Append(0).Append(size).Order().ToArray();
        var file = AgeFile.Encrypt(
            target =>
                HashingCopy.ForEach(
                    cuts.Zip(cuts.Skip(1)).OrderBy(_ => random.Next()).ToList(),
                    3,
                    (c, _) => target.Write(plain.AsSpan(c.First, c.Second - c.First), c.First),
                    CancellationToken.None
                ),
            Key.Recipient
        );

        Assert.Equal(plain, AgeFile.Decrypt(file, Key));
    }

    [Fact]
    public void Holes_are_zeros_however_large()
    {
        const int length = 40 << 20; // more than waits
        var file = AgeFile.Encrypt(
            target =>
            {
                target.Write([1, 2, 3], 0);
                target.Write(AgeFile.Bytes(30 << 20), 5 << 20);
                target.SetLength(length);
            },
            Key.Recipient
        );

        var plain = AgeFile.Decrypt(file, Key);

        var expected = new byte[length];
        expected[0] = 1;
        expected[1] = 2;
        expected[2] = 3;
        AgeFile.Bytes(30 << 20).CopyTo(expected, 5 << 20);
        Assert.True(expected.AsSpan().SequenceEqual(plain));
    }

    [Fact]
    public void Nothing_is_written_twice()
    {
        void Twice(int first, int second) =>
            AgeFile.Encrypt(
                target =>
                {
                    target.Write(new byte[200_000], 0);
                    target.Write(new byte[first], second);
                },
                Key.Recipient
            );

        Assert.Throws<InvalidOperationException>(() => Twice(1, 0));
        Assert.Throws<InvalidOperationException>(() => Twice(2, 199_999));
    }

    [Fact]
    public void A_changed_byte_anywhere_is_caught()
    {
        foreach (var size in new[] { 0, 100, AgePayload.ChunkLength + 1 })
        {
            var plain = AgeFile.Bytes(size);
            var file = AgeFile.Encrypt(plain, Key.Recipient);
            for (var at = 0; at < file.Length; at += at is > 400 and < 65_000 ? 997 : 1)
            {
                var changed = (byte[])file.Clone();
                changed[at] ^= 1;
                var error = Assert.Throws<BackupException>(() => AgeFile.Decrypt(changed, Key));
                Assert.True(
                    error.Kind is ErrorKind.Damaged or ErrorKind.Unsupported
                        || error.Code == ErrorCode.IdentityMismatch,
                    $"{at}: {error.Code}"
                );
            }
        }
    }

    [Fact]
    public void A_file_that_was_cut_is_refused_wherever()
    {
        var file = AgeFile.Encrypt(AgeFile.Bytes((3 * AgePayload.ChunkLength) + 10), Key.Recipient);
        var payload = AgeHeader.Parse(file).Length + AgeFileKey.NonceLength;
        var chunks = Enumerable.Range(0, 4).Select(i => payload + (i * AgePayload.SealedLength));
        var cuts = Enumerable.Range(0, payload + 40).Concat(chunks.SelectMany(c => Enumerable.Range(c - 20, 40)));
        foreach (var cut in cuts.Append(file.Length - 1).Where(c => c < file.Length))
        {
            var error = Assert.Throws<BackupException>(() => AgeFile.Decrypt(file[..cut], Key));
            Assert.Equal(ErrorKind.Damaged, error.Kind);
        }
        // At the end of a chunk all that is left is sound, but not the end.
        Assert.All(
            chunks.Skip(1),
            cut =>
                Assert.Equal(
                    ErrorCode.Truncated,
                    Assert.Throws<BackupException>(() => AgeFile.Decrypt(file[..cut], Key)).Code
                )
        );
    }

    [Fact]
    public void Chunks_that_changed_places_are_refused()
    {
        var file = AgeFile.Encrypt(new byte[3 * AgePayload.ChunkLength], Key.Recipient);
        var first = AgeHeader.Parse(file).Length + AgeFileKey.NonceLength;
        var (a, b) = (first, first + AgePayload.SealedLength);
        byte[] swapped =
        [
            .. file[..a],
            .. file[b..(b + AgePayload.SealedLength)],
            .. file[a..b],
            .. file[(b + AgePayload.SealedLength)..],
        ];

        var error = Assert.Throws<BackupException>(() => AgeFile.Decrypt(swapped, Key));

        Assert.Equal((ErrorCode.ChecksumMismatch, (long?)first), (error.Code, error.Offset));
        Assert.Equal(AgeFile.Name + ".age", error.FullName);
    }

    [Fact]
    public void The_length_of_a_file_is_not_believed_before_its_end_was_proved()
    {
        // Cut down to what reads as an empty file.
        var file = AgeFile.Encrypt(AgeFile.Bytes(1000), Key.Recipient);
        var cut = file[..(AgeHeader.Parse(file).Length + AgeFileKey.NonceLength + Aead.TagLength)];
        using var opened = AgeFile.Open(cut, Key);

        Assert.Equal(ErrorCode.ChecksumMismatch, Assert.Throws<BackupException>(() => opened.Length).Code);
    }

    [Fact]
    public void Whoever_has_no_key_or_another_is_told_so_by_name()
    {
        var file = AgeFile.Encrypt([1], Key.Recipient);

        Assert.Equal(ErrorCode.IdentityRequired, Assert.Throws<BackupException>(() => AgeFile.Decrypt(file)).Code);
        Assert.Equal(
            ErrorCode.IdentityMismatch,
            Assert.Throws<BackupException>(() => AgeFile.Decrypt(file, X25519Identity.New())).Code
        );
    }

    [Fact]
    public void A_bundle_in_armor_is_named_as_such()
    {
        byte[] armored = [.. "-----BEGIN AGE ENCRYPTED FILE-----\n"u8];

        var error = Assert.Throws<BackupException>(() => AgeFile.Decrypt(armored, Key));

        Assert.Equal(ErrorCode.UnsupportedFormat, error.Code);
    }

    [Fact]
    public void A_passphrase_that_would_take_all_memory_to_try_is_refused()
    {
        byte[] file =
        [
            .. """
            age-encryption.org/v1
            -> scrypt rF0/NwblUHHTpgQgRpe5CQ 23
            gUjEymFKMVXQEKdMMHL24oYexjE3TIC0O0zGSqJ2aUY
            --- TJXvk0ZUqRWwQCFpLr1DXWYDMEXP8PGTVVLjmz6D5Pc

            """u8.ToArray(),
            .. new byte[100],
        ];

        var error = Assert.Throws<BackupException>(() => AgeFile.Decrypt(file, new PassphraseKey([1])));

        Assert.Equal(ErrorCode.UnsupportedFormat, error.Code);
    }

    /// <summary>Windows before build 20142, and Wine, have no such cipher; both must give the same everywhere.</summary>
    [Fact]
    public void The_ciphers_of_the_system_and_of_the_package_are_one()
    {
        if (!System.Security.Cryptography.ChaCha20Poly1305.IsSupported)
        {
            Assert.True(OperatingSystem.IsWindows());
            return; // there is only the package's
        }
        var key = AgeFile.Bytes(32);
        var nonce = new byte[Aead.NonceLength];
        using var system = Aead.OfSystem(key);
        using var package = Aead.OfPackage(key);
        foreach (var size in new[] { 0, 1, 63, 64, 65, AgePayload.ChunkLength })
        {
            nonce[11]++;
            var plain = AgeFile.Bytes(size);
            var (one, other) = (new byte[size + Aead.TagLength], new byte[size + Aead.TagLength]);
            system.Seal(nonce, plain, one);
            package.Seal(nonce, plain, other);
            Assert.Equal(one, other);
            foreach (var aead in new[] { system, package })
            {
                var opened = new byte[size];
                Assert.True(aead.TryOpen(nonce, one, opened));
                Assert.Equal(plain, opened);
                one[^1] ^= 1;
                Assert.False(aead.TryOpen(nonce, one, opened));
                one[^1] ^= 1;
            }
        }
    }

    [Fact]
    public void A_payload_is_the_same_by_either_cipher()
    {
        var key = AgeFile.Bytes(32);
        if (!System.Security.Cryptography.ChaCha20Poly1305.IsSupported)
        {
            Assert.True(OperatingSystem.IsWindows());
            return;
        }
        foreach (
            var (writer, reader) in new (Func<byte[], Aead>, Func<byte[], Aead>)[]
            {
                (Aead.OfSystem, Aead.OfPackage),
                (Aead.OfPackage, Aead.OfSystem),
            }
        )
        {
            using var write = new AgePayload(key, writer);
            using var read = new AgePayload(key, reader);
            var chunk = new byte[116];
            write.Seal(7, isLast: true, AgeFile.Bytes(100), chunk);
            var plain = new byte[100];
            Assert.True(read.TryOpen(7, isLast: true, chunk, plain));
            Assert.Equal(AgeFile.Bytes(100), plain);
            Assert.False(read.TryOpen(7, isLast: false, chunk, plain));
            Assert.False(read.TryOpen(8, isLast: true, chunk, plain));
        }
    }
}
