using System.Text.RegularExpressions;

namespace BackupTools.Tests.FrontEnds;

/// <summary>docs/console.md says what the program says.</summary>
public sealed partial class ConsolePageTests
{
    private static readonly string[] s_ofAll =
    [
        "--ca-file",
        "--endpoint",
        "--engine",
        "--json",
        "--path-style",
        "--profile",
        "--region",
        "--throttle-limit",
        "--verbose",
    ];

    /// <summary>They have no bundles.</summary>
    private static readonly string[] s_apart = ["demo", "key"];

    private static readonly string s_page = File.ReadAllText(Path.Combine(ChildProcess.Root, "docs", "console.md"));

    /// <summary>The verbs, from the program's own help.</summary>
    public static TheoryData<string> Verbs
    {
        get
        {
            var help = ChildProcess.Console("--help").Out.ReplaceLineEndings("\n");
            return [.. VerbLine().Matches(help.Split("Commands:\n")[1]).Select(m => m.Groups[1].Value)];
        }
    }

    [Theory]
    [MemberData(nameof(Verbs))]
    public void The_page_has_every_option_of_every_verb_and_no_other(string verb)
    {
        var help = ChildProcess.Console(verb, "--help").Out;
        var options = OptionLine()
            .Matches(help)
            .Select(m => (Name: m.Groups[1].Value, OfOneEngine: EngineMark().IsMatch(m.Groups[2].Value)))
            .Where(o => o.Name != "--help")
            .ToList();
        var block = s_page.Split("```\n")[1].Split("backuptools ").Single(l => l.Split([' ', '\n'])[0] == verb);
        Assert.Equal(
            options.Where(o => !o.OfOneEngine).Select(o => o.Name).Except(s_ofAll).Order(),
            OptionName().Matches(block).Select(m => m.Value).Order()
        );
        Assert.Equal(
            options.Select(o => o.Name).Order(),
            s_page
                .Split('\n')
                .Where(l => l.StartsWith("| `--", StringComparison.Ordinal))
                .Select(l => l.Split(" | "))
                .Where(row => IsOf(row[1], verb))
                .SelectMany(row => OptionName().Matches(row[0]).Select(m => m.Value))
                .Order()
        );
        if (!s_apart.Contains(verb))
        {
            Assert.Superset(s_ofAll.ToHashSet(), options.Select(o => o.Name).ToHashSet());
        }
    }

    private static bool IsOf(string verbs, string verb) =>
        verbs == "all but demo" ? verb != "demo"
        : verbs == "all but demo and key" ? !s_apart.Contains(verb)
        : verbs.Split(", ").Contains(verb);

    [GeneratedRegex(@"^  ([a-z]+) ", RegexOptions.Multiline)]
    private static partial Regex VerbLine();

    [GeneratedRegex(@"^  (?:-\S, )*(--[a-z-]+)(?: <\w+>)?(?: \(REQUIRED\))? +(.*)$", RegexOptions.Multiline)]
    private static partial Regex OptionLine();

    [GeneratedRegex(@"^(SQLite|SPG|Grafeo|Alopex|PowDB): ")]
    private static partial Regex EngineMark();

    [GeneratedRegex(@"--[a-z-]+")]
    private static partial Regex OptionName();
}
