using System.CommandLine;
using BackupTools.Operations;

namespace BackupTools.Console.Commands;

/// <summary>Which chain and which of its states: what the verbs test and restore share.</summary>
internal sealed class TargetOptions
{
    private readonly Argument<string> _folder = new("FOLDER") { Description = "The folder that holds the bundles." };
    private readonly Option<string?> _chainId = Options.ChainId();
    private readonly Option<string?> _engine = Options.Engine();
    private readonly Option<string?> _toPosition = Options.ToPosition();
    private readonly Option<string?> _pointInTime = Options.PointInTime();
    private readonly Option<bool> _json = Options.Json();
    private readonly Option<bool> _verbose = Options.Verbose();

    public void AddTo(Command command)
    {
        command.Add(_folder);
        foreach (var option in new Option[] { _toPosition, _pointInTime, _chainId, _engine, _json, _verbose })
        {
            command.Add(option);
        }
        command.Validators.Add(result =>
        {
            if (result.GetResult(_toPosition) is not null && result.GetResult(_pointInTime) is not null)
            {
                result.AddError("Options '--to-position' and '--point-in-time' exclude each other.");
            }
        });
    }

    public int Run(StopSignals signals, ParseResult parsed, Action<Run, TargetSettings> work) =>
        Console.Run.Of(
            signals,
            parsed.GetValue(_json),
            parsed.GetValue(_verbose),
            run =>
                work(
                    run,
                    new TargetSettings
                    {
                        Path = Options.Absolute(parsed.GetRequiredValue(_folder)),
                        ChainId = parsed.GetValue(_chainId),
                        Engine = parsed.GetValue(_engine),
                        ToPosition = Options.Position(parsed.GetValue(_toPosition)),
                        PointInTime = Options.Time(parsed.GetValue(_pointInTime)),
                    }
                )
        );
}
