using BackupTools.Console.Output;
using BackupTools.Errors;
using BackupTools.Operations;
using BackupTools.Options;
using BackupTools.Reports;

namespace BackupTools.Console;

/// <summary>
/// One run of a verb: executes operations, prints what they give to standard output and everything else to standard
/// error, and knows the exit code, which is the family of the first error.
/// </summary>
internal sealed class Run(
    StopSignals signals,
    bool json,
    bool verbose,
    int? throttleLimit,
    int? lockTimeout,
    Func<Identities> identities
)
{
    private StoreOptions _stores = new();

    private readonly List<object> _results = [];
    private readonly List<string> _done = [];

    /// <summary>One for all operations, so that a passphrase is tried once.</summary>
    private readonly Lazy<Identities> _identities = new(identities);

    private bool _isMute;
    private int _exitCode = ExitCodes.Ok;

    /// <summary>Does the work of a verb, whatever happens, and returns the exit code.</summary>
    public static int Of(
        StopSignals signals,
        Action<Run> work,
        bool json = false,
        bool verbose = false,
        int? throttleLimit = null,
        int? lockTimeout = null,
        Func<StoreOptions>? stores = null,
        Func<Identities>? identities = null
    )
    {
        Spelling.Of = Commands.Options.Spell;
        var run = new Run(signals, json, verbose, throttleLimit, lockTimeout, identities ?? (() => new()));
        try
        {
            run._stores = stores?.Invoke() ?? new();
            work(run);
        }
        catch (OperationCanceledException) when (signals.Token.IsCancellationRequested)
        {
            System.Console.Error.WriteLine("stopped: nothing half-done is visible, and the next run cleans up");
            run._exitCode = signals.ExitCode;
        }
        catch (BackupException error)
        {
            run.Fail(error);
        }
        catch (Exception error)
        {
            run.Fail(BackupException.OfUnexpected(error));
        }
        if (json)
        {
            Json.Array(run._results, text => run.Print(() => StandardStreams.Write(text)));
        }
        return run._exitCode;
    }

    /// <summary>Executes an operation, with its progress on the terminal.</summary>
    public T Execute<T>(Func<OperationHost, T> work)
    {
        using var progress = new Progress();
        using var host = new OperationHost
        {
            Cancellation = signals.Token,
            ThrottleLimit = throttleLimit ?? Environment.ProcessorCount,
            StoreOptions = _stores,
            LockTimeout = TimeSpan.FromSeconds(lockTimeout ?? OperationHost.DefaultLockTimeout),
            Identities = _identities.Value,
            Warning = text => progress.WriteLine($"warning: {Text.OneLine(text)}"),
            Verbose = verbose ? text => progress.WriteLine(Text.OneLine(text)) : null,
        };
        progress.Watch(host);
        return work(host);
    }

    /// <summary>What every verb that writes does: plans, and then prints the plan (--dry-run) or executes it.</summary>
    public void Carry<TPlan, TReport>(
        bool dryRun,
        Func<OperationHost, TPlan> plan,
        Func<TPlan, OperationHost, TReport> execute,
        Action<TReport> emit
    )
        where TPlan : IPlan
    {
        if (dryRun)
        {
            EmitLines(Execute(plan).Describe());
        }
        else
        {
            emit(
                Execute(host =>
                {
                    host.SweepSpool();
                    return execute(plan(host), host);
                })
            );
        }
    }

    /// <summary>
    /// Prints a result, or keeps it for the array. <paramref name="done"/> says what has been completed, for the case
    /// that the result cannot be printed.
    /// </summary>
    public void Emit(object result, string? done = null)
    {
        if (done is not null)
        {
            _done.Add(done);
        }
        if (json)
        {
            _results.Add(result);
        }
        else
        {
            Print(string.Concat(Text.Lines(result).Select(line => line + Environment.NewLine)));
        }
    }

    /// <summary>Prints a plan, which is for people: to standard error where standard output is for results alone.</summary>
    private void EmitLines(IEnumerable<string> lines)
    {
        var text = string.Concat(lines.Select(line => Text.OneLine(line) + Environment.NewLine));
        if (json)
        {
            System.Console.Error.Write(text);
        }
        else
        {
            Print(text);
        }
    }

    /// <summary>Prints or keeps the bundles that this run has made.</summary>
    public void EmitPublished(IReadOnlyList<BundleInfo> bundles)
    {
        // All of them are there by now, whatever becomes of the output.
        _done.AddRange(bundles.Select(b => $"the bundle was published: {b.FullName}"));
        foreach (var bundle in bundles)
        {
            Emit(bundle);
        }
    }

    private void Print(string text) => Print(() => StandardStreams.Write(text));

    /// <summary>
    /// The work is done by now. That nobody reads the output is not a failure of the run; that it is lost is one, but
    /// not one to repeat the run for.
    /// </summary>
    private void Print(Func<string?> write)
    {
        if (_isMute || write() is not { } failure)
        {
            return;
        }
        _isMute = true;
        var done = string.Concat(_done.Select(d => $"; {d}"));
        if (failure.Length == 0)
        {
            System.Console.Error.WriteLine(
                Text.OneLine($"warning: standard output is closed, nothing is printed{done}")
            );
            return;
        }
        Fail(
            ErrorCode.WriteFailed,
            $"standard output cannot be written: {failure}{done}",
            "Only the output is missing: free space for it; the run need not be repeated."
        );
    }

    /// <summary>Prints an error in one line and continues; the first one decides the exit code.</summary>
    public void Fail(BackupException error) => Fail(error.Code, error.Describe(), error.Recommendation);

    /// <summary>Prints an error in one line and continues; the first one decides the exit code.</summary>
    private void Fail(ErrorCode code, string what, string? recommendation)
    {
        System.Console.Error.WriteLine(Text.Error(code, what, recommendation));
        if (_exitCode == ExitCodes.Ok)
        {
            _exitCode = ExitCodes.Of(code);
        }
    }

    /// <summary>Prints every finding that is an error as an error.</summary>
    public void FailFor(IEnumerable<ProblemInfo> problems)
    {
        foreach (var problem in problems.Where(p => p.Severity == "Error"))
        {
            var what = problem.ToString()[$"{problem.Severity} {problem.Code}: ".Length..];
            Fail(Enum.Parse<ErrorCode>(problem.Code), what, problem.Recommendation);
        }
    }

    /// <summary>
    /// Does something for one of several items: its failure is printed, and the run continues with the next one.
    /// </summary>
    public void PerItem(Action act)
    {
        try
        {
            act();
        }
        catch (BackupException error)
        {
            Fail(error);
        }
    }
}
