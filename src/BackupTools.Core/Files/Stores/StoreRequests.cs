using System.Globalization;
using BackupTools.Errors;

namespace BackupTools.Files.Stores;

/// <summary>
/// Makes the requests of an operation: counted, a bounded number at once, and again after trouble, with growing pauses of
/// random length, until the patience is over. Then the store is unavailable, and whoever asks later hears it at once.
/// </summary>
internal sealed class StoreRequests(StoreSettings settings, Action<string> verbose, CancellationToken cancellation)
    : IDisposable
{
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim _slots = new(settings.Parallel);
    private BackupException? _unavailable;
    private int _lists;
    private int _reads;
    private int _repeated;

    public CancellationToken Cancellation => cancellation;

    /// <summary>Listings that were asked for, repetitions included.</summary>
    public int Lists => _lists;

    /// <summary>Ranges that were asked for, repetitions included.</summary>
    public int Reads => _reads;

    /// <summary>What the operation asked of the store, in one line.</summary>
    public string Describe() =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"requests to the store: {_lists} LIST, {_reads} GET, of which {_repeated} were repeated"
        );

    public Task<ObjectPage> ListAsync(
        IObjectStore store,
        string bucket,
        string prefix,
        string? after,
        int most,
        CancellationToken stop
    ) =>
        RunAsync(
            store,
            $"s3://{bucket}/{prefix}",
            () => Interlocked.Increment(ref _lists),
            // The first request of an operation looks for credentials, by ways of which not all can be stopped.
            (_, token) =>
                Task.Run(() => store.ListAsync(bucket, prefix, after, most, token), CancellationToken.None)
                    .WaitAsync(token),
            stop
        );

    public Task ReadAsync(
        IObjectStore store,
        string bucket,
        StoreObject what,
        long offset,
        Memory<byte> buffer,
        CancellationToken stop
    ) =>
        RunAsync(
            store,
            $"s3://{bucket}/{what.Key}",
            () => Interlocked.Increment(ref _reads),
            async (alive, token) =>
            {
                await store.ReadAsync(bucket, what, offset, buffer, alive, token).ConfigureAwait(false);
                return true;
            },
            stop
        );

    public void Dispose() => _slots.Dispose();

    private async Task<T> RunAsync<T>(
        IObjectStore store,
        string path,
        Action count,
        Func<Action, CancellationToken, Task<T>> attempt,
        CancellationToken stop
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
            await _slots.WaitAsync(stop).ConfigureAwait(false);
            try
            {
                using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
                limit.CancelAfter(settings.Stall);
                count();
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
                    (trouble, cause) = ($"nothing came for {settings.Stall.TotalSeconds:0.#} s", e);
                }
            }
            finally
            {
                _slots.Release();
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
