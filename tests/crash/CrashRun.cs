using BackupTools.Errors;
using BackupTools.Tests.Operations;

namespace BackupTools.Crash;

/// <summary>What a run over the points of one operation saw.</summary>
internal sealed class CrashTally
{
    public int Points { get; set; }

    public int Tried { get; set; }

    public int Hit { get; set; }

    public int Old { get; set; }

    public int New { get; set; }

    /// <summary>
    /// A restore that was killed between its renames: not openable, and finished by the next run. A copy or prune that
    /// was stopped between two bundles.
    /// </summary>
    public int Between { get; set; }

    public int Leftovers { get; set; }

    public override string ToString() =>
        $"{Points} calls, {Tried} runs, {Hit} hit; {Old} old, {New} new, {Between} between; {Leftovers} left something to sweep";
}

/// <summary>Runs one operation of one engine with a fault at its system calls, and judges what is there afterwards.</summary>
internal static class CrashRun
{
    /// <summary>Every fault there is.</summary>
    public static IReadOnlyList<string> Faults { get; } = [Strace.Kill, "ENOSPC", "EIO", "EDQUOT", "EACCES"];

    /// <summary>Tries every <paramref name="stride"/>-th pair of call and fault.</summary>
    public static CrashTally Run(EngineSample sample, string operation, int stride, Action<string>? finding = null)
    {
        using var box = new CrashBox(sample, operation);
        var before = box.Look();
        var points = Strace.Count(box.Folder, box.Arguments);
        Assert.True(points.Count > 10, "next to nothing was there to fail");
        var after = box.Look();
        Assert.Equal(before.Source, after.Source);
        Assert.Empty(box.Leftovers());
        var tally = new CrashTally { Points = points.Count };
        var pairs = points.SelectMany(p => Faults.Select(f => (Point: p, Fault: f)));
        foreach (var (point, fault) in pairs.Where((_, i) => i % stride == 0))
        {
            box.Reset();
            var result = Strace.Inject(point, fault, box.Folder, box.Arguments);
            tally.Tried++;
            tally.Hit += result.Hit is null ? 0 : 1;
            try
            {
                Judge(box, fault, result, before, after, tally);
            }
            catch (Exception e) when (finding is not null)
            {
                finding($"{sample.Name}, {operation}, {fault} at {point}: {e.Message}\n{result.Hit}\n{result.Error}");
            }
            catch (Exception e)
            {
                throw new InvalidOperationException(
                    $"{sample.Name}, {operation}, {fault} at {point}: {e.Message}\n{result.Hit}\n{result.Error}",
                    e
                );
            }
        }
        return tally;
    }

    private static void Judge(
        CrashBox box,
        string fault,
        StraceResult result,
        CrashState before,
        CrashState after,
        CrashTally tally
    )
    {
        var now = box.Look();
        var isNew = now == after;
        Assert.Equal(before.Source, now.Source);
        if (box.GoesByBundles)
        {
            var known = Lines(before).Concat(Lines(after)).ToHashSet(StringComparer.Ordinal);
            Assert.All(Lines(now), line => Assert.Contains(line, known));
            tally.Between += now.Bundles != before.Bundles && now.Bundles != after.Bundles ? 1 : 0;
        }
        else
        {
            Assert.Contains(now.Bundles, new[] { before.Bundles, after.Bundles });
        }
        if (fault != Strace.Kill)
        {
            Assert.Contains(now.Restored, new[] { before.Restored, after.Restored });
            Assert.False(result.ExitCode == 0 && !isNew, "it says that it succeeded");
            // A family of errors of ours: neither "unexpected" nor a crash of the runtime, where the fault was ours.
            Assert.True(result.Hit is null || result.ExitCode is 0 or (> 1 and <= 11), $"exit code {result.ExitCode}");
        }
        else if (now.Restored != before.Restored && now.Restored != after.Restored)
        {
            Assert.True(box.CannotBeOpened(), "half of a database can be opened");
            tally.Between++;
        }
        tally.Old += now == before ? 1 : 0;
        tally.New += isNew ? 1 : 0;
        tally.Leftovers += box.Leftovers().Count > 0 ? 1 : 0;
        Again(box, before, after);
    }

    private static string[] Lines(CrashState state) =>
        state.Bundles.Split([", ", " | "], StringSplitOptions.RemoveEmptyEntries);

    private static void Again(CrashBox box, CrashState before, CrashState after)
    {
        try
        {
            box.RunAgain();
        }
        catch (BackupException e) when (e.Code is ErrorCode.DestinationExists or ErrorCode.NothingToBackUp)
        {
            // What the interrupted run had finished is not done twice.
        }
        var now = box.Look();
        Assert.Equal(before.Source, now.Source);
        Assert.Equal(after.Restored, now.Restored);
        Assert.All(Lines(after), line => Assert.Contains(line, Lines(now)));
        Assert.Empty(box.Leftovers());
        Assert.Empty(box.Problems());
    }
}
