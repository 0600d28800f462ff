using BackupTools.Encryption;
using BackupTools.Files;
using BackupTools.Files.Stores;
using BackupTools.Formats.Age;
using BackupTools.Operations;
using BackupTools.Reports;
using BackupTools.Tests.FrontEnds;
using BackupTools.Tests.Operations;

namespace BackupTools.Tests.Encryption;

/// <summary>A database that is backed up into a plain folder, and straight into an encrypted one, at the same states.</summary>
internal sealed class SealedBox : IDisposable
{
    private int _decrypted;

    public SealedBox(string engine)
    {
        Box = EngineSandbox.Of(engine);
        Box.Clock!.Now -= TimeSpan.FromHours(1);
        foreach (var key in new[] { Key, Other })
        {
            File.WriteAllText(FileOf(key), key.Export());
        }
    }

    public EngineSandbox Box { get; }

    public X25519Identity Key { get; } = X25519Identity.New();

    /// <summary>A key that is nobody's here.</summary>
    public X25519Identity Other { get; } = X25519Identity.New();

    public string Encrypted => Box.At("e", Path.GetFileName(Box.Bundles));

    public string Spool => Box.At("spool");

    public string State => Box.At("state");

    /// <summary>Into the encrypted folder, for the key.</summary>
    public BackupSettings ToKey =>
        Box.Settings() with
        {
            DestinationPath = Encrypted,
            Recipients = [$"{Key.Recipient}"],
        };

    /// <summary>The same, with what the next increment must know kept.</summary>
    public BackupSettings Kept => ToKey with { StatePath = State };

    public OperationHost Host(
        X25519Identity? key = null,
        IDisk? disk = null,
        StoreSettings? stores = null,
        string? trusted = null
    )
    {
        Box.Clock!.Now += TimeSpan.FromMinutes(1);
        return new OperationHost
        {
            Engines = EngineSandbox.Engines,
            Clock = Box.Clock,
            Disk = disk!,
            Warning = Box.Warnings.Add,
            // The lease of a killed run ends by itself.
            LockTimeout = TimeSpan.FromSeconds(stores is null ? 0 : 30),
            ThrottleLimit = 1,
            Identities = new Identities
            {
                Paths = key is null ? [] : [FileOf(key)],
                TrustedKeys = trusted is null ? [] : [trusted],
            },
            Stores = (stores ?? new StoreSettings()) with { SpoolPath = Spool },
        };
    }

    /// <summary>Into both folders, at a state; what the encrypted one got.</summary>
    public BundleInfo Take(
        string state,
        X25519Identity? key = null,
        BackupSettings? settings = null,
        IDisk? disk = null
    )
    {
        Box.Become(state);
        if (state == "S0")
        {
            Box.Full();
            return Verbs.Full(settings ?? ToKey, Host(key, disk));
        }
        Box.Increment();
        return Verbs.Increment(settings ?? ToKey, Host(key, disk));
    }

    /// <summary>What both folders restore to at each of their bundles is the same, whoever decrypts.</summary>
    public void IsThatOf(string plain, string decrypted)
    {
        var (ones, others) = (BundlesOf(plain), BundlesOf(decrypted));
        Assert.Equal(ones.Select(b => (b.Kind, b.EndPosition)), others.Select(b => (b.Kind, b.EndPosition)));
        foreach (var (one, other) in ones.Zip(others))
        {
            Assert.Equal(RestoredOf(plain, one), RestoredOf(decrypted, other));
        }
    }

    public IReadOnlyList<BundleInfo> BundlesOf(string folder, X25519Identity? key = null) =>
        [
            .. ReadChains
                .Read(folder, false, null, Host(key ?? Key))
                .Select(r => r.Chain ?? throw r.Error!)
                .SelectMany(c => c.Bundles),
        ];

    public string RestoredOf(string folder, BundleInfo bundle) => Box.RestoredWith(Host(Key), folder, bundle);

    /// <summary>The folder as it is when each file is decrypted by itself; by the age program, if that is there.</summary>
    public string Decrypted(bool byAge = false)
    {
        var to = Box.At($"d{_decrypted++}", Path.GetFileName(Box.Bundles));
        foreach (var file in Directory.EnumerateFiles(Encrypted, "*.age", SearchOption.AllDirectories))
        {
            if (file.Contains(".backuptools-age", StringComparison.Ordinal))
            {
                continue; // the note of the recipients
            }
            var plain = Path.Combine(to, Path.GetRelativePath(Encrypted, file)[..^4]);
            Directory.CreateDirectory(Path.GetDirectoryName(plain)!);
            if (byAge)
            {
                // As the documentation says: with -o age writes no file where that is empty.
                const string Line = "age -d -i \"$1\" \"$2\" > \"$3\"";
                var run = ChildProcess.Run("/bin/sh", ["-c", Line, "sh", FileOf(Key), file, plain], to);
                Assert.True(run.ExitCode == 0, $"{run}");
            }
            else
            {
                using var reader = new AgeReader(plain, LocalDisk.Instance.OpenRead(file), new KeyRing([Key]));
                var bytes = new byte[reader.Length];
                HashingCopy.ReadExactly(reader, bytes, 0);
                File.WriteAllBytes(plain, bytes);
            }
            // As cp -p does: formats tell times by it.
            File.SetLastWriteTimeUtc(plain, File.GetLastWriteTimeUtc(file));
        }
        return to;
    }

    /// <summary>What lies under the state path, all of it.</summary>
    public IEnumerable<string> StateFiles() =>
        Directory.Exists(State) ? Directory.EnumerateFiles(State, "*", SearchOption.AllDirectories).Order() : [];

    public void Dispose() => Box.Dispose();

    public string FileOf(X25519Identity key) => Box.At($"{key.Recipient}.txt");
}
