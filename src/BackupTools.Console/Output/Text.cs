using System.CommandLine;
using System.Text.RegularExpressions;
using BackupTools.Errors;
using BackupTools.Reports;

namespace BackupTools.Console.Output;

/// <summary>Results and errors for people and for grep.</summary>
internal static partial class Text
{
    /// <summary>Milliseconds, of the wall clock: far more than any match takes, also on a busy machine.</summary>
    private const int MatchTimeout = 60_000;

    /// <summary>One line: <c>error CODE: what, where. Recommendation.</c></summary>
    public static string Error(ErrorCode code, string what, string? recommendation) =>
        OneLine($"error {code}: {what.TrimEnd('.')}. {recommendation}").TrimEnd();

    /// <summary>Prints what is wrong with the command line and returns the exit code.</summary>
    public static int UsageError(TextWriter error, ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        var name = command is RootCommand ? "" : $" {command.Name}";
        error.WriteLine(
            Error(
                ErrorCode.InvalidOption,
                parsed.UnmatchedTokens is [var unknown, ..]
                    ? $"'{unknown}' is not known here"
                    : parsed.Errors[0].Message,
                $"Run 'backuptools{name} --help'."
            )
        );
        return ExitCodes.Of(ErrorCode.InvalidOption);
    }

    /// <summary>A result as lines of text.</summary>
    public static IEnumerable<string> Lines(object result) =>
        result switch
        {
            BundleInfo bundle => Lines(bundle, ""),
            ChainInfo chain => Lines(chain),
            ChainReport report => Lines(report),
            RestoreReport report => Lines(report),
            CopyReport report => Lines(report),
            ExpiryReport report => report.Describe().Select(OneLine),
            BackupReport report => report.Describe().Select(OneLine),
            KeyInfo key => [key.Recipient],
            _ => throw new ArgumentException($"no text for {result.GetType()}", nameof(result)),
        };

    /// <summary>A text that may quote names from anywhere, without what would break the line or steer the terminal.</summary>
    public static string OneLine(string text) => Controls().Replace(LineBreaks().Replace(text, " "), "\uFFFD");

    private static IEnumerable<string> Lines(BundleInfo bundle, string indent)
    {
        var valid =
            bundle.IsValid is not { } known ? ""
            : known ? "  valid"
            : "  NOT VALID";
        yield return $"{indent}{bundle.Kind, -11}  {ReportText.Time(bundle.CreatedUtc)}  "
            + $"{bundle.StartPosition}..{bundle.EndPosition} {bundle.PositionUnit}  "
            + $"{ReportText.Size(bundle.Length)}{valid}  {OneLine(indent.Length == 0 ? bundle.FullName : bundle.Name)}";
        if (indent.Length == 0 && bundle is { DurationSeconds: null, Sqlite: { } sqlite })
        {
            yield return $"  {OneLine(sqlite.ToString())}";
        }
        foreach (var line in Lines(bundle.Problems, indent + "  "))
        {
            yield return line;
        }
    }

    private static IEnumerable<string> Lines(ChainInfo chain) =>
        [
            // Only a test reads contents.
            $"{chain.ChainId}  {chain.Engine} {OneLine(chain.Database ?? "")}  {(chain.IsValid ? "listed" : "NOT VALID")}  "
                + $"{chain.StartPosition}..{chain.EndPosition} {chain.PositionUnit}  {ReportText.Size(chain.Length)}  "
                + chain.Timeline,
            .. chain.Bundles.SelectMany(b => Lines(b, "  ")),
            .. Lines(chain.Problems, "  "),
        ];

    private static IEnumerable<string> Lines(ChainReport report) =>
        [
            $"{ReportText.Verdict(report.IsValid)}  {report.ChainId}  {report.Engine}  "
                + $"{report.Checked} to {report.Target}: position {report.EndPosition} {report.PositionUnit}, "
                + $"{report.Plan.Count} bundle(s), {ReportText.Size(report.Length)} read "
                + $"in {ReportText.Seconds(report.DurationSeconds)}",
            .. (report.DrillTables ?? []).Select(t => OneLine($"  {t}")),
            .. Lines(report.Problems, "  "),
        ];

    private static IEnumerable<string> Lines(RestoreReport report) =>
        [
            $"restored  {OneLine(report.FullName)}  {report.Engine} chain {report.ChainId}, {report.Target}: "
                + $"position {report.EndPosition} {report.PositionUnit}, {report.Bundles.Count} bundle(s), "
                + $"{ReportText.Size(report.Length)} in {ReportText.Seconds(report.DurationSeconds)}",
            .. report.Files.Select(f => $"  {OneLine(f)}"),
            .. Lines(report.Problems, "  "),
        ];

    private static IEnumerable<string> Lines(CopyReport report) =>
        [
            $"copied  {report.FullName}  {report.Copied.Count} bundle(s), {ReportText.Size(report.Length)} "
                + $"in {ReportText.Seconds(report.DurationSeconds)}, {report.PresentCount} there already"
                + report.IsValid switch
                {
                    true => "  valid",
                    false => "  NOT VALID",
                    null => "",
                },
            .. report.Copied.SelectMany(b => Lines(b, "  ")),
            .. Lines(report.Problems, "  "),
        ];

    private static IEnumerable<string> Lines(IReadOnlyList<ProblemInfo> problems, string indent) =>
        problems.Select(p => indent + OneLine(p.ToString()));

    [GeneratedRegex(@"\s*[\r\n]+\s*", RegexOptions.None, matchTimeoutMilliseconds: MatchTimeout)]
    private static partial Regex LineBreaks();

    [GeneratedRegex(@"[\p{Cc}\p{Cf}\u2028\u2029]", RegexOptions.None, matchTimeoutMilliseconds: MatchTimeout)]
    private static partial Regex Controls();
}
