using System.Security.Cryptography;
using Org.BouncyCastle.Crypto;
using Org.BouncyCastle.Crypto.Parameters;
using Managed = Org.BouncyCastle.Crypto.Modes.ChaCha20Poly1305;

namespace BackupTools.Formats.Age;

/// <summary>
/// ChaCha20-Poly1305 under one key (RFC 8439): the system's where .NET finds one, which Windows has from build 20142 on,
/// and elsewhere that of a package, at a tenth of the speed. For one thread at a time.
/// </summary>
internal abstract class Aead : IDisposable
{
    /// <summary>Bytes.</summary>
    public const int NonceLength = 12;

    /// <summary>By how many bytes encrypting makes anything longer.</summary>
    public const int TagLength = 16;

    public static Aead Of(byte[] key) => ChaCha20Poly1305.IsSupported ? OfSystem(key) : OfPackage(key);

    /// <summary>The system's. For tests too.</summary>
    public static Aead OfSystem(byte[] key) => new SystemAead(key);

    /// <summary>The package's. For tests too.</summary>
    public static Aead OfPackage(byte[] key) => new PackageAead(key);

    /// <summary>Encrypts; <paramref name="sealed"/> is longer by the tag.</summary>
    public abstract void Seal(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> plain, Span<byte> @sealed);

    /// <summary>Decrypts; false where it is not what <see cref="Seal"/> made under this key and nonce.</summary>
    public abstract bool TryOpen(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> @sealed, Span<byte> plain);

    public abstract void Dispose();

    private sealed class SystemAead(byte[] key) : Aead
    {
        private readonly ChaCha20Poly1305 _cipher = new(key);

        public override void Seal(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> plain, Span<byte> @sealed) =>
            _cipher.Encrypt(nonce, plain, @sealed[..plain.Length], @sealed[plain.Length..]);

        public override bool TryOpen(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> @sealed, Span<byte> plain)
        {
            try
            {
                _cipher.Decrypt(nonce, @sealed[..^TagLength], @sealed[^TagLength..], plain);
                return true;
            }
            catch (AuthenticationTagMismatchException)
            {
                return false;
            }
        }

        public override void Dispose() => _cipher.Dispose();
    }

    private sealed class PackageAead(byte[] key) : Aead
    {
        public override void Seal(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> plain, Span<byte> @sealed) =>
            Run(forEncryption: true, nonce, plain, @sealed);

        public override bool TryOpen(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> @sealed, Span<byte> plain)
        {
            try
            {
                Run(forEncryption: false, nonce, @sealed, plain);
                return true;
            }
            catch (InvalidCipherTextException)
            {
                plain.Clear();
                return false;
            }
        }

        public override void Dispose() { }

        private void Run(bool forEncryption, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> input, Span<byte> output)
        {
            // It refuses a nonce that it had last; only a new one does what is asked.
            var cipher = new Managed();
            cipher.Init(forEncryption, new ParametersWithIV(new KeyParameter(key), nonce));
            var done = cipher.ProcessBytes(input, output);
            cipher.DoFinal(output[done..]);
        }
    }
}
