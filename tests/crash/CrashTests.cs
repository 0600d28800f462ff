using BackupTools.Errors;
using BackupTools.Tests.Operations;

namespace BackupTools.Crash;

/// <summary>A sample of the points, the same every time; "dotnet run --project tests/crash" tries them all.</summary>
public sealed class CrashTests(ITestOutputHelper output)
{
    private const int Stride = 81;

    public static TheoryData<string, string> Operations
    {
        get
        {
            var rows = new TheoryData<string, string>();
            foreach (var sample in EngineSample.All)
            {
                foreach (var operation in CrashBox.Operations)
                {
                    rows.Add(sample.Name, operation);
                }
            }
            return rows;
        }
    }

    [StraceTheory]
    [MemberData(nameof(Operations))]
    public void A_fault_in_a_system_call_leaves_the_old_or_the_new_state_and_the_next_run_works(
        string engine,
        string operation
    )
    {
        var tally = CrashRun.Run(EngineSample.Of(engine), operation, Stride);

        output.WriteLine($"{engine}, {operation}: {tally}");
        Assert.NotEqual(0, tally.Hit);
    }

    /// <summary>.NET's own flush takes the error for success.</summary>
    [StraceTheory]
    [MemberData(nameof(Operations))]
    public void What_cannot_be_flushed_is_not_said_to_be_done(string engine, string operation)
    {
        using var box = new CrashBox(EngineSample.Of(engine), operation);
        var before = box.Look();
        var result = Strace.Inject(new CrashPoint("fsync", 0), "EIO", box.Folder, box.Arguments);
        Assert.NotNull(result.Hit);
        Assert.Equal((int)ErrorKind.Disk, result.ExitCode);
        Assert.Equal(before, box.Look());
    }
}

/// <summary>A theory that needs strace and the right to trace.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class StraceTheoryAttribute : TheoryAttribute
{
    public StraceTheoryAttribute() => Skip = Strace.Missing;
}
