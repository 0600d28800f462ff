using System.Diagnostics;
using BackupTools.Errors;

namespace BackupTools.Fuzz;

/// <summary>What a run saw.</summary>
/// <param name="Inputs">Inputs tried.</param>
/// <param name="Values">How many were read to the end.</param>
/// <param name="Refusals">How many were refused.</param>
/// <param name="MostMemory">Bytes that the most expensive input allocated.</param>
/// <param name="Slowest">The longest time an input took.</param>
/// <param name="Elapsed">The whole run.</param>
internal sealed record FuzzResult(
    long Inputs,
    long Values,
    long Refusals,
    long MostMemory,
    TimeSpan Slowest,
    TimeSpan Elapsed
)
{
    public override string ToString() =>
        $"{Inputs} inputs, {Values} values, {Refusals} refusals, at most {MostMemory} bytes and "
        + $"{Slowest.TotalMilliseconds:F0} ms for one, {Elapsed.TotalSeconds:F1} s";
}

/// <summary>An input that ended otherwise than in a value or a refusal, or cost too much.</summary>
internal sealed class FuzzException(string parser, ulong seed, long input, string what, byte[]? bytes, Exception? inner)
    : Exception(
        $"{parser}, input {input} of seed {seed}: {what}. Again: dotnet run -c Release --project tests/fuzz -- "
            + $"--parser {parser} --seed {seed} --input {input}\n{(bytes is null ? "" : Convert.ToHexString(bytes))}\n{inner}",
        inner
    );

/// <summary>Tries inputs of one parser on all processors.</summary>
internal sealed class FuzzRun(FuzzParser parser, ulong seed)
{
    private static readonly TimeSpan s_slow = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan s_hang = TimeSpan.FromSeconds(60);

    private readonly Lock _gate = new();
    private readonly long[] _current = new long[Environment.ProcessorCount];
    private readonly long[] _since = new long[Environment.ProcessorCount];
    private FuzzException? _failure;
    private long _next;
    private long _inputs;
    private long _values;
    private long _mostMemory;
    private long _slowest;

    /// <summary>Tries inputs 0 to <paramref name="count"/> - 1, or as many as fit into <paramref name="time"/>.</summary>
    /// <exception cref="FuzzException">The first finding.</exception>
    public FuzzResult Run(long count, TimeSpan? time = null)
    {
        var watch = Stopwatch.StartNew();
        bool Goes() => _failure is null && (time is null || watch.Elapsed < time);
        var threads = new Thread[_current.Length];
        for (var i = 0; i < threads.Length; i++)
        {
            var worker = i;
            // Background: one that hangs must not keep the process.
            threads[i] = new Thread(() => Work(worker, count, Goes)) { IsBackground = true };
            threads[i].Start();
        }
        for (var i = 0; i < threads.Length; i++)
        {
            while (!threads[i].Join(s_slow))
            {
                if (Volatile.Read(ref _since[i]) is > 0 and var since && Stopwatch.GetElapsedTime(since) > s_hang)
                {
                    throw new FuzzException(parser.Name, seed, Volatile.Read(ref _current[i]), "it hangs", null, null);
                }
            }
        }
        if (_failure is not null)
        {
            throw _failure;
        }
        return new FuzzResult(
            _inputs,
            _values,
            _inputs - _values,
            _mostMemory,
            Stopwatch.GetElapsedTime(0, _slowest),
            watch.Elapsed
        );
    }

    /// <summary>Tries one input.</summary>
    /// <exception cref="FuzzException">It is a finding.</exception>
    public void RunOne(long input) => Try(new Mutator(parser), input, out _, out _);

    private void Work(int worker, long count, Func<bool> goes)
    {
        const int Batch = 256;
        var mutator = new Mutator(parser);
        try
        {
            while (goes() && Interlocked.Add(ref _next, Batch) - Batch is var first && first < count)
            {
                for (var input = first; input < Math.Min(count, first + Batch); input++)
                {
                    Volatile.Write(ref _current[worker], input);
                    Volatile.Write(ref _since[worker], Stopwatch.GetTimestamp());
                    var isValue = Try(mutator, input, out var memory, out var ticks);
                    lock (_gate)
                    {
                        _inputs++;
                        _values += isValue ? 1 : 0;
                        _mostMemory = Math.Max(_mostMemory, memory);
                        _slowest = Math.Max(_slowest, ticks);
                    }
                }
            }
        }
        catch (FuzzException e)
        {
            lock (_gate)
            {
                _failure ??= e;
            }
        }
        Volatile.Write(ref _since[worker], 0);
    }

    private bool Try(Mutator mutator, long input, out long memory, out long ticks)
    {
        var rounds = 0;
        while (true)
        {
            var dice = new Dice(seed, input);
            var bytes = mutator.Make(ref dice);
            var started = Stopwatch.GetTimestamp();
            var before = GC.GetAllocatedBytesForCurrentThread();
            var isValue = true;
            try
            {
                parser.Read(bytes, ref dice);
            }
            catch (BackupException e) when (e.Code != ErrorCode.Unexpected)
            {
                isValue = false;
            }
            catch (Exception e)
            {
                throw new FuzzException(parser.Name, seed, input, e.GetType().Name, bytes.ToArray(), e);
            }
            memory = GC.GetAllocatedBytesForCurrentThread() - before;
            ticks = Stopwatch.GetTimestamp() - started;
            if (memory > parser.Base + (parser.PerByte * bytes.Length))
            {
                throw new FuzzException(
                    parser.Name,
                    seed,
                    input,
                    $"{bytes.Length} bytes cost {memory}",
                    bytes.ToArray(),
                    null
                );
            }
            if (Stopwatch.GetElapsedTime(0, ticks) < s_slow)
            {
                return isValue;
            }
            // A busy machine can stop anything once; what is slow is slow every time.
            if (++rounds == 3)
            {
                throw new FuzzException(parser.Name, seed, input, "it takes too long", bytes.ToArray(), null);
            }
        }
    }
}
