using System.Diagnostics;
using System.Globalization;

namespace BackupTools.Tests;

/// <summary>
/// How much the tests do that can do more: little each time, and more when BACKUPTOOLS_SOAK says for how many seconds
/// each test beside a writer goes on (<c>./build.ps1 Soak</c>).
/// </summary>
internal static class SoakBudget
{
    private static readonly TimeSpan Time = TimeSpan.FromSeconds(
        int.Parse(Environment.GetEnvironmentVariable("BACKUPTOOLS_SOAK") ?? "0", CultureInfo.InvariantCulture)
    );

    /// <summary>Whether this is a long run: what is sampled each time is done as a whole.</summary>
    public static bool IsLong => Time > TimeSpan.Zero;

    /// <summary>
    /// Which of so many things are tried: all in a long run, else so many that lie evenly, both ends among them.
    /// </summary>
    public static IEnumerable<int> Sample(int count, int everyday) => Spread(count, IsLong ? count : everyday);

    /// <summary>The numbers from 0 below count, or so many of them that lie evenly, both ends among them.</summary>
    public static IEnumerable<int> Spread(int count, int most) =>
        count <= most
            ? Enumerable.Range(0, count)
            : Enumerable.Range(0, most).Select(i => (int)((long)i * (count - 1) / (most - 1))).Distinct();

    /// <summary>From one place to the next that is tried: 1 in a long run, which tries every one.</summary>
    public static int Step(int everyday) => IsLong ? 1 : everyday;

    /// <summary>Whether there is time left of what a test takes each time, or of what a long run gives it.</summary>
    public static bool GoesOn(TimeSpan elapsed, TimeSpan everyday) => elapsed < (IsLong ? Time : everyday);

    /// <summary>Counts the everyday number of rounds, and goes on while there is time.</summary>
    public static IEnumerable<int> Rounds(int everyday)
    {
        var watch = Stopwatch.StartNew();
        for (var round = 0; round < everyday || watch.Elapsed < Time; round++)
        {
            yield return round;
        }
    }
}
