using System.Management.Automation;
using BackupTools.Reports;

namespace BackupTools.PowerShell.Binding;

/// <summary>
/// Takes a position, or a bundle: an object with a FullName (a BundleInfo, its deserialized copy, a file) or a path.
/// A text that looks like a number is a position; a file of such a name is meant by ./name. Gives a ulong or the path as a string.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class SinceTransformationAttribute : TransformationAttribute
{
    private protected override object Take(object given, object bare)
    {
        switch (bare)
        {
            case BundleInfo bundle:
                return bundle.FullName;
            case FileSystemInfo file:
                return file.FullName;
            case string text when text.Length > 0 && !text.All(c => char.IsAsciiDigit(c) || "+-.,".Contains(c)):
                return text;
            case PSCustomObject when PSObject.AsPSObject(given).Properties["FullName"]?.Value is string path:
                return path;
        }
        return PositionTransformationAttribute.Position(bare);
    }
}
