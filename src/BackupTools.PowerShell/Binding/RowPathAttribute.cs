using System.Management.Automation;
using BackupTools.Operations;

namespace BackupTools.PowerShell.Binding;

/// <summary>
/// Takes the literal path out of a row of a table. Where a row also brings options, PowerShell offers the whole of it to
/// -Path first and would make it the text "@{FullName=...}", a pattern that matches nothing.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class RowPathAttribute : ArgumentTransformationAttribute
{
    private static readonly string[] Columns = ["LiteralPath", "PSPath", "LP", "FullName"];

    /// <inheritdoc/>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData) =>
        inputData is PSObject { BaseObject: PSCustomObject } row
        && Columns.Select(c => row.Properties[c]?.Value).OfType<string>().FirstOrDefault() is { } path
            ? LocalPath.IsStore(path)
                ? path
                : WildcardPattern.Escape(path)
            : inputData;
}
