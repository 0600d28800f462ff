using System.Diagnostics;

namespace BackupTools.Benchmarks.Compare;

/// <summary>One of those that do the same work in a match.</summary>
/// <param name="Name">Shown in the table.</param>
/// <param name="Run">Does the work once and measures it.</param>
/// <param name="Prepare">Brings everything back to how it was before a run; not measured.</param>
internal sealed record Contestant(string Name, Func<Measurement> Run, Action Prepare)
{
    /// <summary>A program that is started for each run.</summary>
    public static Contestant Program(string name, ProgramCall call, Action? prepare = null) =>
        new(name, () => ChildProcess.Run(call), prepare ?? (() => { }));

    /// <summary>
    /// Our library called in this process, which the round that does not count has warmed up: what a long-lived shell
    /// sees, without the start of a process and the compilation of our code.
    /// </summary>
    public static Contestant Warm(Action work, Action? prepare = null, string name = Workshop.WarmName) =>
        new(
            name,
            () =>
            {
                var started = Stopwatch.GetTimestamp();
                work();
                return new Measurement(Stopwatch.GetElapsedTime(started).TotalSeconds, null, null, null);
            },
            prepare ?? (() => { })
        );
}
