using System.Text.RegularExpressions;
using BackupTools.Engines;
using BackupTools.Tests.FrontEnds;

namespace BackupTools.Tests.Conformance;

/// <summary>docs/new-engine.md says where an engine is named; here it is counted.</summary>
public sealed partial class NewEngineTests
{
    private static readonly string[] s_lines = File.ReadAllLines(Path.Combine(ChildProcess.Root, "docs/new-engine.md"));

    public static TheoryData<string> Engines => [.. EngineRegistry.Default.Engines.Select(e => e.Name)];

    [Theory]
    [MemberData(nameof(Engines))]
    public void An_engine_is_named_outside_its_folders_where_the_document_says(string engine)
    {
        // Help of an option names the engines that have it, and advice an engine's page: not every engine has one.
        string[] some =
        [
            "src/BackupTools.Core/Errors/ErrorCodes.cs",
            "src/BackupTools.Console/Commands/RestoreCommand.cs",
            "src/BackupTools.Core/Options/EngineOptions.cs",
        ];
        var told = Told("src/").ToList();
        var named = Named("src", engine)
            .Where(f => !f.Contains($"/Engines/{engine}/", StringComparison.OrdinalIgnoreCase))
            .Where(f => !f.Contains($"/Formats/{engine}/", StringComparison.OrdinalIgnoreCase));
        Assert.Equal(told.Except(some), named.Intersect(told).Except(some));
        // SQLite is Litestream's and the demo's, too.
        Assert.Empty(engine == EngineNames.Sqlite ? [] : named.Except(told));
    }

    [Fact]
    public void Every_engine_of_the_registry_is_offered_by_its_name() =>
        Assert.Equal(EngineRegistry.Default.Engines.Select(e => e.Name).Order(), EngineNames.All.Order());

    [Fact]
    public void The_toy_is_named_outside_its_folder_where_the_document_says() =>
        Assert.Equal(
            Told("tests/"),
            Named("tests", "Toy(Engine|Sandbox)")
                .Where(f => !f.Contains("/Conformance/", StringComparison.Ordinal))
                .Where(f => f.EndsWith(".cs", StringComparison.Ordinal))
        );

    [Fact]
    public void The_toy_is_two_hundred_lines_or_so()
    {
        var lines = Directory
            .GetFiles(Path.Combine(ChildProcess.Root, "tests/kit/Conformance/Toy"))
            .Sum(f => File.ReadLines(f).Count(l => l.Trim() is not ("" or "{" or "}")));
        Assert.InRange(lines, 1, 450);
    }

    private static IEnumerable<string> Told(string folder) =>
        s_lines
            .Where(l => l.StartsWith("    " + folder, StringComparison.Ordinal))
            .Select(l => l.Trim().Split(' ')[0])
            .Order(StringComparer.Ordinal);

    private static IEnumerable<string> Named(string folder, string pattern) =>
        Directory
            .EnumerateFiles(Path.Combine(ChildProcess.Root, folder), "*.cs", SearchOption.AllDirectories)
            .Select(f => Path.GetRelativePath(ChildProcess.Root, f).Replace('\\', '/'))
            .Where(f => !f.Split('/').Any(part => part is "obj" or "bin"))
            .Where(f =>
                Regex.IsMatch(
                    Comment().Replace(File.ReadAllText(Path.Combine(ChildProcess.Root, f)), ""),
                    $@"\b{pattern}\b",
                    RegexOptions.IgnoreCase,
                    TimeSpan.FromSeconds(5)
                )
            )
            .Order(StringComparer.Ordinal);

    [GeneratedRegex("//.*")]
    private static partial Regex Comment();
}
