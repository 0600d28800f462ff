using BackupTools.Chains;
using BackupTools.Engines;
using BackupTools.Errors;
using BackupTools.Files;

namespace BackupTools.Operations;

/// <summary>
/// What a front end gives an operation: a way to stop it, somewhere to tell its story, and a place from which its
/// progress can be sampled at any time and from any thread. One host serves one operation.
/// </summary>
public sealed class OperationHost
{
    private readonly int _throttleLimit = Environment.ProcessorCount;

    /// <summary>Stops the operation; it then throws OperationCanceledException and leaves nothing behind.</summary>
    public CancellationToken Cancellation { get; init; }

    /// <summary>Told of results that are good but not what was asked; may be called on any thread.</summary>
    public Action<string>? Warning { get; init; }

    /// <summary>Told the story of the run; may be called on any thread.</summary>
    public Action<string>? Verbose { get; init; }

    /// <summary>The clock that bundles are dated by.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>How many files or ranges are worked on at once; 1 or more. Default: the number of processors.</summary>
    public int ThrottleLimit
    {
        get => _throttleLimit;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
            _throttleLimit = value;
        }
    }

    /// <summary>What the operation looks like now; may be asked at any time and from any thread.</summary>
    public ProgressSample SampleProgress() => ProgressSample.From(Progress.Sample());

    internal IDisk Disk { get; init; } = LocalDisk.Instance;

    internal EngineRegistry Engines { get; init; } = EngineRegistry.Default;

    internal TransferProgress Progress { get; } = new();

    internal EngineContext Context =>
        new()
        {
            Disk = Disk,
            Clock = Clock,
            Progress = Progress,
            Cancellation = Cancellation,
            ThrottleLimit = ThrottleLimit,
            Warn = text => Warning?.Invoke(Printable.Of(text)),
            Verbose = text => Verbose?.Invoke(Printable.Of(text)),
        };

    /// <summary>Tells what is worth a warning.</summary>
    internal void Warn(IEnumerable<ChainProblem> problems)
    {
        foreach (var problem in problems.Where(p => p.Severity != ProblemSeverity.Info))
        {
            Context.Warn(problem.ToString());
        }
    }

    internal double SecondsSince(long timestamp) => Math.Round(Clock.GetElapsedTime(timestamp).TotalSeconds, 3);
}
