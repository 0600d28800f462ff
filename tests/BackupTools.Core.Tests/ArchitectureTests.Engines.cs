using System.Text.RegularExpressions;
using BackupTools.Engines;

namespace BackupTools.Tests;

public sealed partial class ArchitectureTests
{
    /// <summary>Who knows one engine finds the way in the next: the same question is answered in a file of the same name.</summary>
    [Theory]
    [InlineData("Engine")]
    [InlineData("Source")]
    [InlineData("Plan")]
    [InlineData("Bundles")]
    [InlineData("Capture")]
    [InlineData("Verify")]
    [InlineData("Restore")]
    [InlineData("Maintenance")]
    public void Every_engine_has_the_same_interior(string question)
    {
        var engines = Path.Combine(Root, "src/BackupTools.Core/Engines");
        Assert.All(EngineFolders, e => Assert.True(File.Exists(Path.Combine(engines, e, $"{e}{question}.cs")), e));
        Assert.Equal(
            EngineRegistry.Default.Engines.Select(e => e.Name.ToUpperInvariant()).Order(),
            EngineFolders.Select(e => e.ToUpperInvariant()).Order()
        );
    }

    /// <summary>What an engine hands to itself through neutral code keeps its type.</summary>
    [Fact]
    public void Nothing_in_Core_is_handed_on_as_an_object()
    {
        var untyped =
            from file in Sources("src/BackupTools.Core")
            from match in UntypedMember().Matches(Text(file))
            select $"{file}: {match.Value}";
        Assert.Empty(untyped);
    }

    /// <summary>By the indentation that the formatter gives: members of types, of types in these, and functions in members.</summary>
    [Fact]
    public void No_method_is_too_long_to_hold_in_the_head()
    {
        const int longest = 59;
        var found = new List<string>();
        foreach (var file in Sources("src"))
        {
            var lines = Text(file).Split('\n');
            for (var i = 1; i < lines.Length; i++)
            {
                if (
                    lines[i].EndsWith(" {", StringComparison.Ordinal)
                    && lines[i] == MethodHead().Match(Head(lines, i)).Groups[1].Value + "{"
                )
                {
                    var body = lines.Skip(i + 1).TakeWhile(l => l != lines[i].Replace('{', '}')).Count();
                    found.AddRange(body > longest ? [$"{file}:{i}: {body} lines"] : []);
                }
            }
        }
        Assert.Empty(found);

        static string Head(string[] lines, int brace)
        {
            var first = brace;
            while (lines[first - 1].Trim() is not ("" or "{" or "}") && !lines[first - 1].Contains("//"))
            {
                first--;
            }
            return string.Join('\n', lines[first..brace]);
        }
    }

    [GeneratedRegex(
        @"^( {4}| {8})(?!new |return |.*\b(class|record|struct|interface|enum)\s+\w)\w[\w<>?,.\[\] ]* \w+(<\w+>)?\("
    )]
    private static partial Regex MethodHead();

    [GeneratedRegex(@"\bobject\??\s+\w+\s*\{\s*get", RegexOptions.ExplicitCapture)]
    private static partial Regex UntypedMember();
}
