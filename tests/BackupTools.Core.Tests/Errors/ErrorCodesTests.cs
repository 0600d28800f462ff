using System.Text.RegularExpressions;
using BackupTools.Errors;

namespace BackupTools.Tests.Errors;

public sealed class ErrorCodesTests
{
    [Fact]
    public void Every_code_has_a_recommendation_and_a_line_in_the_troubleshooting_page_with_its_exit_code()
    {
        var page = File.ReadAllLines(Path.Combine(ArchitectureTests.Root, "docs", "troubleshooting.md"));
        foreach (var code in Enum.GetValues<ErrorCode>())
        {
            var line = Assert.Single(page, l => l.StartsWith($"| `{code}` |", StringComparison.Ordinal));
            Assert.StartsWith($"| `{code}` | {(int)ErrorCodes.KindOf(code)} |", line, StringComparison.Ordinal);
            // The page spells as the cmdlets do, Core as nobody does.
            var advice = Regex.Replace(line.Replace("Get-BackupChain", "ReadChains"), "(?<= )-(?=[A-Z])", "");
            Assert.EndsWith($"| {ErrorCodes.DefaultRecommendation(code)} |", advice, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void The_first_path_that_is_named_stays()
    {
        var error = new BackupException(ErrorCode.Truncated, "short", offset: 7).At("/a").At("/b");

        Assert.Equal("/a", error.FullName);
        Assert.Equal("short, in '/a' at byte 7", error.Describe());
    }
}
