using BackupTools.Tests.Formats;
using BackupTools.Tests.FrontEnds;

namespace BackupTools.Tests.Encryption;

/// <summary>A test that needs the age program; skipped, by name, where it is not installed.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class AgeFactAttribute : FactAttribute
{
    private static readonly Lazy<bool> s_found = new(Find);

    public AgeFactAttribute() => Skip = s_found.Value ? Python.Missing : "age is not installed";

    private static bool Find()
    {
        try
        {
            return ChildProcess.Run("age", ["--version"], Path.GetTempPath()).ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
