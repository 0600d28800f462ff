using System.Collections.Concurrent;
using System.Management.Automation;
using System.Runtime.ExceptionServices;
using BackupTools.Errors;
using BackupTools.Operations;
using BackupTools.Options;

namespace BackupTools.PowerShell.Pipeline;

/// <summary>
/// Runs an operation on a worker thread and brings what it has to say to the pipeline thread, the only one on which
/// PowerShell lets anybody write. Also samples the progress there.
/// </summary>
internal sealed class PipelinePump(
    IStreams streams,
    TimeSpan lockTimeout,
    StoreOptions stores,
    Identities identities,
    CancellationToken stop
)
{
    private static readonly TimeSpan Pulse = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// The clock that dates bundles. A process that rehearses a schedule gives another one, an object that only code in
    /// the process can make: AppContext.SetData("BackupTools.Clock", a TimeProvider).
    /// </summary>
    private static TimeProvider Clock => AppContext.GetData("BackupTools.Clock") as TimeProvider ?? TimeProvider.System;

    private Run? _run;

    /// <summary>Runs the work and returns its result.</summary>
    /// <exception cref="BackupException">The work failed.</exception>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public T Execute<T>(string activity, int throttleLimit, Func<OperationHost, T> work)
    {
        using var run = new Run(stop);
        _run = run;
        var host = new OperationHost
        {
            Cancellation = run.Token,
            Warning = text => run.Post(() => streams.Warning(text)),
            Verbose = text => run.Post(() => streams.Verbose(text)),
            ThrottleLimit = throttleLimit,
            LockTimeout = lockTimeout,
            StoreOptions = stores,
            Clock = Clock,
            Identities = identities,
        };
        var progress = new ProgressDrawer(streams, activity);
        var worker = run.Start(() =>
        {
            using (host)
            {
                return work(host);
            }
        });
        try
        {
            while (run.TakeOne(Pulse))
            {
                progress.Tick(host);
            }
        }
        finally
        {
            // Also on the way out of an exception: nobody may leave while the worker still works.
            run.Finish(worker);
            progress.Complete(stop.IsCancellationRequested);
        }
        streams.Debug($"{activity}: {host.SampleProgress().DoneBytes} bytes, {throttleLimit} at once");
        return run.ResultOf(worker);
    }

    /// <summary>Runs work that yields results, and emits each on the pipeline thread before the next is made.</summary>
    public void Stream<T>(
        string activity,
        int throttleLimit,
        Func<OperationHost, IEnumerable<T>> work,
        Action<T> emit
    ) =>
        Execute(
            activity,
            throttleLimit,
            host =>
            {
                foreach (var item in work(host))
                {
                    Invoke(() => emit(item));
                }
                return true;
            }
        );

    /// <summary>
    /// As <see cref="Stream"/>, for work that yields after each short step: all on the pipeline thread. Two threads that
    /// wait for each other at every one of 10,000 small items take a second on an idle machine, a minute on a busy one.
    /// </summary>
    /// <exception cref="BackupException">The work failed.</exception>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public void StreamHere<T>(string activity, Func<OperationHost, IEnumerable<T>> work, Action<T> emit)
    {
        using var host = new OperationHost
        {
            Cancellation = stop,
            StoreOptions = stores,
            Warning = streams.Warning,
            Verbose = streams.Verbose,
            Clock = Clock,
            Identities = identities,
        };
        var progress = new ProgressDrawer(streams, activity);
        try
        {
            using var items = Checked(() => work(host).GetEnumerator());
            while (Checked(items.MoveNext))
            {
                emit(items.Current);
                progress.Tick(host);
            }
        }
        finally
        {
            progress.Complete(stop.IsCancellationRequested);
        }
    }

    private static T Checked<T>(Func<T> step)
    {
        try
        {
            return step();
        }
        // A RuntimeException is PowerShell's own, thrown at who writes to a stream that stops: it passes unchanged.
        catch (Exception error) when (error is not (BackupException or OperationCanceledException or RuntimeException))
        {
            throw BackupException.OfUnexpected(error);
        }
    }

    /// <summary>
    /// From the worker: runs something on the pipeline thread and waits for it. What it throws is thrown here, and is
    /// thrown out of <see cref="Execute"/> as it is once the worker has cleaned up.
    /// </summary>
    public void Invoke(Action action) =>
        (_run ?? throw new InvalidOperationException("nothing is running")).Invoke(action);

    /// <summary>One operation: the queue of what is to be done on the pipeline thread, and how it may end.</summary>
    private sealed class Run(CancellationToken stop) : IDisposable
    {
        private readonly BlockingCollection<Action> _queue = [];
        private readonly CancellationTokenSource _leave = CancellationTokenSource.CreateLinkedTokenSource(stop);
        private Exception? _pipelineFault;

        public CancellationToken Token => _leave.Token;

        public Task<T> Start<T>(Func<T> work) =>
            Task.Factory.StartNew(
                () =>
                {
                    try
                    {
                        return work();
                    }
                    finally
                    {
                        _queue.CompleteAdding();
                    }
                },
                CancellationToken.None,
                TaskCreationOptions.LongRunning | TaskCreationOptions.DenyChildAttach,
                TaskScheduler.Default
            );

        /// <summary>Never fails and never waits, so that it can be called while cleaning up.</summary>
        public void Post(Action action) => _queue.TryAdd(action);

        public void Invoke(Action action)
        {
            var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            Post(() =>
            {
                try
                {
                    action();
                    done.SetResult();
                }
                catch (Exception fault)
                {
                    // It travels through the worker, which has things to clean up, and comes back unchanged.
                    _pipelineFault = fault;
                    done.SetException(fault);
                }
            });
            done.Task.Wait(Token);
        }

        /// <summary>Does what has been posted; false when the worker has ended and nothing is left to do.</summary>
        public bool TakeOne(TimeSpan wait)
        {
            if (_queue.TryTake(out var action, wait))
            {
                action();
            }
            return !_queue.IsCompleted;
        }

        public void Finish(Task worker)
        {
            if (!_queue.IsCompleted)
            {
                _leave.Cancel();
            }
            ((IAsyncResult)worker).AsyncWaitHandle.WaitOne();
        }

        public T ResultOf<T>(Task<T> worker)
        {
            if (_pipelineFault is not null)
            {
                ExceptionDispatchInfo.Throw(_pipelineFault);
            }
            return Checked(worker.GetAwaiter().GetResult);
        }

        public void Dispose()
        {
            _queue.Dispose();
            _leave.Dispose();
        }
    }
}
