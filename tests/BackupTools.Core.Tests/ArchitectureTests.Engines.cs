using System.Text.RegularExpressions;

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
            EngineFolders.Order(),
            Directory.EnumerateDirectories(engines).Select(d => Path.GetFileName(d)!).Order()
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

    [GeneratedRegex(@"\bobject\??\s+\w+\s*\{\s*get", RegexOptions.ExplicitCapture)]
    private static partial Regex UntypedMember();
}
