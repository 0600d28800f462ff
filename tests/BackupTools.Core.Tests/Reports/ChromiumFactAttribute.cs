using BackupTools.Tests.FrontEnds;

namespace BackupTools.Tests.ReportPages;

/// <summary>A test in a real browser; skipped with the reason where there is none.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class ChromiumFactAttribute : FactAttribute
{
    private static readonly Lazy<string?> Found = new(Find);

    public ChromiumFactAttribute() => Skip = Program is null ? "no Chromium is installed" : null;

    /// <summary>Its name; null when there is none.</summary>
    public static string? Program => Found.Value;

    private static string? Find()
    {
        foreach (var name in new[] { "chromium", "chromium-browser", "google-chrome" })
        {
            try
            {
                if (ChildProcess.Run(name, ["--version"], Path.GetTempPath()).ExitCode == 0)
                {
                    return name;
                }
            }
            catch (System.ComponentModel.Win32Exception)
            {
                // Not under this name.
            }
        }
        return null;
    }
}
