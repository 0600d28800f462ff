using System.Text;
using BackupTools.Formats.Age;
using BackupTools.Tests.Files;
using BackupTools.Tests.FrontEnds;

namespace BackupTools.Tests.Encryption;

/// <summary>Debian's age, the oracle: it reads what we wrote, and we what it wrote.</summary>
public sealed class AgeProgramTests : IDisposable
{
    private readonly TempFolder _folder = new();

    [AgeFact]
    public void The_age_program_reads_what_we_encrypt_and_we_what_it_encrypts()
    {
        var keygen = Run("age-keygen", "-o", _folder["theirs.txt"]);
        Assert.Equal(0, keygen.ExitCode);
        var theirs = AgeIdentityFile.Parse(File.ReadAllBytes(_folder["theirs.txt"])).Single();
        var ours = X25519Identity.New();
        _folder.Write("ours.txt", AgeIdentityFile.Write(ours, DateTimeOffset.UtcNow));
        // As the program sees it.
        Assert.Equal($"{ours.Recipient}", Run("age-keygen", "-y", _folder["ours.txt"]).Out.Trim());
        foreach (var size in AgeFile.Sizes)
        {
            var plain = AgeFile.Bytes(size);
            _folder.Write("a.age", AgeFile.Encrypt(plain, ours.Recipient, theirs.Recipient));
            foreach (var key in new[] { "ours.txt", "theirs.txt" })
            {
                File.Delete(_folder["a"]);
                var decrypted = Run("age", "-d", "-i", _folder[key], "-o", _folder["a"], _folder["a.age"]);
                Assert.True(decrypted.ExitCode == 0, decrypted.ToString());
                // It makes no file of nothing.
                Assert.Equal(plain, size == 0 ? [] : File.ReadAllBytes(_folder["a"]));
            }
            _folder.Write("b", plain);
            var encrypted = Run(
                "age",
                "-r",
                $"{ours.Recipient}",
                "-r",
                $"{theirs.Recipient}",
                "-o",
                _folder["b.age"],
                _folder["b"]
            );
            Assert.True(encrypted.ExitCode == 0, encrypted.ToString());
            Assert.Equal(plain, AgeFile.Decrypt(File.ReadAllBytes(_folder["b.age"]), ours));
            Assert.Equal(plain, AgeFile.Decrypt(File.ReadAllBytes(_folder["b.age"]), theirs));
        }
    }

    [AgeFact]
    public void The_age_program_and_we_read_each_others_passphrases()
    {
        const string Phrase = "correct horse battery staple";
        var key = new PassphraseKey(Encoding.UTF8.GetBytes(Phrase));
        _folder.Write(
            "a.age",
            AgeFile.Encrypt(AgeFile.Bytes(100), new PassphraseKey(Encoding.UTF8.GetBytes(Phrase), 10))
        );
        _folder.Write("b", AgeFile.Bytes(100));

        Typed(Phrase, "age", "-d", "-o", _folder["a"], _folder["a.age"]);
        Typed(Phrase, "age", "-p", "-a", "-o", _folder["b.age"], _folder["b"]);

        Assert.Equal(AgeFile.Bytes(100), File.ReadAllBytes(_folder["a"]));
        Assert.Equal(AgeFile.Bytes(100), AgeFile.Decrypt(AgeArmor.Decode(File.ReadAllBytes(_folder["b.age"])), key));
    }

    /// <summary>The program takes a passphrase from a terminal only.</summary>
    private void Typed(string passphrase, params string[] command)
    {
        const string Script = """
            import os, pty, sys, time
            pid, terminal = pty.fork()
            if pid == 0:
                os.execvp(sys.argv[2], sys.argv[2:])
            asked = b''
            while True:
                try:
                    got = os.read(terminal, 1024)
                except OSError:
                    break
                if not got:
                    break
                asked += got
                if asked.rstrip().endswith(b':'):
                    asked = b''
                    time.sleep(0.2)
                    os.write(terminal, sys.argv[1].encode() + b'\n')
            sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
            """;
        var run = ChildProcess.Run("python3", ["-c", Script, passphrase, .. command], _folder.Path);
        Assert.True(run.ExitCode == 0, run.ToString());
    }

    private ChildResult Run(string program, params string[] arguments) =>
        ChildProcess.Run(program, arguments, _folder.Path);

    public void Dispose() => _folder.Dispose();
}
