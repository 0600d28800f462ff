using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization;
using BackupTools.Errors;

namespace BackupTools.Files.Stores;

/// <summary>
/// The exclusive right to write below a prefix: an object that names its holder, put under the condition that nobody
/// else has, and repeatedly during the work. A holder that does not renew it within the lease's time counts as dead. Each
/// holder has a number, higher than those before: by that, marks are told from those that came too late
/// (<see cref="Fence"/>).
/// </summary>
internal sealed partial class StoreLease : IDisposable
{
    /// <summary>Of the object, in the folder of marks.</summary>
    public const string Name = "lease";

    private const int LongestSeconds = 600;
    private const int MaxBytes = 4096;

    /// <summary>More runs no prefix sees: JSON's numbers are exact up to there.</summary>
    private const long LargestNumber = 1L << 53;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LongestRenewal = TimeSpan.FromMinutes(2);

    private readonly StoreWriter _writer;
    private readonly TimeSpan _length;
    private readonly Action<string>? _tell;
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationTokenSource _abandon = new();
    private readonly Task _renewal;
    private readonly bool _isAlone;
    private readonly Lock _gate = new();
    private long _floor;
    private string _etag;
    private Renewal _renewed;
    private BackupException? _lost;

    private StoreLease(
        StoreWriter writer,
        Taken taken,
        TimeSpan length,
        Renewal asked,
        Action<string>? tell,
        bool isAlone = false
    )
    {
        _renewed = asked;
        _writer = writer;
        (_etag, Number, _floor) = taken;
        _length = length;
        _tell = tell;
        _isAlone = isAlone;
        _renewal = isAlone ? Task.CompletedTask : Task.Run(RenewAsync);
    }

    /// <summary>Of this holder: the one before has a lower one.</summary>
    public long Number { get; }

    /// <summary>
    /// Takes the lease; where another run has it, waits for at most so long, and longer only for one that seems to have died.
    /// </summary>
    /// <exception cref="BackupException">BackupRunning, ConditionalWritesMissing; and what the store has to say.</exception>
    public static StoreLease AcquireWithin(
        TimeSpan timeout,
        StoreWriter writer,
        TimeSpan length,
        Action<string>? tell,
        CancellationToken stop
    )
    {
        var began = Stopwatch.GetTimestamp();
        string? first = null;
        while (true)
        {
            var there = writer.Look(KeyOf(writer));
            var asked = Renewal.Now;
            if (TryTake(writer, there, length, out var holder) is { } taken)
            {
                return new StoreLease(writer, taken, length, asked, tell);
            }
            if (first is null && timeout > TimeSpan.Zero)
            {
                tell?.Invoke($"waiting for {holder}");
            }
            first ??= there?.ETag;
            if (Stopwatch.GetElapsedTime(began) >= timeout && (timeout == TimeSpan.Zero || there?.ETag != first))
            {
                throw new BackupException(
                    ErrorCode.BackupRunning,
                    $"backup already running ({holder})",
                    $"{writer.NameOf(KeyOf(writer))}"
                );
            }
            stop.WaitHandle.WaitOne(length < Pause ? length : Pause);
            stop.ThrowIfCancellationRequested();
        }
    }

    /// <summary>
    /// Takes the number alone, where the user says that nobody else writes: no run is kept out, but marks that an earlier one
    /// had on its way count no more.
    /// </summary>
    /// <exception cref="BackupException">Malformed; and what the store has to say.</exception>
    public static StoreLease TakeAlone(StoreWriter writer, TimeSpan length, Action<string>? tell)
    {
        var known = writer.Look(KeyOf(writer)) is { } there ? ContentOf(writer, there) : null;
        var (number, floor) = ((known?.Number ?? 0) + 1, known?.Floor ?? 0);
        return new StoreLease(writer, new Taken("", number, floor), length, Renewal.Now, tell, isAlone: true);
    }

    /// <summary>Says that a store cannot keep two writers apart.</summary>
    public static BackupException NoConditions(string path, Exception? inner = null) =>
        new(
            ErrorCode.ConditionalWritesMissing,
            "the store does not refuse to overwrite an object, so two writers cannot be kept apart",
            path,
            inner: inner
        );

    /// <summary>
    /// To be asked before each request: another run may have taken over from one that seemed dead. One that has run out
    /// (the machine slept, or the network was gone) may still be renewed, where no other run was waiting: that is known soon.
    /// </summary>
    /// <exception cref="BackupException">BackupRunning, or why the lease could not be renewed.</exception>
    public void RequireHeld()
    {
        for (var began = Stopwatch.GetTimestamp(); ; Thread.Sleep(Look))
        {
            if (Volatile.Read(ref _lost) is { } lost)
            {
                throw lost;
            }
            if (_isAlone || Volatile.Read(ref _renewed).Age <= _length)
            {
                return;
            }
            if (Stopwatch.GetElapsedTime(began) > LongestRenewal)
            {
                throw new BackupException(
                    ErrorCode.BackupRunning,
                    "the lease of this run has run out, and could not be renewed",
                    $"{_writer.NameOf(KeyOf(_writer))}"
                );
            }
        }
    }

    /// <summary>
    /// From here on no mark counts that has a lower number. To be called when those that are there have been given this one:
    /// what a run before had still on the way, and the store receives only now, changes nothing.
    /// </summary>
    /// <exception cref="BackupException">BackupRunning: another run has taken over.</exception>
    public void Fence()
    {
        lock (_gate)
        {
            _floor = Number;
            Renew(CancellationToken.None);
        }
    }

    /// <summary>The lowest number of a mark that counts, as a lease says.</summary>
    /// <exception cref="BackupException">Malformed.</exception>
    public static long FloorOf(ObjectName name, byte[] content) => Parse(name, content).Floor;

    /// <summary>Gives the lease back, so that the next run need not wait.</summary>
    public void Dispose()
    {
        // A renewal that is on the way is waited for: what it leaves is what is given back.
        _stop.Cancel();
        _abandon.CancelAfter(StoreWriter.Last);
        _renewal.GetAwaiter().GetResult();
        _stop.Dispose();
        _abandon.Dispose();
        if (_lost is null)
        {
            using var soon = StoreWriter.Soon();
            try
            {
                _ = _writer.PutSmall(
                    KeyOf(_writer),
                    Content(_length, Number, _floor, isFree: true, _isAlone),
                    new PutIf(_etag),
                    soon.Token,
                    isUrgent: true
                );
            }
            catch (Exception e) when (e is BackupException or OperationCanceledException)
            {
                // The work is done: whoever comes next waits until the lease has run out.
                _tell?.Invoke($"the lease could not be given back: {e.Message}");
            }
        }
    }

    private static string KeyOf(StoreWriter writer) => StoreMarks.In(writer.Folder, Name);

    private static Taken? TryTake(StoreWriter writer, StoreObject? there, TimeSpan length, out string holder)
    {
        holder = "another run";
        var key = KeyOf(writer);
        if (there is not null)
        {
            if (ContentOf(writer, there) is not { } known)
            {
                return null;
            }
            holder = known.Holder;
            var age = writer.Now - there.ModifiedUtc;
            return known.IsFree || age > TimeSpan.FromSeconds(Math.Clamp(known.Seconds, 0, LongestSeconds))
                ? Take(known.Number + 1, known.Floor, new PutIf(there.ETag), isTried: !known.IsAlone)
                : null;
        }
        return Take(1, 0, PutIf.Absent, isTried: false);

        Taken? Take(long number, long floor, PutIf condition, bool isTried)
        {
            var etag = Put(condition);
            // Whoever put it there before had the store keep its conditions, or else it is tried out.
            if (etag is not null && !isTried && Put(PutIf.Absent) is not null)
            {
                throw NoConditions($"{writer.NameOf(key)}");
            }
            return etag is null ? null : new Taken(etag, number, floor);

            string? Put(PutIf when) =>
                writer.PutSmall(key, Content(length, number, floor, isFree: false, isAlone: false), when);
        }
    }

    /// <summary>What the lease says; null where it changes just now.</summary>
    private static Record? ContentOf(StoreWriter writer, StoreObject there)
    {
        try
        {
            return Parse(writer.NameOf(there.Key), there.Length <= MaxBytes ? writer.Read(there) : []);
        }
        catch (BackupException e) when (e.Code is ErrorCode.ReadFailed or ErrorCode.PathNotFound)
        {
            return null;
        }
    }

    private static Record Parse(ObjectName name, byte[] content)
    {
        try
        {
            if (
                content.Length <= MaxBytes
                && JsonSerializer.Deserialize(content, LeaseJson.Default.Record) is { } record
                && record.Number is >= 0 and < LargestNumber
                && record.Floor is >= 0 and <= LargestNumber
            )
            {
                return record;
            }
        }
        catch (JsonException)
        {
            // Said below.
        }
        throw new BackupException(
            ErrorCode.Malformed,
            "this is not a lease",
            $"{name}",
            recommendation: "Find out who put it there, and remove it."
        );
    }

    private async Task RenewAsync()
    {
        try
        {
            while (true)
            {
                await Task.Delay(_length / 3, _stop.Token).ConfigureAwait(false);
                lock (_gate)
                {
                    Renew(_abandon.Token);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // It is given back.
        }
        catch (BackupException e)
        {
            Volatile.Write(ref _lost, e);
        }
    }

    private void Renew(CancellationToken stop)
    {
        var asked = Renewal.Now;
        _etag =
            _writer.PutSmall(
                KeyOf(_writer),
                Content(_length, Number, _floor, isFree: false, _isAlone),
                new PutIf(_etag),
                stop,
                isUrgent: true
            )
            ?? throw new BackupException(
                ErrorCode.BackupRunning,
                "another run has taken over, as this one did not renew its lease in time",
                $"{_writer.NameOf(KeyOf(_writer))}"
            );
        Volatile.Write(ref _renewed, asked);
    }

    /// <summary>No two are the same, so that what is there tells whose it is.</summary>
    private static byte[] Content(TimeSpan length, long number, long floor, bool isFree, bool isAlone) =>
        JsonSerializer.SerializeToUtf8Bytes(
            new Record(FolderLock.Holder(), length.TotalSeconds, isFree, Guid.NewGuid(), number, floor, isAlone),
            LeaseJson.Default.Record
        );

    /// <summary>When the store was asked. One clock stands still while the machine sleeps, the other can be set.</summary>
    private sealed record Renewal(long Timestamp, DateTimeOffset Utc)
    {
        public static Renewal Now => new(Stopwatch.GetTimestamp(), DateTimeOffset.UtcNow);

        public TimeSpan Age
        {
            get
            {
                var (elapsed, passed) = (Stopwatch.GetElapsedTime(Timestamp), DateTimeOffset.UtcNow - Utc);
                return elapsed > passed ? elapsed : passed;
            }
        }
    }

    /// <summary>What the object says.</summary>
    /// <param name="Holder">Who has it, for people.</param>
    /// <param name="Seconds">How long it counts after it was put.</param>
    /// <param name="IsFree">The holder has given it back.</param>
    /// <param name="Id">Of this renewal.</param>
    /// <param name="Number">Of the holder.</param>
    /// <param name="Floor">Marks with a lower number do not count.</param>
    /// <param name="IsAlone">It was put without a condition.</param>
    internal sealed record Record(
        string Holder,
        double Seconds,
        bool IsFree,
        Guid Id,
        long Number = 0,
        long Floor = 0,
        bool IsAlone = false
    );

    /// <summary>What was put there, by whom.</summary>
    private sealed record Taken(string ETag, long Number, long Floor);

    [JsonSourceGenerationOptions(
        PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true
    )]
    [JsonSerializable(typeof(Record))]
    private sealed partial class LeaseJson : JsonSerializerContext;
}
