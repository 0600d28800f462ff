using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Files.Stores;
using BackupTools.Operations;
using BackupTools.Reports;
using BackupTools.Tests.Operations;

namespace BackupTools.Tests.Stores;

/// <summary>A sandbox whose bundles go to a store.</summary>
internal sealed class StoreWriting(EngineSandbox box, string address, StoreSettings settings)
{
    private readonly StoreSettings _settings = settings with { SpoolPath = box.At("spool") };

    public List<string> Verbose { get; } = [];

    public List<string> Warnings { get; } = [];

    /// <summary>Makes the store that copies go to; null for the one of the settings.</summary>
    public Func<IObjectStore>? Maker { get; set; }

    /// <summary>In place of the file system; null for that.</summary>
    public IDisk? Disk { get; set; }

    public TimeSpan LockTimeout { get; init; } = TimeSpan.FromSeconds(OperationHost.DefaultLockTimeout);

    public OperationHost Host(CancellationToken cancellation = default) =>
        new()
        {
            Stores = _settings,
            LockTimeout = LockTimeout,
            StoreMaker = Maker,
            Disk = Disk!,
            Clock = box.Clock!,
            Cancellation = cancellation,
            Warning = Warnings.Add,
            Verbose = text =>
            {
                lock (Verbose)
                {
                    Verbose.Add(text);
                }
            },
        };

    public CopyReport Copy(string? from = null, bool verify = false, CancellationToken cancellation = default)
    {
        using var host = Host(cancellation);
        var report = Verbs.Copy(
            new CopySettings
            {
                Path = from ?? box.Bundles,
                DestinationPath = address,
                Verify = verify,
            },
            host
        );
        Assert.False(Directory.Exists(box.At("spool")), "something is left in the spool");
        return report;
    }

    /// <summary>Backs up straight to the store, a minute later than before.</summary>
    public IReadOnlyList<BundleInfo> Back(bool incremental = true, bool allowEmpty = true, bool fullIfNeeded = false)
    {
        box.Clock!.Now += TimeSpan.FromMinutes(1);
        using var host = Host();
        var backup = box.Settings() with
        {
            DestinationPath = address,
            Incremental = incremental,
            AllowEmpty = allowEmpty,
            FullIfNeeded = fullIfNeeded,
        };
        var made = Verbs.Fulls(backup, host);
        Assert.False(Directory.Exists(box.At("spool")), "something is left in the spool");
        return made;
    }

    /// <summary>Prunes the store.</summary>
    public ExpiryReport Expire(int keepLast = 1)
    {
        using var host = Host();
        var report = Verbs.Expire(new ExpirySettings { Path = address, KeepLast = keepLast }, host);
        Assert.False(Directory.Exists(box.At("spool")), "something is left in the spool");
        return report;
    }

    /// <summary>Merges the newest chain of the store, into it.</summary>
    public IReadOnlyList<BundleInfo> Merge()
    {
        using var host = Host();
        var made = Verbs.Merges(new MergeSettings { Path = address, DestinationPath = address }, host);
        Assert.False(Directory.Exists(box.At("spool")), "something is left in the spool");
        return made;
    }

    /// <summary>The ids of the bundles that a reader sees, none where there is nothing; a problem is an error.</summary>
    public IReadOnlyList<string> Seen()
    {
        using var host = Host();
        if (host.Disk.Stat(address) is null)
        {
            return [];
        }
        var chains = ReadChains
            .Read(address, false, null, host)
            .Where(c => c.Error?.Code != ErrorCode.NoBundles)
            .ToList();
        Assert.All(chains, c => Assert.Null(c.Error));
        Assert.All(chains, c => Assert.Empty(c.Chain!.Problems));
        return [.. chains.SelectMany(c => c.Chain!.Bundles).Select(b => b.Id)];
    }

    /// <summary>What a copy must give, whatever stores it goes to.</summary>
    public void IsThatOfTheFolder(Func<IReadOnlyDictionary<string, byte[]>> down)
    {
        var report = Copy(verify: true);
        Assert.True(report.IsValid, string.Join("; ", report.Problems));
        Assert.Equal(
            box.Chains().SelectMany(c => c.Bundles).Select(b => b.Id).Order(),
            report.Copied.Select(b => b.Id).Order()
        );
        Assert.All(report.Copied, b => Assert.StartsWith(address + "/", b.FullName, StringComparison.Ordinal));
        StoreReading.IsThatOfTheFolder(box, address, _settings);

        // What a plain tool brings down is the folder.
        var folder = box.At("down");
        var local = StoreFolder.Files(box.Bundles, "x").Select(f => f.Key[2..]).Order(StringComparer.Ordinal);
        Assert.Equal(
            local,
            down()
                .Keys.Where(k => !k.StartsWith(".backuptools/", StringComparison.Ordinal))
                .Order(StringComparer.Ordinal)
        );
        foreach (var (name, content) in down())
        {
            var file = Path.Combine(folder, name);
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllBytes(file, content);
        }
        Assert.Equal(EngineSandbox.Bytes(box.RestoreFrom(box.Bundles)), EngineSandbox.Bytes(box.RestoreFrom(folder)));
        var chains = ReadChains.Read(folder, true, null, box.Host()).Select(r => r.Chain!).ToList();
        Assert.All(chains, c => Assert.Empty(c.Problems));
        Assert.Equal(Seen(), chains.SelectMany(c => c.Bundles).Select(b => b.Id));
    }
}
