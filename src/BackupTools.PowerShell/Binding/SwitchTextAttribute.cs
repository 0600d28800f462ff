using BackupTools.Errors;

namespace BackupTools.PowerShell.Binding;

/// <summary>
/// Lets a switch be a column of a CSV file: true or false, yes or no, 1 or 0, in any case; an empty cell is false.
/// PowerShell takes no text for a switch.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class SwitchTextAttribute : TransformationAttribute
{
    private protected override object Take(object given, object bare)
    {
        if (bare is not string text)
        {
            return given;
        }
        return text.Trim().ToUpperInvariant() switch
        {
            "TRUE" or "YES" or "1" => true,
            "FALSE" or "NO" or "0" or "" => false,
            _ => throw new BackupException(ErrorCode.InvalidOption, $"'{text}' is neither true nor false"),
        };
    }
}
