using BackupTools.Console.Output;
using BackupTools.Errors;
using BackupTools.Operations;
using BackupTools.Reports;

namespace BackupTools.Console;

/// <summary>
/// One run of a verb: executes operations, prints what they give to standard output and everything else to standard
/// error, and knows the exit code, which is the family of the first error.
/// </summary>
internal sealed class Run(StopSignals signals, bool json, bool verbose)
{
    private readonly List<object> _results = [];
    private int _exitCode = ExitCodes.Ok;

    /// <summary>Does the work of a verb, whatever happens, and returns the exit code.</summary>
    public static int Of(StopSignals signals, bool json, bool verbose, Action<Run> work)
    {
        var run = new Run(signals, json, verbose);
        try
        {
            work(run);
        }
        catch (OperationCanceledException) when (signals.Token.IsCancellationRequested)
        {
            System.Console.Error.WriteLine("stopped: nothing was left behind");
            run._exitCode = signals.ExitCode;
        }
        catch (BackupException error)
        {
            run.Fail(error);
        }
        catch (Exception error)
        {
            run.Fail(new BackupException(ErrorCode.Unexpected, error.Message, inner: error));
        }
        if (json)
        {
            System.Console.Out.WriteLine(Json.Array(run._results));
        }
        return run._exitCode;
    }

    /// <summary>Executes an operation, with its progress on the terminal.</summary>
    public T Execute<T>(Func<OperationHost, T> work)
    {
        using var progress = new Progress();
        var host = new OperationHost
        {
            Cancellation = signals.Token,
            Warning = text => progress.WriteLine($"warning: {Text.OneLine(text)}"),
            Verbose = verbose ? text => progress.WriteLine(Text.OneLine(text)) : null,
        };
        progress.Watch(host);
        return work(host);
    }

    /// <summary>Prints a result, or keeps it for the array.</summary>
    public void Emit(object result)
    {
        if (json)
        {
            _results.Add(result);
        }
        else
        {
            Text.Write(System.Console.Out, result);
        }
    }

    /// <summary>Prints an error in one line and goes on; the first one decides the exit code.</summary>
    public void Fail(BackupException error) => Fail(error.Code, error.Describe(), error.Recommendation);

    /// <summary>Prints an error in one line and goes on; the first one decides the exit code.</summary>
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

    /// <summary>Does something for one of several items: its failure is printed, and the next is gone on with.</summary>
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
