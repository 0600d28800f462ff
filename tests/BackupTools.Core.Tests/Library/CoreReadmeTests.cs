using System.Text.RegularExpressions;
using BackupTools.Operations;
using BackupTools.Tests.FrontEnds;
using BackupTools.Tests.Operations;

namespace BackupTools.Tests.Library;

/// <summary>The program in the README of the package BackupTools.Core is the one that runs here.</summary>
public sealed partial class CoreReadmeTests : IDisposable
{
    private readonly SqliteSandbox _sandbox = new();
    private readonly List<string> _lines = [];

    public void Dispose() => _sandbox.Dispose();

    [Fact]
    public void The_program_of_the_readme_takes_a_backup()
    {
        Run(_sandbox.Source, _sandbox.Bundles, _lines.Add);
        Run(_sandbox.Source, _sandbox.Bundles, _lines.Add);
        // The second run finds nothing new, and so makes no bundle.
        Assert.Single(_lines);
        Assert.StartsWith(_sandbox.Bundles, _lines[0], StringComparison.Ordinal);
    }

    [Fact]
    public void It_is_the_one_in_the_readme()
    {
        var readme = File.ReadAllText(Path.Combine(ChildProcess.Root, "src/BackupTools.Core/README.md"));
        var told = Block()
            .Match(readme)
            .Groups["code"]
            .Value.Split('\n')
            .Where(l => !l.StartsWith("using BackupTools", StringComparison.Ordinal));
        var source = File.ReadAllText(
            Path.Combine(ChildProcess.Root, "tests/BackupTools.Core.Tests/Library/CoreReadmeTests.cs")
        );
        var here = Body().Match(source).Groups["code"].Value;
        Assert.Equal(
            Words(string.Join('\n', told))
                .Replace("\"/srv/app.db\"", "source", StringComparison.Ordinal)
                .Replace("\"/backup\"", "destination", StringComparison.Ordinal)
                .Replace("Console.WriteLine", "print", StringComparison.Ordinal),
            Words(here)
        );
    }

    private static void Run(string source, string destination, Action<string> print)
    {
        // README begins
        using var host = new OperationHost { Warning = Console.Error.WriteLine };
        var settings = new BackupSettings
        {
            SourcePath = source,
            DestinationPath = destination,
            Incremental = true,
            FullIfNeeded = true,
        };
        var plan = TakeBackup.Plan(settings, host);
        foreach (var bundle in TakeBackup.Execute(plan, host))
        {
            print($"{bundle.FullName} {bundle.EndPosition}");
        }
        // README ends
    }

    /// <summary>Code without its comments, line breaks and last commas.</summary>
    private static string Words(string code) =>
        Space().Replace(Comment().Replace(code, ""), "").Replace(",}", "}", StringComparison.Ordinal);

    [GeneratedRegex(@"```csharp\n(?<code>[^`]*)```", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Block();

    [GeneratedRegex(@"// README begins\n(?<code>.*?)\n\s*// README ends", RegexOptions.Singleline, 1000)]
    private static partial Regex Body();

    [GeneratedRegex(@"//.*$", RegexOptions.Multiline, 1000)]
    private static partial Regex Comment();

    [GeneratedRegex(@"\s+", RegexOptions.None, 1000)]
    private static partial Regex Space();
}
