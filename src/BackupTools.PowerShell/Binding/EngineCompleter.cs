using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using BackupTools.Options;

namespace BackupTools.PowerShell.Binding;

/// <summary>Completes -Engine.</summary>
public sealed class EngineCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName,
        string parameterName,
        string wordToComplete,
        CommandAst commandAst,
        IDictionary fakeBoundParameters
    ) =>
        EngineNames
            .All.Where(name => name.StartsWith(wordToComplete.Trim('\'', '"'), StringComparison.OrdinalIgnoreCase))
            .Select(name => new CompletionResult(name));
}
