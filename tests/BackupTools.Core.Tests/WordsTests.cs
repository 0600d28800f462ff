using System.Text.RegularExpressions;

namespace BackupTools.Tests;

/// <summary>docs/glossary.md in practice: phrases that read as translated, or that have a term there, do not come back.</summary>
public sealed partial class WordsTests
{
    [Fact]
    public void Sources_and_documents_have_no_translated_phrase()
    {
        var files = new[] { "src", "docs", "module/en-US" }
            .SelectMany(f =>
                Directory.EnumerateFiles(Path.Combine(ArchitectureTests.Root, f), "*", SearchOption.AllDirectories)
            )
            .Select(f => Path.GetRelativePath(ArchitectureTests.Root, f).Replace('\\', '/'))
            .Where(f => f.EndsWith(".cs", StringComparison.Ordinal) || f.EndsWith(".md", StringComparison.Ordinal))
            .Concat(["README.md", "CONTRIBUTING.md", "SECURITY.md", "module/en-US/about_BackupTools.help.txt"])
            .Where(f =>
                !f.Contains("/obj/", StringComparison.Ordinal) && !f.Contains("/bin/", StringComparison.Ordinal)
            )
            .Where(f => f != "docs/glossary.md")
            .ToList();
        Assert.InRange(files.Count, 400, 2000);
        var found =
            from file in files
            let text = Joined(File.ReadAllText(Path.Combine(ArchitectureTests.Root, file)))
            from Match phrase in Phrases().Matches(text)
            select $"{file}: {text[Math.Max(0, phrase.Index - 30)..Math.Min(text.Length, phrase.Index + 40)]}";
        Assert.Empty(found);
    }

    [Theory]
    [InlineData("/// A run that was killed is gone\n    /// on with by the next.")]
    [InlineData("$\"what a dead \"\n + $\"run left\"")]
    [InlineData("Nothing is to be done: the chain has it.")]
    public void A_phrase_is_found_across_lines_too(string text) => Assert.Matches(Phrases(), Joined(text));

    /// <summary>Comments and texts that were broken into lines, in one.</summary>
    private static string Joined(string text) => Break().Replace(text, " ");

    [GeneratedRegex(@"\s*(""\s*\n\s*\+ \$?""|\n\s*(///?)?)\s*")]
    private static partial Regex Break();

    [GeneratedRegex(
        @"\b(would else|(go|goes|gone|going) on with|can go on|goe?s? on from|thin(s|ned|ning)? out|vouch(es|ed)? for|"
            + @"none of our business|told by|(holds?|held) still|whatever has become|in the place of|by which it is told|"
            + @"for good|dead runs?|anew|nothing is to be done|(hands?|handed) on|may be given several times|"
            + @"as it must be|broke off)\b",
        RegexOptions.IgnoreCase
    )]
    private static partial Regex Phrases();
}
