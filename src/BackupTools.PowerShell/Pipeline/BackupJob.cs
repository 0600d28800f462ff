using System.Management.Automation;
using System.Reflection;
using BackupTools.Errors;

namespace BackupTools.PowerShell.Pipeline;

/// <summary>
/// A backup or restore in the background: planned and agreed to in the session, then run on a thread of this
/// process. Stop-Job cancels it, which leaves nothing half-made.
/// </summary>
public sealed class BackupJob : Job
{
    /// <summary>
    /// Sets a state with its reason. PowerShell keeps this overload to itself (Job2 shows it, but asks for a job
    /// source of its own); without it JobStateInfo.Reason would stay empty, which a test would notice.
    /// </summary>
    private static readonly MethodInfo? SetStateWithReason = typeof(Job).GetMethod(
        nameof(SetJobState),
        BindingFlags.Instance | BindingFlags.NonPublic,
        [typeof(JobState), typeof(Exception)]
    );

    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly IReadOnlyList<Action<IStreams, CancellationToken>> _steps;
    private Thread? _thread;
    private bool _disposed;

    internal BackupJob(string command, string location, IReadOnlyList<Action<IStreams, CancellationToken>> steps)
        : base(command)
    {
        PSJobTypeName = nameof(BackupJob);
        Location = location;
        _steps = steps;
    }

    /// <summary>The folder or database that is written.</summary>
    public override string Location { get; }

    /// <summary>The run's current status, such as "12 MiB of 40 MiB".</summary>
    public override string StatusMessage =>
        JobStateInfo.State == JobState.Running && Progress.Count > 0 ? Progress[^1].StatusDescription : "";

    /// <summary>True while something can be received.</summary>
    public override bool HasMoreData =>
        Output.Count + Error.Count + Warning.Count + Verbose.Count + Debug.Count + Information.Count + Progress.Count
        > 0;

    /// <summary>Cancels the run and waits until it has cleaned up.</summary>
    public override void StopJob()
    {
        if (_ended.Task.IsCompleted)
        {
            return;
        }
        _stop.Cancel();
        // A handler of the end may dispose the job at once, on the thread that raises the event.
        if (_thread is not null && _thread != Thread.CurrentThread)
        {
            _ended.Task.Wait();
        }
    }

    internal void Start()
    {
        SetJobState(JobState.Running);
        _thread = new Thread(Run) { IsBackground = true, Name = Name };
        _thread.Start();
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing && !_disposed)
        {
            _disposed = true;
            StopJob();
            _stop.Dispose();
        }
        base.Dispose(disposing);
    }

    private void Run()
    {
        var streams = new JobStreams(this);
        BackupException? failure = null;
        var state = JobState.Completed;
        try
        {
            foreach (var step in _steps)
            {
                failure = Do(step, streams) ?? failure;
            }
            state = failure is null ? JobState.Completed : JobState.Failed;
        }
        catch (OperationCanceledException)
        {
            state = JobState.Stopped;
        }
        End(state, failure);
        _ended.SetResult();
    }

    private void End(JobState state, BackupException? failure)
    {
        if (failure is not null && SetStateWithReason is { } set)
        {
            set.Invoke(this, [state, failure]);
        }
        else
        {
            SetJobState(state);
        }
    }

    /// <summary>
    /// One item's failure does not stop the next; the last one is the job's reason. Nothing may escape: an exception
    /// on a thread of its own would end the whole session.
    /// </summary>
    private BackupException? Do(Action<IStreams, CancellationToken> step, JobStreams streams)
    {
        BackupException failure;
        try
        {
            step(streams, _stop.Token);
            return null;
        }
        catch (BackupException error)
        {
            failure = error;
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            failure = BackupException.OfUnexpected(error);
        }
        streams.Error(ErrorRecordMap.ToRecord(failure, Location));
        return failure;
    }
}
