using System.CommandLine;
using System.Diagnostics;
using BackupTools.Errors;
using BackupTools.Operations;
using BackupTools.Options;

namespace BackupTools.Console.Commands;

/// <summary>What the verbs full and incremental share.</summary>
internal sealed class BackupOptions
{
    private readonly Argument<string> _source = new("SOURCE")
    {
        Description = "The database: a file or a data folder.",
    };
    private readonly Option<string> _destination = Options.DestinationPath(
        "The folder for the bundles, created if missing; or s3://BUCKET/PREFIX.",
        "FOLDER"
    );
    private readonly IReadOnlyList<(EngineOption Declared, Option Option)> _ofEngines;
    private readonly Option<string?> _signing = IdentityOptions.SigningKeyPath();
    private readonly RecipientOptions _recipients = new("the bundle");
    private readonly Option<string?> _statePath = Options.Text(
        "--state-path",
        "A folder of this machine for what the next encrypted increment must know; it then needs no identity.",
        "FOLDER"
    );
    private readonly Option<bool> _dryRun = Options.DryRun();
    private readonly CommonOptions _common = new(writes: true, writesStores: true, trusts: false);

    /// <summary>Adds them to a verb.</summary>
    public BackupOptions(Command command, bool ofIncrements = false)
    {
        _ofEngines = [.. EngineOptions.All.Where(o => ofIncrements || !o.OfIncrements).Select(o => (o, Make(o)))];
        command.Add(_source);
        command.AddAll([
            _destination,
            .. _ofEngines.Select(o => o.Option),
            .. _recipients.All,
            _statePath,
            _signing,
            _dryRun,
        ]);
        _common.AddTo(command);
    }

    /// <summary>Takes the backup; <paramref name="complete"/> adds what only one of the verbs knows.</summary>
    public int Run(StopSignals signals, ParseResult parsed, Func<BackupSettings, BackupSettings> complete) =>
        _common.Run(
            signals,
            parsed,
            run =>
            {
                var settings = complete(Settings(parsed, signals.Token));
                run.Carry(
                    parsed.GetValue(_dryRun),
                    host => TakeBackup.Plan(settings, host),
                    TakeBackup.Execute,
                    run.EmitPublished
                );
            }
        );

    private BackupSettings Settings(ParseResult parsed, CancellationToken stop)
    {
        var settings = new BackupSettings
        {
            SourcePath = LocalPath.Absolute(parsed.GetRequiredValue(_source)),
            DestinationPath = LocalPath.AbsoluteOrStore(parsed.GetRequiredValue(_destination)),
            Engine = _common.Engine(parsed),
            SigningKeyPath = Options.AbsoluteOrNull(parsed.GetValue(_signing)),
            Recipients = _recipients.Keys(parsed),
            RecipientsFiles = _recipients.Files(parsed),
            StatePath = Options.AbsoluteOrNull(parsed.GetValue(_statePath)),
        };
        foreach (var (declared, option) in _ofEngines)
        {
            typeof(BackupSettings)
                .GetProperty(declared.Name)!
                .SetValue(settings, ValueOf(declared, option, parsed, stop));
        }
        return settings;
    }

    private static Option Make(EngineOption declared)
    {
        var (name, help) = (Options.Spell(declared.Name), declared.Help);
        return declared.Type == typeof(bool) ? Options.Switch(name, help)
            : declared.Type == typeof(string) ? Options.Text(name, help, "FILE")
            : declared.Type == typeof(Action) ? Options.Text(name, help, "COMMAND")
            : new Option<string[]>(name) { Description = help, HelpName = "FOLDER" };
    }

    private static object? ValueOf(EngineOption declared, Option option, ParseResult parsed, CancellationToken stop) =>
        option switch
        {
            Option<bool> given => parsed.GetValue(given),
            Option<string[]> given => (parsed.GetValue(given) ?? []).Select(LocalPath.AbsoluteOrStore).ToArray(),
            Option<string?> given when parsed.GetValue(given) is { } text => declared.Type == typeof(string)
                ? LocalPath.Absolute(text)
                : () => RunCheckpoint(text, stop),
            _ => null,
        };

    private static void RunCheckpoint(string command, CancellationToken stop)
    {
        // cmd.exe takes the line as it is, but for the first and the last quotation mark; it knows no \" in it.
        var start = OperatingSystem.IsWindows()
            ? new ProcessStartInfo("cmd.exe", $"/d /s /c \"{command}\"")
            : new ProcessStartInfo("/bin/sh", ["-c", command]);
        (start.UseShellExecute, start.RedirectStandardOutput) = (false, true);
        using var process = Process.Start(start)!;
        using var kill = stop.Register(() => process.Kill(entireProcessTree: true));
        // Standard output is for results alone.
        process.OutputDataReceived += (_, line) =>
        {
            if (line.Data is not null)
            {
                System.Console.Error.WriteLine(line.Data);
            }
        };
        process.BeginOutputReadLine();
        process.WaitForExit();
        stop.ThrowIfCancellationRequested();
        if (process.ExitCode != 0)
        {
            throw new BackupException(
                ErrorCode.Unexpected,
                $"the checkpoint command ended with exit code {process.ExitCode}",
                recommendation: "Correct the command of --checkpoint, or leave it out."
            );
        }
    }
}
