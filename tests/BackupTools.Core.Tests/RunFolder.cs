using System.Runtime.CompilerServices;

namespace BackupTools.Tests;

/// <summary>
/// The temporary folder of one run of the tests: whatever they leave lies in it, and so does what programs leave that
/// they start and kill (a real engine a folder for each database), and goes with it. PowerShell also lists every folder
/// on the way to a path, which takes a tenth of a second in a temporary folder of some ten thousand files.
/// </summary>
internal static class RunFolder
{
    [ModuleInitializer]
    internal static void Begin()
    {
        // Not for the owner alone: tests of rights go there as another user.
        var folder = Path.Combine(Path.GetTempPath(), "backuptools-run-" + Guid.NewGuid().ToString("n")[..8]);
        Directory.CreateDirectory(folder);
        foreach (var name in new[] { "TMPDIR", "TMP", "TEMP" })
        {
            Environment.SetEnvironmentVariable(name, folder);
        }
        AppDomain.CurrentDomain.ProcessExit += (_, _) =>
        {
            try
            {
                Directory.Delete(folder, recursive: true);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                Console.Error.WriteLine($"{folder} was left: {e.Message}");
            }
        };
    }
}
