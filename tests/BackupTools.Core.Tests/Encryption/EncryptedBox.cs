using System.Text.Json;
using BackupTools.Encryption;
using BackupTools.Files;
using BackupTools.Formats.Age;
using BackupTools.Operations;
using BackupTools.Reports;
using BackupTools.Tests.Operations;

namespace BackupTools.Tests.Encryption;

/// <summary>A chain of an engine, and a copy of it for the owner of a key.</summary>
internal sealed class EncryptedBox : IDisposable
{
    private static readonly JsonSerializerOptions s_json = new() { WriteIndented = true };

    public EncryptedBox(string engine)
    {
        Box = EngineSandbox.Of(engine);
        // Runs are minutes apart, and nothing is dated after now.
        Box.Clock!.Now -= TimeSpan.FromMinutes(10);
        Chain = Box.Chain();
        foreach (var key in new[] { Key, Other })
        {
            File.WriteAllText(FileOf(key), key.Export());
        }
    }

    public EngineSandbox Box { get; }

    public IReadOnlyList<BundleInfo> Chain { get; }

    public X25519Identity Key { get; } = X25519Identity.New();

    /// <summary>A key that is not the copy's.</summary>
    public X25519Identity Other { get; } = X25519Identity.New();

    public string Encrypted => Box.At("e", Path.GetFileName(Box.Bundles));

    public OperationHost Host(X25519Identity? key = null, IDisk? disk = null)
    {
        return new OperationHost
        {
            Engines = EngineSandbox.Engines,
            Clock = Box.Clock!,
            Disk = disk ?? LocalDisk.Instance,
            Warning = Box.Warnings.Add,
            Identities = new Identities { Paths = key is null ? [] : [FileOf(key)] },
        };
    }

    public CopyReport CopyEncrypted(X25519Identity? identity = null, params string[] recipients) =>
        Verbs.Copy(recipients.Length > 0 ? ToKey with { Recipients = recipients } : ToKey, Host(identity));

    private CopySettings ToKey =>
        new()
        {
            Path = Box.Bundles,
            DestinationPath = Encrypted,
            Recipients = [$"{Key.Recipient}"],
        };

    public CopyReport CopyEncrypted(bool verify, X25519Identity? identity = null) =>
        Verbs.Copy(ToKey with { Verify = verify }, Host(identity));

    public CopyReport CopyEncrypted(IDisk disk) => Verbs.Copy(ToKey, Host(disk: disk));

    /// <summary>A plain copy, in a folder of the same name.</summary>
    public string CopyPlain()
    {
        var folder = Box.At("p", Path.GetFileName(Box.Bundles));
        Verbs.Copy(new CopySettings { Path = Box.Bundles, DestinationPath = folder }, Host());
        return folder;
    }

    /// <summary>A result of the encrypted folder is that of the plain one, but for the folder and how long it took.</summary>
    public void IsThatOf<T>(string plain, Func<string, OperationHost, T> read) =>
        Assert.Equal(Text(read(plain, Host()), plain), Text(read(Encrypted, Host(Key)), Encrypted));

    public string RestoredOf(string folder, BundleInfo bundle) => Box.RestoredWith(Host(Key), folder, bundle);

    /// <summary>The folder as it is when each file is decrypted by itself.</summary>
    public string Decrypted()
    {
        var to = Box.At("d", Path.GetFileName(Box.Bundles));
        foreach (var file in Directory.EnumerateFiles(Encrypted, "*.age", SearchOption.AllDirectories))
        {
            if (file.Contains(".backuptools-age", StringComparison.Ordinal))
            {
                continue; // the note of the recipients
            }
            var plain = Path.Combine(to, Path.GetRelativePath(Encrypted, file)[..^4]);
            Directory.CreateDirectory(Path.GetDirectoryName(plain)!);
            using var reader = new AgeReader(plain, LocalDisk.Instance.OpenRead(file), new KeyRing([Key]));
            var bytes = new byte[reader.Length];
            HashingCopy.ReadExactly(reader, bytes, 0);
            File.WriteAllBytes(plain, bytes);
        }
        return to;
    }

    /// <summary>Every verb that reads the encrypted folder.</summary>
    public IEnumerable<(string Verb, Action<OperationHost> Run)> Readers() =>
        [
            ("header", host => First(ReadHeaders.Read(Encrypted, false, null, host).Select(r => r.Error))),
            ("chain", host => First(ReadChains.Read(Encrypted, false, null, host).Select(r => r.Error))),
            (
                "test",
                host =>
                    First(VerifyChain.Run(new VerifySettings { Path = Encrypted }, host).Select(_ => (Exception?)null))
            ),
            (
                "restore",
                host => Verbs.Restore(new RestoreSettings { Path = Encrypted, DestinationPath = Box.At("x") }, host)
            ),
            ("merge", host => Verbs.Merge(new MergeSettings { Path = Encrypted, DestinationPath = Box.At("x") }, host)),
            ("copy", host => Verbs.Copy(new CopySettings { Path = Encrypted, DestinationPath = Box.At("x") }, host)),
            (
                "report",
                host =>
                    First(
                        ExportReport
                            .Plan(
                                new ReportSettings { Folders = [Encrypted], DestinationPath = Box.At("x.html") },
                                host
                            )
                            .Report.Problems.Select(p => p.ToException())
                    )
            ),
        ];

    public void Dispose() => Box.Dispose();

    private string FileOf(X25519Identity key) => Box.At($"{key.Recipient}.txt");

    private static void First(IEnumerable<Exception?> errors)
    {
        if (errors.FirstOrDefault(e => e is not null) is { } error)
        {
            throw error;
        }
    }

    private string Text<T>(T result, string folder)
    {
        var isAlopex = Chain[0].Engine == "Alopex";
        var text = JsonSerializer
            .Serialize(result, s_json)
            .Replace(
                JsonSerializer.Serialize(Path.GetDirectoryName(folder), s_json)[1..^1],
                "FOLDER",
                StringComparison.Ordinal
            );
        return string.Join(
            '\n',
            text.Split('\n')
                .Where(l =>
                    !l.Contains("Seconds\"", StringComparison.Ordinal)
                    && !l.Contains("TestedUtc", StringComparison.Ordinal)
                    // Alopex counts what a file takes on the disk: an encrypted one has no holes.
                    && !(isAlopex && l.Contains("Length\"", StringComparison.Ordinal))
                )
        );
    }
}
