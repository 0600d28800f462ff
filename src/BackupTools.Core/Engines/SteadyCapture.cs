using BackupTools.Errors;

namespace BackupTools.Engines;

/// <summary>
/// Copies a database whose program may be writing it: attempt, look again, start over, and give up in bounded time.
/// </summary>
/// <remarks>
/// An attempt copies, looks at the source once more, and throws what it finds: a change, or what looks like damage. The
/// latter may be two states mixed, or a write seen half done, so that only the engine can tell which it is: by whether
/// something changed meanwhile, or whether the next attempt finds the very same.
/// </remarks>
/// <typeparam name="T">What an attempt that holds comes to.</typeparam>
internal sealed class SteadyCapture<T>(EngineContext context)
{
    /// <summary>How many attempts at most, the first included.</summary>
    public required int Attempts { get; init; }

    /// <summary>The wait after the first attempt; each later one is twice as long.</summary>
    public required TimeSpan FirstPause { get; init; }

    /// <summary>No wait is longer.</summary>
    public required TimeSpan LongestPause { get; init; }

    /// <summary>
    /// Judges what an attempt threw: the error to end with, itself or what it means for the user; null where a new
    /// attempt may succeed.
    /// </summary>
    public required Func<BackupException, BackupException?> Judge { get; init; }

    /// <summary>The error to end with when the last attempt failed as well.</summary>
    public Func<BackupException, BackupException> GiveUp { get; init; } = static last => last;

    /// <summary>Clears what an attempt of that number left behind; null where the next one continues it.</summary>
    public Action<int>? StartOver { get; init; }

    /// <summary>Copies until an attempt holds; each is given its number, from 0.</summary>
    /// <exception cref="BackupException">What <see cref="Judge"/> or <see cref="GiveUp"/> says.</exception>
    public T Run(Func<int, T> attempt)
    {
        for (var number = 0; ; number++)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            var progress = context.Progress.Sample();
            try
            {
                return attempt(number);
            }
            catch (BackupException e)
            {
                var verdict = Judge(e);
                if (ReferenceEquals(verdict, e))
                {
                    throw;
                }
                if (verdict is not null)
                {
                    throw verdict;
                }
                if (number + 1 >= Attempts)
                {
                    throw GiveUp(e);
                }
                context.Verbose($"attempt {number + 1}: {e.Describe()}; trying again");
                if (StartOver is not null)
                {
                    StartOver(number);
                    context.Progress.BackTo(progress);
                }
                Wait(number);
            }
        }
    }

    private void Wait(int number)
    {
        var pause = FirstPause * (1L << Math.Min(number, 16));
        Task.Delay(pause < LongestPause ? pause : LongestPause, context.Clock, context.Cancellation)
            .GetAwaiter()
            .GetResult();
    }
}
