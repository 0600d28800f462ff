using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace BackupTools.PowerShell.Binding;

/// <summary>Completes -Engine; a test holds the names equal to those of the engines that the library has.</summary>
public sealed class EngineCompleter : IArgumentCompleter
{
    private static readonly string[] Names = ["SQLite", "SPG", "Grafeo", "Alopex", "PowDB"];

    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName,
        string parameterName,
        string wordToComplete,
        CommandAst commandAst,
        IDictionary fakeBoundParameters
    ) =>
        Names
            .Where(name => name.StartsWith(wordToComplete.Trim('\'', '"'), StringComparison.OrdinalIgnoreCase))
            .Select(name => new CompletionResult(name));
}
