using System.ComponentModel;
using System.Management.Automation;
using System.Reflection;
using BackupTools.Errors;

namespace BackupTools.PowerShell.Pipeline;

/// <summary>
/// A backup or restore in the background: planned and agreed to in the session, then run on a thread of this
/// process. Stop-Job cancels it, which leaves nothing half-made.
/// </summary>
public sealed class BackupJob : Job2
{
    /// <summary>
    /// Job2's own protected member, which the reference assembly for PowerShell 5.1 does not list: without it
    /// JobStateInfo.Reason would stay empty.
    /// </summary>
    private static readonly Action<Job2, JobState, Exception?> SetStateWithReason = typeof(Job2)
        .GetMethod(
            nameof(SetJobState),
            BindingFlags.Instance | BindingFlags.NonPublic,
            [typeof(JobState), typeof(Exception)]
        )!
        .CreateDelegate<Action<Job2, JobState, Exception?>>();

    private readonly CancellationTokenSource _stop = new();
    private readonly ManualResetEventSlim _ended = new();
    private readonly IReadOnlyList<Action<IStreams, CancellationToken>> _steps;

    internal BackupJob(string command, string location, IReadOnlyList<Action<IStreams, CancellationToken>> steps)
        : base(command)
    {
        PSJobTypeName = nameof(BackupJob);
        Location = location;
        _steps = steps;
    }

    /// <summary>The folder or database that is written.</summary>
    public override string Location { get; }

    /// <summary>What the run says of itself at the moment, such as "12 MiB of 40 MiB".</summary>
    public override string StatusMessage =>
        JobStateInfo.State == JobState.Running && Progress.Count > 0 ? Progress[^1].StatusDescription : "";

    /// <summary>True while something can be received.</summary>
    public override bool HasMoreData =>
        Output.Count + Error.Count + Warning.Count + Verbose.Count + Debug.Count + Information.Count + Progress.Count
        > 0;

    /// <inheritdoc/>
    public override void StartJob()
    {
        SetJobState(JobState.Running);
        new Thread(Run) { IsBackground = true, Name = Name }.Start();
    }

    /// <inheritdoc/>
    public override void StartJobAsync()
    {
        StartJob();
        OnStartJobCompleted(Done());
    }

    /// <inheritdoc/>
    public override void StopJob()
    {
        if (!IsFinished)
        {
            _stop.Cancel();
            _ended.Wait();
        }
    }

    /// <inheritdoc/>
    public override void StopJob(bool force, string reason) => StopJob();

    /// <inheritdoc/>
    public override void StopJobAsync() =>
        ThreadPool.QueueUserWorkItem(_ =>
        {
            StopJob();
            OnStopJobCompleted(Done());
        });

    /// <inheritdoc/>
    public override void StopJobAsync(bool force, string reason) => StopJobAsync();

    /// <summary>Not supported: half a backup cannot wait.</summary>
    public override void SuspendJob() => throw NotSuspendable();

    /// <summary>Not supported: half a backup cannot wait.</summary>
    public override void SuspendJob(bool force, string reason) => throw NotSuspendable();

    /// <summary>Not supported: half a backup cannot wait.</summary>
    public override void SuspendJobAsync() => throw NotSuspendable();

    /// <summary>Not supported: half a backup cannot wait.</summary>
    public override void SuspendJobAsync(bool force, string reason) => throw NotSuspendable();

    /// <summary>Not supported: see <see cref="SuspendJob()"/>.</summary>
    public override void ResumeJob() => throw NotSuspendable();

    /// <summary>Not supported: see <see cref="SuspendJob()"/>.</summary>
    public override void ResumeJobAsync() => throw NotSuspendable();

    /// <summary>Not supported: the job never asks.</summary>
    public override void UnblockJob() => throw NotSuspendable();

    /// <summary>Not supported: the job never asks.</summary>
    public override void UnblockJobAsync() => throw NotSuspendable();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            StopJob();
            _stop.Dispose();
            _ended.Dispose();
        }
        base.Dispose(disposing);
    }

    private bool IsFinished => JobStateInfo.State is JobState.Completed or JobState.Failed or JobState.Stopped;

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
        SetStateWithReason(this, state, failure);
        _ended.Set();
    }

    /// <summary>One item's failure does not stop the next; the last one is the job's reason.</summary>
    private BackupException? Do(Action<IStreams, CancellationToken> step, JobStreams streams)
    {
        try
        {
            step(streams, _stop.Token);
            return null;
        }
        catch (BackupException error)
        {
            streams.Error(ErrorRecordMap.ToRecord(error, Location));
            return error;
        }
    }

    private static AsyncCompletedEventArgs Done() => new(null, false, null);

    private static PSNotSupportedException NotSuspendable() =>
        new("A backup job runs to its end or is stopped; it cannot be suspended.");
}
