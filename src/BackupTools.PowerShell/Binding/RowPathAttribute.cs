using System.Management.Automation;
using BackupTools.Errors;
using BackupTools.Operations;

namespace BackupTools.PowerShell.Binding;

/// <summary>
/// Takes the literal path out of a row of a table. Where a row also brings options, PowerShell offers the whole of it to
/// -Path first and would make it the text "@{FullName=...}", a pattern that matches nothing.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class RowPathAttribute : TransformationAttribute
{
    private const string Pattern = "Path";
    private static readonly string[] Columns = ["LiteralPath", "PSPath", "LP", "FullName"];

    private protected override object Take(object given, object bare)
    {
        if (given is not PSObject { BaseObject: PSCustomObject } row)
        {
            return given;
        }
        return TextIn(row, Columns) is { } literal
            ? (LocalPath.IsStore(literal) ? literal : WildcardPattern.Escape(literal))
            : TextIn(row, [Pattern])
                ?? throw new BackupException(
                    ErrorCode.InvalidOption,
                    "the row does not say where the database is",
                    recommendation: $"Give it a column {Pattern}, or LiteralPath, which takes every character literally."
                );
    }

    private static string? TextIn(PSObject row, IEnumerable<string> columns) =>
        columns.Select(c => row.Properties[c]?.Value).OfType<string>().FirstOrDefault(text => text.Length > 0);
}
