using System.Security;
using System.Text;
using BackupTools.Encryption;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.Age;
using BackupTools.Operations;
using BackupTools.Tests.Files;

namespace BackupTools.Tests.Encryption;

/// <summary>Texts and files of keys.</summary>
public sealed class AgeKeyTests : IDisposable
{
    // Those of the format's description.
    private const string Secret = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX";
    private const string Public = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj";

    private readonly TempFolder _folder = new();

    [Fact]
    public void The_keys_of_the_description_belong_together()
    {
        var identity = X25519Identity.TryParse(Secret)!;

        Assert.Equal(Public, identity.Recipient.ToString());
        Assert.Equal(Secret, identity.Export());
        Assert.Equal(Public, X25519Recipient.Parse(Public).ToString());
        Assert.DoesNotContain(Secret[20..], $"{identity}", StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void A_key_with_a_wrong_letter_is_none()
    {
        for (var at = 0; at < Secret.Length; at++)
        {
            Assert.Null(X25519Identity.TryParse(Secret[..at] + (Secret[at] == 'Q' ? 'P' : 'Q') + Secret[(at + 1)..]));
        }
        foreach (
            var text in new[]
            {
                "",
                "age1",
                Public[..^1],
                Public.ToUpperInvariant()[..10] + Public[10..],
                Secret,
                "ssh-ed25519 AAAA",
            }
        )
        {
            Assert.Equal(
                ErrorCode.InvalidOption,
                Assert.Throws<BackupException>(() => X25519Recipient.Parse(text)).Code
            );
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("identity: ")]
    public void A_secret_key_given_for_a_recipient_is_not_repeated(string before)
    {
        var error = Assert.Throws<BackupException>(() => X25519Recipient.Parse(before + Secret));

        Assert.DoesNotContain("GFPYYSJZ", error.Describe() + error.Recommendation, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Found by hand: the error of a file that is not there printed the key.</summary>
    [Theory]
    [InlineData(Secret)]
    [InlineData("age-secret-key-1gfpyysjzgfpyysjzgfpyysjzgfpyysj")]
    [InlineData("BACKUPTOOLS-SIGNING-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX")]
    public void A_secret_key_given_for_a_path_is_refused_and_not_repeated(string secret)
    {
        var path = Path.Combine(_folder.Path, secret);
        Action[] readers =
        [
            () => LocalPath.Absolute(secret),
            () => LocalPath.AbsoluteOrStore(secret),
            () => IdentityFiles.Read(path, null, LocalDisk.Instance),
            () => IdentityFiles.Recipients([], [path], LocalDisk.Instance),
            () => IdentityFiles.ReadPassphrase(path, LocalDisk.Instance),
            () => Signer.Of(path, _folder.Path, new OperationHost()),
        ];
        Assert.All(
            readers,
            read =>
            {
                var error = Assert.Throws<BackupException>(read);
                Assert.Equal(ErrorCode.InvalidOption, error.Code);
                Assert.DoesNotContain("GFPYYSJZ", $"{error}", StringComparison.OrdinalIgnoreCase);
            }
        );
        // A file may be called like what it holds.
        Assert.EndsWith("age-secret-key-1.txt", LocalPath.Absolute("age-secret-key-1.txt"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZ", ErrorCode.Malformed)]
    [InlineData("# only a comment", ErrorCode.Malformed)]
    [InlineData("-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEA", ErrorCode.UnsupportedFormat)]
    [InlineData("AGE-PLUGIN-YUBIKEY-1QQQQQQQQQQQQQQQ", ErrorCode.Malformed)]
    public void What_is_no_identity_file_is_refused_and_not_repeated(string content, ErrorCode code)
    {
        var path = _folder.Write("key.txt", content);

        var error = Assert.Throws<BackupException>(() => IdentityFiles.Read(path, null, LocalDisk.Instance));

        Assert.Equal((code, path), (error.Code, error.FullName));
        Assert.DoesNotContain(content[..8], error.Message, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void An_identity_file_may_be_encrypted_with_a_passphrase()
    {
        var identity = X25519Identity.New();
        var phrase = Encoding.UTF8.GetBytes("pass wörd");
        var file = AgeFile.Encrypt(
            AgeIdentityFile.Write(identity, DateTimeOffset.UnixEpoch),
            new PassphraseKey(phrase, workFactor: 4)
        );
        var path = _folder.Write("key.age", file);
        var secret = new SecureString();
        "pass wörd".ToList().ForEach(secret.AppendChar);
        var wrong = _folder.Write("wrong.txt", "pass word\r\nmore");
        var right = _folder.Write("right.txt", "pass wörd\n");

        KeyRing Ring(Identities i) => i.Open(LocalDisk.Instance);
        var encrypted = AgeHeader.Parse(AgeFile.Encrypt([1], identity.Recipient));
        Ring(new Identities { Paths = [path], Passphrase = secret }).Unlock(encrypted);
        Ring(new Identities { Paths = [path], PassphraseFile = right }).Unlock(encrypted);

        ErrorCode Code(Identities i) => Assert.Throws<BackupException>(() => Ring(i)).Code;
        Assert.Equal(ErrorCode.IdentityRequired, Code(new Identities { Paths = [path] }));
        Assert.Equal(ErrorCode.IdentityMismatch, Code(new Identities { Paths = [path], PassphraseFile = wrong }));
        Assert.Equal(ErrorCode.PathNotFound, Code(new Identities { Paths = [path + "x"] }));
        Assert.Equal(
            ErrorCode.InvalidOption,
            Code(
                new Identities
                {
                    Paths = [path],
                    PassphraseFile = right,
                    Passphrase = secret,
                }
            )
        );
    }

    public void Dispose() => _folder.Dispose();
}
