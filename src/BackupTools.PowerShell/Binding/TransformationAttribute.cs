using System.Management.Automation;
using BackupTools.Errors;

namespace BackupTools.PowerShell.Binding;

/// <summary>
/// Takes a value in the forms that people have it in. What the parameter binder can carry of our errors: it gives every refusal
/// the id ParameterArgumentTransformationError, so our code is in the text and in the inner exception.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public abstract class TransformationAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public sealed override object Transform(EngineIntrinsics engineIntrinsics, object inputData)
    {
        try
        {
            return Take(inputData, inputData is PSObject wrapped ? wrapped.BaseObject : inputData);
        }
        catch (BackupException error)
        {
            throw new ArgumentTransformationMetadataException(
                $"{error.Code}: {error.Message}. {error.Recommendation}",
                error
            );
        }
    }

    /// <summary>The value as the parameter has it; errors are BackupExceptions.</summary>
    /// <param name="given">As it comes.</param>
    /// <param name="bare">The same, unwrapped.</param>
    private protected abstract object Take(object given, object bare);
}
