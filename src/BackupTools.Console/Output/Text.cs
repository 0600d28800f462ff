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
    public static void Write(TextWriter output, object result)
    {
        switch (result)
        {
            case BundleInfo bundle:
                Write(output, bundle);
                break;
            case ChainInfo chain:
                Write(output, chain);
                break;
            case ChainReport report:
                Write(output, report);
                break;
            case RestoreReport report:
                Write(output, report);
                break;
            case CopyReport report:
                Write(output, report);
                break;
            case ExpiryReport report:
                WriteLines(output, report.Describe());
                break;
            case BackupReport report:
                WriteLines(output, report.Describe());
                break;
            case KeyInfo key:
                output.WriteLine(key.Recipient);
                break;
            default:
                throw new ArgumentException($"no text for {result.GetType()}", nameof(result));
        }
    }

    /// <summary>A text that may quote names from anywhere, without what would break the line or steer the terminal.</summary>
    public static string OneLine(string text) => Controls().Replace(LineBreaks().Replace(text, " "), "\uFFFD");

    private static void Write(TextWriter output, BundleInfo bundle, string indent = "")
    {
        var valid =
            bundle.IsValid is not { } known ? ""
            : known ? "  valid"
            : "  NOT VALID";
        output.WriteLine(
            $"{indent}{bundle.Kind, -11}  {ReportText.Time(bundle.CreatedUtc)}  "
                + $"{bundle.StartPosition}..{bundle.EndPosition} {bundle.PositionUnit}  "
                + $"{ReportText.Size(bundle.Length)}{valid}  {OneLine(indent.Length == 0 ? bundle.FullName : bundle.Name)}"
        );
        if (indent.Length == 0 && bundle is { DurationSeconds: null, Sqlite: { } sqlite })
        {
            output.WriteLine($"  {OneLine(sqlite.ToString())}");
        }
        Write(output, bundle.Problems, indent + "  ");
    }

    private static void Write(TextWriter output, ChainInfo chain)
    {
        // Only a test reads contents.
        output.WriteLine(
            $"{chain.ChainId}  {chain.Engine} {OneLine(chain.Database ?? "")}  {(chain.IsValid ? "listed" : "NOT VALID")}  "
                + $"{chain.StartPosition}..{chain.EndPosition} {chain.PositionUnit}  {ReportText.Size(chain.Length)}  "
                + chain.Timeline
        );
        foreach (var bundle in chain.Bundles)
        {
            Write(output, bundle, "  ");
        }
        Write(output, chain.Problems, "  ");
    }

    private static void Write(TextWriter output, ChainReport report)
    {
        output.WriteLine(
            $"{ReportText.Verdict(report.IsValid)}  {report.ChainId}  {report.Engine}  "
                + $"{report.Checked} to {report.Target}: position {report.EndPosition} {report.PositionUnit}, "
                + $"{report.Plan.Count} bundle(s), {ReportText.Size(report.Length)} read "
                + $"in {ReportText.Seconds(report.DurationSeconds)}"
        );
        WriteLines(output, (report.DrillTables ?? []).Select(t => $"  {t}"));
        Write(output, report.Problems, "  ");
    }

    private static void Write(TextWriter output, RestoreReport report)
    {
        output.WriteLine(
            $"restored  {OneLine(report.FullName)}  {report.Engine} chain {report.ChainId}, {report.Target}: "
                + $"position {report.EndPosition} {report.PositionUnit}, {report.Bundles.Count} bundle(s), "
                + $"{ReportText.Size(report.Length)} in {ReportText.Seconds(report.DurationSeconds)}"
        );
        foreach (var file in report.Files)
        {
            output.WriteLine($"  {OneLine(file)}");
        }
        Write(output, report.Problems, "  ");
    }

    private static void Write(TextWriter output, CopyReport report)
    {
        output.WriteLine(
            $"copied  {report.FullName}  {report.Copied.Count} bundle(s), {ReportText.Size(report.Length)} "
                + $"in {ReportText.Seconds(report.DurationSeconds)}, {report.PresentCount} there already"
                + report.IsValid switch
                {
                    true => "  valid",
                    false => "  NOT VALID",
                    null => "",
                }
        );
        foreach (var bundle in report.Copied)
        {
            Write(output, bundle, "  ");
        }
        Write(output, report.Problems, "  ");
    }

    private static void WriteLines(TextWriter output, IEnumerable<string> lines)
    {
        foreach (var line in lines)
        {
            output.WriteLine(OneLine(line));
        }
    }

    private static void Write(TextWriter output, IReadOnlyList<ProblemInfo> problems, string indent)
    {
        foreach (var problem in problems)
        {
            output.WriteLine(indent + OneLine(problem.ToString()));
        }
    }

    [GeneratedRegex(@"\s*[\r\n]+\s*", RegexOptions.None, matchTimeoutMilliseconds: MatchTimeout)]
    private static partial Regex LineBreaks();

    [GeneratedRegex(@"[\p{Cc}\p{Cf}\u2028\u2029]", RegexOptions.None, matchTimeoutMilliseconds: MatchTimeout)]
    private static partial Regex Controls();
}
