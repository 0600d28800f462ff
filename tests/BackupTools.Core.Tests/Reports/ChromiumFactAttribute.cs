using BackupTools.Tests.FrontEnds;

namespace BackupTools.Tests.ReportPages;

/// <summary>A test in a real browser; skipped with the reason where there is none.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class ChromiumFactAttribute : FactAttribute
{
    /// <summary>Why there is no such test here; null when there is.</summary>
    public static string? Missing => Program is null ? "no Chromium is installed" : null;

    private static readonly Lazy<string?> Found = new(Find);

    public ChromiumFactAttribute() => Skip = Missing;

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

/// <summary>The same with rows of data.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class ChromiumTheoryAttribute : TheoryAttribute
{
    public ChromiumTheoryAttribute() => Skip = ChromiumFactAttribute.Missing;
}
