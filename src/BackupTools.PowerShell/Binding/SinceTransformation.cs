using System.Management.Automation;
using BackupTools.Errors;
using BackupTools.Reports;

namespace BackupTools.PowerShell.Binding;

/// <summary>
/// Takes a position, or a bundle: an object with a FullName (a BundleInfo, its deserialized copy, a file) or a path.
/// A text that looks like a number is a position; a file of such a name is meant by ./name. Gives a ulong or the path as a string.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class SinceTransformationAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData)
    {
        var value = inputData is PSObject wrapped ? wrapped.BaseObject : inputData;
        switch (value)
        {
            case BundleInfo bundle:
                return bundle.FullName;
            case FileSystemInfo file:
                return file.FullName;
            case string text when text.Length > 0 && !text.All(c => char.IsAsciiDigit(c) || "+-.,".Contains(c)):
                return text;
            case PSCustomObject when PSObject.AsPSObject(inputData).Properties["FullName"]?.Value is string path:
                return path;
        }
        try
        {
            return PositionTransformationAttribute.Position(value);
        }
        catch (BackupException error)
        {
            throw TransformationError.From(error);
        }
    }
}
