using System.Collections;
using System.Collections.ObjectModel;
using System.Management.Automation;
using System.Management.Automation.Language;
using BackupTools.Reports;

namespace BackupTools.PowerShell.Binding;

/// <summary>
/// Which chains a line means that is still being typed: where they lie, and which of those that lie there. Variables are
/// looked at; nothing is run for a Tab.
/// </summary>
internal sealed class TypedSource
{
    private readonly List<string> _paths = [];
    private readonly HashSet<string> _chainIds = new(StringComparer.OrdinalIgnoreCase);
    private WildcardPattern? _database;

    /// <summary>Understands the command whose parameter is being completed.</summary>
    /// <param name="command">Its name.</param>
    /// <param name="parameter">The parameter: its own value is not complete yet.</param>
    /// <param name="bound">What the line gives to the command, by parameter.</param>
    /// <param name="typed">The command, in its pipeline.</param>
    public TypedSource(string command, string parameter, IDictionary bound, CommandAst typed)
    {
        // The folder of the bundles: -DestinationPath while backing up, otherwise what is to be tested or restored.
        var isBackup = command.Contains("New-", StringComparison.OrdinalIgnoreCase);
        var value = isBackup ? bound["DestinationPath"] : bound["InputObject"] ?? bound["LiteralPath"] ?? bound["Path"];
        Add(value ?? (isBackup ? null : Piped(typed)));
        if (bound["ChainId"] is { } id && parameter != "ChainId")
        {
            _chainIds.Add($"{id}");
        }
    }

    /// <summary>Folders, bundles and addresses, as they are typed.</summary>
    public IReadOnlyList<string> Paths => _paths;

    /// <summary>True when the chain is one of those that are meant.</summary>
    public bool Means(ChainInfo chain) =>
        (_chainIds.Count == 0 || _chainIds.Contains(chain.ChainId))
        && (_database is null || _database.IsMatch(chain.Database ?? "") || _database.IsMatch(chain.Series ?? ""));

    private void Add(object? value)
    {
        foreach (var item in LanguagePrimitives.GetEnumerable(value) ?? new[] { value })
        {
            // A chain, or a copy of one that a job or a file gave.
            var properties = item is null ? null : PSObject.AsPSObject(item).Properties;
            var path = properties?["FullName"]?.Value as string ?? item?.ToString();
            if (path is { Length: > 0 })
            {
                _paths.Add(path);
            }
            if (properties?["Bundles"] is not null && properties["ChainId"]?.Value is string id)
            {
                _chainIds.Add(id);
            }
        }
    }

    /// <summary>What the command or variable before in the pipe names, when that is written out.</summary>
    private object? Piped(CommandAst typed)
    {
        if (typed.Parent is not PipelineAst pipeline || pipeline.PipelineElements[0] == typed)
        {
            return null;
        }
        switch (pipeline.PipelineElements[0])
        {
            case CommandExpressionAst { Expression: StringConstantExpressionAst text }:
                return text.Value;
            case CommandExpressionAst { Expression: VariableExpressionAst variable }:
                return ValueOf(variable);
            case CommandAst source:
                var found = StaticParameterBinder.BindCommand(source).BoundParameters;
                if (found.GetValueOrDefault("Database")?.ConstantValue is string name)
                {
                    _database = WildcardPattern.Get(name, WildcardOptions.IgnoreCase);
                }
                var path = found.GetValueOrDefault("LiteralPath") ?? found.GetValueOrDefault("Path");
                return path?.ConstantValue ?? (path?.Value is VariableExpressionAst named ? ValueOf(named) : null);
            default:
                return null;
        }
    }

    private static Collection<PSObject> ValueOf(VariableExpressionAst variable)
    {
        using var shell = System.Management.Automation.PowerShell.Create(RunspaceMode.CurrentRunspace);
        return shell
            .AddCommand(@"Microsoft.PowerShell.Utility\Get-Variable")
            .AddParameter("Name", WildcardPattern.Escape(variable.VariablePath.UserPath))
            .AddParameter("ValueOnly")
            .AddParameter("ErrorAction", ActionPreference.Ignore)
            .Invoke();
    }
}
