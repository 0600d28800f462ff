using BackupTools.Tests.FrontEnds;

namespace BackupTools.Tests.Formats;

/// <summary>The independent readers: Python scripts written from the format descriptions alone.</summary>
internal static class Python
{
    private static readonly Lazy<bool> Found = new(Find);

    /// <summary>Why a test that needs it is skipped; null where it is there.</summary>
    public static string? Missing => Found.Value ? null : "python3 is not installed";

    /// <summary>Where a reader lies.</summary>
    public static string Checker(string name) => Path.Combine(AppContext.BaseDirectory, "checkers", name);

    /// <summary>Runs a script to its end, which must be a good one.</summary>
    public static ChildResult Run(params string[] arguments)
    {
        var run = ChildProcess.Run("python3", arguments, Path.GetTempPath());
        Assert.True(run.ExitCode == 0, run.ToString());
        return run;
    }

    private static bool Find()
    {
        try
        {
            return ChildProcess.Run("python3", ["--version"], Path.GetTempPath()).ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
