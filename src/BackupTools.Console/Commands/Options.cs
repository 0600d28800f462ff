using System.CommandLine;
using System.Globalization;
using BackupTools.Errors;
using BackupTools.Operations;
using BackupTools.Reports;

namespace BackupTools.Console.Commands;

/// <summary>The options that several verbs have, each made in one place so that it means the same everywhere.</summary>
internal static class Options
{
    /// <summary>What Core calls FullIfNeeded is <c>--full-if-needed</c> here, and what it can do is a verb.</summary>
    public static string Spell(string name) =>
        name switch
        {
            nameof(ReadChains) => "backuptools chain",
            nameof(CopyChain) => "backuptools copy",
            nameof(TakeBackup) => "backuptools full",
            "IdentityPath" => "--identity",
            // An address tells a store already.
            _ when name.StartsWith("Store", StringComparison.Ordinal) => Spell(name["Store".Length..]),
            _ => "-" + string.Concat(name.Select(c => char.IsUpper(c) ? $"-{char.ToLowerInvariant(c)}" : $"{c}")),
        };

    public static void AddAll(this Command command, params Option[] options)
    {
        foreach (var option in options)
        {
            command.Add(option);
        }
    }

    public static Option<bool> Json() =>
        new("--json") { Description = "Print one JSON array on standard output, and nothing else." };

    public static Option<bool> Verbose() =>
        new("--verbose") { Description = "Show each step of the run on standard error." };

    public static Option<int?> Number(string name, string description, string helpName, int least)
    {
        var option = new Option<int?>(name) { Description = description, HelpName = helpName };
        option.Validators.Add(result =>
        {
            if (
                result.Tokens is [{ Value: var text }]
                && !(
                    int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                    && number >= least
                )
            )
            {
                result.AddError($"Option '{name}' takes a whole number from {least} on.");
            }
        });
        return option;
    }

    public static Option<string> DestinationPath(string description, string helpName) =>
        new("--destination-path")
        {
            Description = description,
            HelpName = helpName,
            Required = true,
        };

    public static Argument<string> Folder() =>
        new("FOLDER")
        {
            Description = "The folder that holds the bundles, s3://BUCKET/PREFIX, or az://CONTAINER/PREFIX.",
        };

    public static Option<string?> Text(string name, string description, string helpName) =>
        new(name) { Description = description, HelpName = helpName };

    public static Option<string?> ChainId(string description = "The chain, if the folder holds several.") =>
        Text("--chain-id", description, "ID");

    public static Option<string?> Span(string name, string description) =>
        Text(name, description + " As [d.]hh:mm[:ss].", "SPAN");

    public static Option<bool> DryRun(string description = "Only show what would be read and written.") =>
        Switch("--dry-run", description);

    public static Option<bool> Switch(string name, string description) => new(name) { Description = description };

    public static string? AbsoluteOrNull(string? path) => path is null ? null : LocalPath.Absolute(path);

    public static ulong? Position(string? text) => text is null ? null : TargetText.ParsePosition(text);

    public static DateTimeOffset? Time(string? text) => text is null ? null : TargetText.ParseTime(text);

    public static ReportFormat ParseFormat(string? text) =>
        text is null ? ReportFormat.Html
        : Enum.GetNames<ReportFormat>().Contains(text, StringComparer.OrdinalIgnoreCase)
            ? Enum.Parse<ReportFormat>(text, ignoreCase: true)
        : throw new BackupException(
            ErrorCode.InvalidOption,
            $"'{text}' is not a report format: Html, Json or Prometheus"
        );

    public static TimeSpan? ParseSpan(string? text) => text is null ? null : TargetText.ParseSpan(text);
}
