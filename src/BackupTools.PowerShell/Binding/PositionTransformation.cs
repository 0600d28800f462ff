using System.Globalization;
using BackupTools.Errors;
using BackupTools.Operations;

namespace BackupTools.PowerShell.Binding;

/// <summary>
/// Takes whole numbers from 0 on, as numbers or as text. PowerShell's own conversion would round 1.5 to 2.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class PositionTransformationAttribute : TransformationAttribute
{
    private protected override object Take(object given, object bare) => Position(bare);

    /// <summary>The position that a value is.</summary>
    /// <exception cref="BackupException">PositionIsInvalid.</exception>
    internal static ulong Position(object? value) =>
        value switch
        {
            ulong position => position,
            byte
            or ushort
            or uint
            or sbyte
            or short
            or int
            or long when Convert.ToInt64(value, CultureInfo.InvariantCulture) is >= 0 and var position =>
                (ulong)position,
            string text => TargetText.ParsePosition(text),
            _ => throw new BackupException(
                ErrorCode.PositionIsInvalid,
                string.Create(CultureInfo.InvariantCulture, $"'{value}' is not a position")
            ),
        };
}
