using BackupTools.Errors;

namespace BackupTools.Files.Stores;

/// <summary>
/// Makes the requests of an operation: counted, a bounded number at once, and again after trouble, with growing pauses of
/// random length, until the patience is over. Then the store is unavailable, and whoever asks later hears it at once.
/// </summary>
internal sealed class StoreRequests(
    IReadingStore store,
    StoreSettings settings,
    Action<string> verbose,
    CancellationToken cancellation
) : IDisposable
{
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim _slots = new(settings.Parallel);
    private BackupException? _unavailable;
    private readonly int[] _counts = new int[Enum.GetValues<StoreVerb>().Length];
    private int _repeated;

    public CancellationToken Cancellation => cancellation;

    /// <summary>Requests of a kind, repetitions included.</summary>
    public int Count(StoreVerb verb) => Volatile.Read(ref _counts[(int)verb]);

    /// <summary>What the operation asked of the store, in one line.</summary>
    public string Describe()
    {
        var kinds = Enum.GetValues<StoreVerb>()
            .Where(v => v is StoreVerb.List or StoreVerb.Get || Count(v) > 0)
            .Select(v => $"{Count(v)} {v.ToString().ToUpperInvariant()}");
        return $"requests to the store: {string.Join(", ", kinds)}, of which {_repeated} were repeated";
    }

    public Task<ObjectPage> ListAsync(string bucket, string prefix, string? after, int most, CancellationToken stop) =>
        RunAsync(
            StoreVerb.List,
            $"{new ObjectName(store.Scheme, bucket, prefix)}",
            // The first request of an operation looks for credentials, which cannot always be cancelled.
            (_, token) =>
                Task.Run(() => store.ListAsync(bucket, prefix, after, most, token), CancellationToken.None)
                    .WaitAsync(token),
            stop
        );

    public Task ReadAsync(string bucket, StoreObject what, long offset, Memory<byte> buffer, CancellationToken stop) =>
        RunAsync(
            StoreVerb.Get,
            $"{new ObjectName(store.Scheme, bucket, what.Key)}",
            async (alive, token) =>
            {
                await store.ReadAsync(bucket, what, offset, buffer, alive, token).ConfigureAwait(false);
                return true;
            },
            stop
        );

    public void Dispose() => _slots.Dispose();

    /// <summary>Makes a request until it is answered.</summary>
    /// <param name="verb">What it counts as.</param>
    /// <param name="path">What it is about.</param>
    /// <param name="attempt">Makes it once; is given what to call whenever bytes come or go.</param>
    /// <param name="stop">Ends it.</param>
    /// <param name="isUrgent">It does not wait until others are done: somebody's time runs out.</param>
    /// <exception cref="BackupException">StoreUnavailable, and what the attempt throws.</exception>
    public async Task<T> RunAsync<T>(
        StoreVerb verb,
        string path,
        Func<Action, CancellationToken, Task<T>> attempt,
        CancellationToken stop,
        bool isUrgent = false
    )
    {
        var started = TimeProvider.System.GetTimestamp();
        for (var failures = 0; ; )
        {
            if (Volatile.Read(ref _unavailable) is { } known)
            {
                throw known;
            }
            string trouble;
            Exception cause;
            if (!isUrgent)
            {
                await _slots.WaitAsync(stop).ConfigureAwait(false);
            }
            try
            {
                using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
                limit.CancelAfter(settings.Stall);
                Interlocked.Increment(ref _counts[(int)verb]);
                try
                {
                    return await attempt(() => limit.CancelAfter(settings.Stall), limit.Token).ConfigureAwait(false);
                }
                catch (StoreTroubleException e)
                {
                    (trouble, cause) = (e.Message, e);
                }
                catch (OperationCanceledException e) when (!stop.IsCancellationRequested)
                {
                    (trouble, cause) = ($"no data came for {settings.Stall.TotalSeconds:0.#} s", e);
                }
            }
            finally
            {
                if (!isUrgent)
                {
                    _slots.Release();
                }
            }
            stop.ThrowIfCancellationRequested();
            if (TimeProvider.System.GetElapsedTime(started) >= settings.Patience)
            {
                var error = new BackupException(
                    ErrorCode.StoreUnavailable,
                    $"{store.Host} did not serve a request for {settings.Patience.TotalSeconds:0.#} s: {trouble}",
                    path,
                    inner: cause
                );
                Volatile.Write(ref _unavailable, error);
                throw error;
            }
            failures++;
            Interlocked.Increment(ref _repeated);
            verbose($"{store.Host}: {trouble}; the request is made again");
            await Task.Delay(Pause(failures), stop).ConfigureAwait(false);
        }
    }

    /// <summary>Many that failed at once must not all come back at once.</summary>
    private static TimeSpan Pause(int failures) =>
        Random.Shared.NextDouble()
        * TimeSpan.FromMilliseconds(Math.Min(100 << Math.Min(failures, 10), LongestPause.TotalMilliseconds));
}

/// <summary>What requests are counted as.</summary>
internal enum StoreVerb
{
    /// <summary>Listings of objects, uploads and parts.</summary>
    List,

    /// <summary>Ranges of objects.</summary>
    Get,

    /// <summary>Objects and parts that are sent; uploads that are begun and completed.</summary>
    Put,

    /// <summary>Objects and uploads that are removed.</summary>
    Delete,
}
