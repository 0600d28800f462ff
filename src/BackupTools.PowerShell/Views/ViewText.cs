using System.Collections;
using System.Management.Automation;

namespace BackupTools.PowerShell.Views;

/// <summary>
/// Texts for the views in BackupTools.format.ps1xml that look into nested objects: live ones, and the deserialized
/// copies that jobs and Import-Clixml give.
/// </summary>
public static class ViewText
{
    /// <summary>Findings in one line each, with what to do: what a list shows.</summary>
    public static string Problems(IEnumerable problems) =>
        string.Join(Environment.NewLine, problems.Cast<object>().Select(Problem));

    private static string Problem(object problem)
    {
        var where = Property(problem, "FullName") is string path ? $", in '{Path.GetFileName(path)}'" : "";
        return $"{Property(problem, "Severity")} {Property(problem, "Code")}: {Property(problem, "Message")}{where}. "
            + Property(problem, "Recommendation");
    }

    private static object? Property(object item, string name) => PSObject.AsPSObject(item).Properties[name]?.Value;
}
