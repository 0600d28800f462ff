using System.Text.RegularExpressions;
using BackupTools.Tests.FrontEnds;

namespace BackupTools.Tests;

/// <summary>docs/guarantees.md promises nothing without the test that shows it.</summary>
public sealed partial class GuaranteesTests
{
    private static string Document => Path.Combine(ChildProcess.Root, "docs", "guarantees.md");

    [Fact]
    public void Every_test_that_the_guarantees_name_exists()
    {
        var tests = Directory
            .EnumerateFiles(Path.Combine(ChildProcess.Root, "tests"), "*.cs", SearchOption.AllDirectories)
            .SelectMany(f => Method().Matches(File.ReadAllText(f)).Select(m => m.Groups["name"].Value))
            .ToHashSet(StringComparer.Ordinal);
        var named = Named(File.ReadAllText(Document)).ToList();

        Assert.True(named.Count > 40);
        Assert.All(named, n => Assert.Contains(n, tests));
    }

    [Fact]
    public void Every_promise_names_a_test()
    {
        var tables = File.ReadLines(Document).Where(l => l.StartsWith("| ", StringComparison.Ordinal)).ToList();
        var promises = tables.Where(l => l.Split(" | ") is [_, _] && l != "| promise | shown by |").ToList();

        Assert.True(promises.Count > 15);
        Assert.All(promises, p => Assert.True(Named(p).Any() || IsPlace(p), p));
    }

    // The last table says where, not what.
    private static bool IsPlace(string row) =>
        row.StartsWith("| where", StringComparison.Ordinal)
        || row.StartsWith("| Linux", StringComparison.Ordinal)
        || row.Contains("never run", StringComparison.Ordinal);

    private static IEnumerable<string> Named(string text) => Name().Matches(text).Select(m => m.Groups["name"].Value);

    [GeneratedRegex(@"(void|Task) (?<name>[A-Z]\w+)\(", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Method();

    [GeneratedRegex(@"`(?<name>[A-Z]\w*_[a-z]\w*)`", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Name();
}
