using System.Collections.Concurrent;
using BackupTools.Chains;
using BackupTools.Encryption;
using BackupTools.Engines;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Files.Stores;
using BackupTools.Options;

namespace BackupTools.Operations;

/// <summary>
/// What a front end gives an operation: a way to stop it, somewhere to report to, and progress that can be sampled at
/// any time and from any thread. One host serves one operation.
/// </summary>
public sealed class OperationHost : IDisposable
{
    /// <summary>The default of <see cref="LockTimeout"/>, in seconds.</summary>
    public const int DefaultLockTimeout = 30;

    private readonly ConcurrentDictionary<string, bool> _told = new(StringComparer.Ordinal);
    private readonly RoutingDisk _disks;
    private readonly IDisk? _disk;
    private AgeDisk? _encrypted;
    private HeaderMemo? _memo;
    private IReadOnlyList<TrustedKey>? _trusted;

    /// <summary>Makes a host; its properties say what it offers.</summary>
    public OperationHost() => _disks = new RoutingDisk(LocalDisk.Instance, OpenStore);

    /// <summary>Stops the operation; it then throws OperationCanceledException and leaves nothing behind.</summary>
    public CancellationToken Cancellation { get; init; }

    /// <summary>
    /// Receives warnings: results that are good but not what was asked for; may be called on any thread.
    /// </summary>
    public Action<string>? Warning { get; init; }

    /// <summary>Receives the steps of the run; may be called on any thread.</summary>
    public Action<string>? Verbose { get; init; }

    /// <summary>The clock that dates bundles.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>How many files or ranges are processed at once; 1 or more. Default: the number of processors.</summary>
    public int ThrottleLimit
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
            field = value;
        }
    } = Environment.ProcessorCount;

    /// <summary>
    /// How long to wait for another run in the same folder, before BackupRunning; zero or more. Default: 30 seconds.
    /// </summary>
    public TimeSpan LockTimeout
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, TimeSpan.Zero);
            field = value;
        }
    } = TimeSpan.FromSeconds(DefaultLockTimeout);

    /// <summary>What encrypted bundles are read with. Default: nothing.</summary>
    public Identities Identities { get; init; } = new();

    /// <summary>How object stores are reached and written.</summary>
    public StoreOptions StoreOptions
    {
        init => Stores = StoreChoice.Of(value);
    }

    /// <summary>What the operation looks like now; may be asked at any time and from any thread.</summary>
    public ProgressSample SampleProgress() => ProgressSample.From(Progress.Sample());

    /// <summary>Ends the operation: reports its requests to stores, and closes the connections to them.</summary>
    public void Dispose()
    {
        foreach (var store in _disks.Stores)
        {
            Verbose?.Invoke(store.Requests.Describe());
        }
        _disks.Dispose();
    }

    internal IDisk Disk
    {
        get => Encrypted;
        init => _disk = value;
    }

    /// <summary>The disk as what knows of encryption. One operation begins on one thread.</summary>
    internal AgeDisk Encrypted => _encrypted ??= new AgeDisk(_disk ?? _disks, () => Identities.Open(_disk ?? _disks));

    /// <summary>Whose bundles count; none for everybody's.</summary>
    internal IReadOnlyList<TrustedKey> Trusted
    {
        get => _trusted ??= [.. Identities.TrustedKeys.Select(TrustedKey.Parse)];
        private set => _trusted = value;
    }

    /// <summary>From now on only what this signer has signed counts: an increment must not build on another's bundle.</summary>
    internal void TrustOnly(Signer signer) => Trusted = [signer.Public];

    /// <summary>
    /// Says where an operation reads bundles: it sees encrypted ones as plain. Returns their path without the extension
    /// of an encrypted file.
    /// </summary>
    /// <param name="path">A bundle, or a folder of bundles.</param>
    /// <exception cref="BackupException">The identities cannot be read.</exception>
    internal string Opens(string path)
    {
        _ = Encrypted.Keys;
        // A store is asked only where the answer matters: what it says is an error of the item, not of all that were given.
        var isFile =
            (!StoreAddress.Is(path) || AgeDisk.NameOf(path) != path)
            && Encrypted.Outer.Stat(path) is { Kind: DiskEntryKind.File };
        var name = isFile ? AgeDisk.NameOf(path) : path;
        var home = Engines.Candidates(null).Select(engine => engine.HomeOf(name)).FirstOrDefault(h => h is not null);
        Encrypted.Show(home ?? (isFile ? Path.GetDirectoryName(path)! : path));
        Encrypted.Show(name);
        return name;
    }

    /// <summary>Makes the store; null for the one of the settings.</summary>
    internal Func<IObjectStore>? StoreMaker { get; init; }

    /// <summary>How stores are reached.</summary>
    internal StoreSettings Stores { get; init; } = new();

    /// <summary>The store of the operation; made when it is needed first.</summary>
    internal StoreDisk Store(string address) => _disks.Store(address);

    /// <summary>
    /// Removes what killed runs left in the spool of this machine, where bundles lie in clear before they are encrypted. For
    /// a run to do first: a plan may be refused, and writes nothing. What living runs have there stays.
    /// </summary>
    public void SweepSpool()
    {
        var spool = StoreDestination.SpoolOf(this);
        try
        {
            foreach (var leftover in StagingArea.Sweep(Disk, spool, Warning))
            {
                Verbose?.Invoke($"removed what an interrupted run left behind: {Path.Combine(spool, leftover)}");
            }
        }
        catch (BackupException e)
        {
            // Whoever needs the spool hears of it then.
            Verbose?.Invoke($"the spool was not looked through: {e.Describe()}");
        }
    }

    /// <summary>How bundles are kept while they are assembled for a store; null: like any file.</summary>
    internal SpoolDisk? Spool
    {
        set => _disks.Spool = value;
    }

    /// <summary>The requests to stores until now; null if there were none.</summary>
    internal StoreRequests? Requests => _disks.Stores.FirstOrDefault()?.Requests;

    internal EngineRegistry Engines { get; init; } = EngineRegistry.Default;

    internal TransferProgress Progress { get; } = new();

    /// <summary>
    /// From now on the bundles' headers that are read are remembered: for a verb that plans, and plans again once it is
    /// alone.
    /// </summary>
    internal void Remember() => _memo ??= new HeaderMemo();

    internal EngineContext Context =>
        new()
        {
            Disk = Disk,
            Memo = _memo,
            Clock = Clock,
            Progress = Progress,
            Cancellation = Cancellation,
            ThrottleLimit = ThrottleLimit,
            Warn = text => Warning?.Invoke(Printable.Of(text)),
            Verbose = text => Verbose?.Invoke(Printable.Of(text)),
            Admit = Trusted.Count > 0 ? read => Signatures.Admit(read, this) : null,
        };

    /// <summary>Tells what several plans of the operation come upon.</summary>
    internal void WarnOnce(string text)
    {
        if (_told.TryAdd(text, true))
        {
            Context.Warn(text);
        }
    }

    /// <summary>Tells what is worth a warning.</summary>
    internal void Warn(IEnumerable<ChainProblem> problems)
    {
        foreach (var problem in problems.Where(p => p.Severity != ProblemSeverity.Info))
        {
            Context.Warn(problem.ToString());
        }
    }

    // Apart from the rest, so that the SDK is loaded where a store is read and nowhere else.
    private StoreDisk OpenStore(string scheme) =>
        new(
            StoreMaker?.Invoke() ?? (scheme == StoreAddress.Azure ? OpenAzure() : OpenS3()),
            Stores,
            text => Verbose?.Invoke(Printable.Of(text)),
            Cancellation
        );

    private S3Store OpenS3() => new(Stores);

    private AzureStore OpenAzure() => new(Stores);

    internal double SecondsSince(long timestamp) => Math.Round(Clock.GetElapsedTime(timestamp).TotalSeconds, 3);
}
