using System.Text.Json;
using BackupTools.Tests.FrontEnds;
using BackupTools.Tests.Operations;

namespace BackupTools.Tests.Encryption;

/// <summary>Keys and encrypted copies from the console program.</summary>
public sealed class KeyConsoleTests : IDisposable
{
    private readonly SpgSandbox _box = new();

    [Fact]
    public void A_new_key_is_for_its_owner_and_its_secret_is_shown_nowhere()
    {
        File.WriteAllText(_box.At("phrase.txt"), "correct horse\n");
        foreach (
            var (file, more) in new[]
            {
                ("a.txt", Array.Empty<string>()),
                ("b.age", ["--passphrase-file", _box.At("phrase.txt")]),
            }
        )
        {
            var made = Run(["key", _box.At("keys", file), "--json", "--verbose", .. more]);
            Assert.Equal(0, made.ExitCode);
            var key = JsonDocument.Parse(made.Out).RootElement[0];
            Assert.StartsWith("age1", key.GetProperty("Recipient").GetString(), StringComparison.Ordinal);
            Assert.Equal(file == "b.age", key.GetProperty("IsEncrypted").GetBoolean());
            var content = File.ReadAllText(_box.At("keys", file));
            Assert.DoesNotContain("AGE-SECRET", made.ToString(), StringComparison.OrdinalIgnoreCase);
            Assert.Equal(file == "a.txt", content.Contains("AGE-SECRET-KEY-1", StringComparison.Ordinal));
            if (!OperatingSystem.IsWindows())
            {
                Assert.Equal(
                    UnixFileMode.UserRead | UnixFileMode.UserWrite,
                    File.GetUnixFileMode(_box.At("keys", file))
                );
            }
            // It is never written over.
            Assert.Equal(7, Run(["key", _box.At("keys", file)]).ExitCode);
            Assert.Equal(content, File.ReadAllText(_box.At("keys", file)));
        }
        Assert.Empty(_box.Leftovers());
    }

    [Fact]
    public void A_copy_for_a_file_of_recipients_is_read_with_the_identity_that_a_passphrase_protects()
    {
        _box.Chain();
        File.WriteAllText(_box.At("phrase.txt"), "correct horse\n");
        var key = Run(["key", _box.At("key.age"), "--passphrase-file", _box.At("phrase.txt")]).Out;
        File.WriteAllText(_box.At("keys.pub"), $"# ours\n{key}\n");
        string[] identity = ["--identity", _box.At("key.age"), "--passphrase-file", _box.At("phrase.txt")];

        Succeeds([
            "copy",
            _box.Bundles,
            "--destination-path",
            _box.At("e"),
            "--recipients-file",
            _box.At("keys.pub"),
            "--verify",
        ]);
        Succeeds(["header", _box.At("e"), "--verify", .. identity]);
        Succeeds(["chain", _box.At("e"), .. identity]);
        Succeeds(["test", _box.At("e"), "--restore-drill", .. identity]);
        Succeeds(["report", _box.At("e"), "--destination-path", _box.At("page.html"), .. identity]);
        Succeeds(["merge", _box.At("e"), "--destination-path", _box.At("m"), .. identity]);
        Succeeds(["restore", _box.At("e"), "--destination-path", _box.Restored, .. identity]);
        // The file's own name does as well.
        Succeeds(["header", Directory.GetFiles(_box.At("e"), "*.age")[0], .. identity]);

        _box.Restore(_box.RestoreTo("plain", "rec.db"));
        Assert.Equal(File.ReadAllBytes(_box.At("plain", "rec.db")), File.ReadAllBytes(_box.Restored));
        Assert.Equal(8, Run(["test", _box.At("e")]).ExitCode);
        Assert.Equal(8, Run(["test", _box.At("e"), "--identity", _box.At("key.age")]).ExitCode);
    }

    [Fact]
    public void Backups_for_a_recipient_need_no_identity_where_a_state_is_kept()
    {
        var key = Run(["key", _box.At("key.txt")]).Out.Trim();
        string[] to = ["--destination-path", _box.At("e"), "--recipient", key, "--spool-path", _box.At("spool")];
        string[] kept = ["--state-path", _box.At("state")];
        string[] identity = ["--identity", _box.At("key.txt")];

        var dry = Run(["full", _box.Source, .. to, "--dry-run"]);
        Assert.Equal(0, dry.ExitCode);
        Assert.Contains(", encrypted", dry.Out, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_box.At("e")));
        Succeeds(["full", _box.Source, .. to, .. kept]);
        _box.Become("S1");
        var refused = Run(["incremental", _box.Source, .. to]);
        Assert.Equal(8, refused.ExitCode);
        Assert.Contains("--identity", refused.Error, StringComparison.Ordinal);
        Assert.Contains("--state-path", refused.Error, StringComparison.Ordinal);
        Succeeds(["incremental", _box.Source, .. to, .. kept]);
        _box.Become("S2");
        Succeeds(["incremental", _box.Source, .. to, .. identity]);
        Succeeds([
            "merge",
            _box.At("e"),
            "--destination-path",
            _box.At("e"),
            "--spool-path",
            _box.At("spool"),
            .. identity,
        ]);
        Succeeds(["restore", _box.At("e"), "--destination-path", _box.Restored, .. identity]);

        Assert.Equal(2, Run(["full", _box.Source, "--destination-path", _box.At("e")]).ExitCode);
        Assert.Equal(2, Run(["full", _box.Source, "--destination-path", _box.At("f"), .. kept]).ExitCode);
        _box.Full();
        _box.Restore(_box.RestoreTo("plain", "rec.db"));
        Assert.Equal(File.ReadAllBytes(_box.At("plain", "rec.db")), File.ReadAllBytes(_box.Restored));
        Assert.Empty(_box.Leftovers());
    }

    [Fact]
    public void What_was_signed_is_told_from_what_was_not_by_the_exit_code()
    {
        _box.Chain();
        var key = Run(["key", _box.At("sign.txt"), "--signing"]).Out.Trim();
        Assert.StartsWith("btsign1", key, StringComparison.Ordinal);
        string[] signs = ["--signing-key-path", _box.At("sign.txt")];
        string[] trusts = ["--trusted-key", key];

        Succeeds(["full", _box.Source, "--destination-path", _box.At("f"), .. signs]);
        Succeeds(["incremental", _box.Source, "--destination-path", _box.At("f"), "--allow-empty", .. signs]);
        Succeeds(["copy", _box.Bundles, "--destination-path", _box.At("s"), .. signs]);
        foreach (var folder in new[] { _box.At("f"), _box.At("s") })
        {
            Succeeds(["test", folder, "--expected-position", "0", .. trusts]);
            Succeeds(["merge", folder, "--destination-path", folder + "m", .. signs, .. trusts]);
            Succeeds(["restore", folder + "m", "--destination-path", folder + "r", .. trusts]);
            Succeeds(["prune", folder, "--keep-last", "1", .. trusts]);
        }
        Assert.Equal(4, Run(["test", _box.Bundles, .. trusts]).ExitCode);
        Assert.Equal(5, Run(["test", _box.At("s"), "--expected-position", "99999999", .. trusts]).ExitCode);
        Assert.Equal(2, Run(["test", _box.At("s"), "--trusted-key", "btsign1x"]).ExitCode);
    }

    public void Dispose() => _box.Dispose();

    private static void Succeeds(string[] arguments)
    {
        var run = Run(arguments);
        Assert.True(run.ExitCode == 0, $"{arguments[0]}: {run}");
    }

    private static ChildResult Run(string[] arguments) => ChildProcess.Console(arguments);
}
