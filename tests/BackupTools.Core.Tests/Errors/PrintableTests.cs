using BackupTools.Chains;
using BackupTools.Errors;

namespace BackupTools.Tests.Errors;

public sealed class PrintableTests
{
    [Theory]
    [InlineData("plain, größer, 日本語 \U0001F4BE", "plain, größer, 日本語 \U0001F4BE")]
    [InlineData("a\u001b[2Jb", "a\uFFFD[2Jb")]
    [InlineData("a\u009b31mb", "a\uFFFD31mb")]
    [InlineData("two\r\nlines\tand a tab", "two  lines and a tab")]
    [InlineData("a\u202Etxt.exe", "a\uFFFDtxt.exe")]
    [InlineData("a\u2028b\0", "a\uFFFDb\uFFFD")]
    public void What_steers_a_terminal_is_taken_out(string text, string expected)
    {
        Assert.Equal(expected, Printable.Of(text));
        Assert.Equal(expected, new BackupException(ErrorCode.Malformed, text).Message);
        Assert.Equal(expected, new ChainProblem(ProblemSeverity.Error, ErrorCode.Malformed, text).Message);
        Assert.EndsWith(
            $"'{expected}'",
            new BackupException(ErrorCode.Malformed, "x", text).Describe(),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_text_of_any_length_fits_into_a_line_of_a_log()
    {
        var text = Printable.Of("begin " + new string('x', 5_000_000) + " end");

        Assert.InRange(text.Length, 100, Printable.Longest);
        Assert.StartsWith("begin ", text, StringComparison.Ordinal);
        Assert.EndsWith(" end", text, StringComparison.Ordinal);
    }
}
