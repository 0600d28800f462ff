using System.Management.Automation;
using BackupTools.Errors;

namespace BackupTools.PowerShell.Binding;

/// <summary>
/// What the parameter binder can carry of our errors. The binder gives every refusal the id
/// ParameterArgumentTransformationError, so our code is in the text and in the inner exception.
/// </summary>
internal static class TransformationError
{
    public static ArgumentTransformationMetadataException From(BackupException error) =>
        new($"{error.Code}: {error.Message}. {error.Recommendation}", error);
}
