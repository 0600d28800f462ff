using System.CommandLine;
using System.Diagnostics;
using BackupTools.Errors;
using BackupTools.Operations;

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
    private readonly Option<string?> _walPath = Options.WalPath(
        "SPG: the write-ahead log, when not beside the database."
    );
    private readonly Option<bool> _includeWal = Options.Switch(
        "--include-wal",
        "PowDB: capture a non-empty log together with the data."
    );
    private readonly Option<bool> _noCursor = Options.Switch(
        "--no-cursor",
        "Grafeo: leave the engine's backup cursor beside the source alone."
    );
    private readonly Option<string[]> _forget = new("--forget-destination")
    {
        Description = "Grafeo: a former destination that no longer holds back the cursor; may be given several times.",
        HelpName = "FOLDER",
    };
    private readonly Option<bool> _engineLayout = Options.Switch(
        "--engine-layout",
        "Alopex: write into the engine's own layout of backups."
    );
    private readonly Option<string?> _checkpoint = new("--checkpoint")
    {
        Description = "A shell command that has the engine write a checkpoint; run just before the copy.",
        HelpName = "COMMAND",
    };
    private readonly Option<bool> _json = Options.Json();
    private readonly Option<bool> _verbose = Options.Verbose();
    private readonly Option<int?> _throttleLimit = Options.ThrottleLimit();

    public void AddTo(Command command)
    {
        command.Add(_source);
        foreach (
            var option in new Option[]
            {
                _destination,
                _engine,
                _walPath,
                _includeWal,
                _noCursor,
                _forget,
                _engineLayout,
                _checkpoint,
                _json,
                _verbose,
                _throttleLimit,
            }
        )
        {
            command.Add(option);
        }
    }

    public int Run(StopSignals signals, ParseResult parsed, Action<Run, BackupSettings> work) =>
        Console.Run.Of(
            signals,
            parsed.GetValue(_json),
            parsed.GetValue(_verbose),
            parsed.GetValue(_throttleLimit),
            run => work(run, Settings(parsed, signals.Token))
        );

    private BackupSettings Settings(ParseResult parsed, CancellationToken stop) =>
        new()
        {
            SourcePath = LocalPath.Absolute(parsed.GetRequiredValue(_source)),
            DestinationPath = LocalPath.Absolute(parsed.GetRequiredValue(_destination)),
            Engine = parsed.GetValue(_engine),
            WalPath = Options.AbsoluteOrNull(parsed.GetValue(_walPath)),
            IncludeWal = parsed.GetValue(_includeWal),
            NoCursor = parsed.GetValue(_noCursor),
            ForgetDestination = (parsed.GetValue(_forget) ?? []).Select(LocalPath.Absolute).ToArray(),
            EngineLayout = parsed.GetValue(_engineLayout),
            Checkpoint = parsed.GetValue(_checkpoint) is { } command ? () => RunCheckpoint(command, stop) : null,
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
