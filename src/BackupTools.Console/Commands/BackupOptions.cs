using System.CommandLine;
using System.Diagnostics;
using System.Reflection;
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
        "The folder for the bundles; made when it does not exist.",
        "FOLDER"
    );
    private readonly Option<string?> _engine = Options.Engine();
    private readonly IReadOnlyList<(PropertyInfo Property, Option Option)> _ofEngines;
    private readonly Option<bool> _dryRun = Options.DryRun();
    private readonly Option<bool> _json = Options.Json();
    private readonly Option<bool> _verbose = Options.Verbose();
    private readonly Option<int?> _throttleLimit = Options.ThrottleLimit();

    /// <summary>Adds them to a verb.</summary>
    public BackupOptions(Command command, bool ofIncrements = false)
    {
        _ofEngines =
        [
            .. EngineOptions
                .All.Where(o => ofIncrements || !o.Option.OfIncrements)
                .Select(o => (o.Property, Make(o.Property, o.Option.Help))),
        ];
        command.Add(_source);
        command.AddAll([
            _destination,
            _engine,
            .. _ofEngines.Select(o => o.Option),
            _dryRun,
            _json,
            _verbose,
            _throttleLimit,
        ]);
    }

    /// <summary>Takes the backup; <paramref name="complete"/> adds what only one of the verbs knows.</summary>
    public int Run(StopSignals signals, ParseResult parsed, Func<BackupSettings, BackupSettings> complete) =>
        Console.Run.Of(
            signals,
            parsed.GetValue(_json),
            parsed.GetValue(_verbose),
            parsed.GetValue(_throttleLimit),
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
            DestinationPath = LocalPath.Absolute(parsed.GetRequiredValue(_destination)),
            Engine = parsed.GetValue(_engine),
        };
        foreach (var (property, option) in _ofEngines)
        {
            property.SetValue(settings, ValueOf(property, option, parsed, stop));
        }
        return settings;
    }

    private static Option Make(PropertyInfo property, string help)
    {
        var name = Options.Spell(property.Name);
        return property.PropertyType == typeof(bool) ? Options.Switch(name, help)
            : property.PropertyType == typeof(string) ? Options.Text(name, help, "FILE")
            : property.PropertyType == typeof(Action) ? Options.Text(name, help, "COMMAND")
            : new Option<string[]>(name) { Description = help, HelpName = "FOLDER" };
    }

    private static object? ValueOf(PropertyInfo property, Option option, ParseResult parsed, CancellationToken stop) =>
        option switch
        {
            Option<bool> given => parsed.GetValue(given),
            Option<string[]> given => (parsed.GetValue(given) ?? []).Select(LocalPath.Absolute).ToArray(),
            Option<string?> given when parsed.GetValue(given) is { } text => property.PropertyType == typeof(string)
                ? LocalPath.Absolute(text)
                : () => RunCheckpoint(text, stop),
            _ => null,
        };

    private static void RunCheckpoint(string command, CancellationToken stop)
    {
        var (shell, flag) = OperatingSystem.IsWindows() ? ("cmd.exe", "/c") : ("/bin/sh", "-c");
        var start = new ProcessStartInfo(shell) { UseShellExecute = false, RedirectStandardOutput = true };
        start.ArgumentList.Add(flag);
        start.ArgumentList.Add(command);
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
