using System.Management.Automation;
using BackupTools.Errors;
using BackupTools.Operations;

namespace BackupTools.PowerShell.Binding;

/// <summary>
/// Takes whole numbers from 0 on, as numbers or as text. PowerShell's own conversion would round 1.5 to 2.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class PositionTransformationAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData)
    {
        try
        {
            return Position(inputData is PSObject wrapped ? wrapped.BaseObject : inputData);
        }
        catch (BackupException error)
        {
            throw TransformationError.From(error);
        }
    }

    /// <summary>The position that a value is.</summary>
    /// <exception cref="BackupException">PositionIsInvalid.</exception>
    internal static ulong Position(object? value) =>
        value switch
        {
            ulong position => position,
            byte or ushort or uint => Convert.ToUInt64(value, System.Globalization.CultureInfo.InvariantCulture),
            sbyte
            or short
            or int
            or long
                when Convert.ToInt64(value, System.Globalization.CultureInfo.InvariantCulture)
                    is >= 0
                        and var position => (ulong)position,
            string text => TargetText.ParsePosition(text),
            _ => throw new BackupException(
                ErrorCode.PositionIsInvalid,
                string.Create(System.Globalization.CultureInfo.InvariantCulture, $"'{value}' is not a position")
            ),
        };
}
