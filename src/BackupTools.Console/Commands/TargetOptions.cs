using System.CommandLine;
using BackupTools.Operations;

namespace BackupTools.Console.Commands;

/// <summary>Which chain and which of its states: what the verbs test, restore and merge share.</summary>
internal sealed class TargetOptions(bool writes, bool writesStores = false)
{
    private readonly Argument<string> _folder = Options.Folder();
    private readonly Option<string?> _chainId = Options.ChainId();
    private readonly Option<string?> _toPosition = Options.Text(
        "--to-position",
        "The position to reach (WAL bytes, epoch or LSN, as the engine counts).",
        "N"
    );
    private readonly Option<string?> _pointInTime = Options.Text(
        "--point-in-time",
        "The time to reach, ISO 8601 with an offset, such as 2026-11-20T04:10:00Z.",
        "T"
    );
    private readonly Option<string?> _expected = Options.Text(
        "--expected-position",
        "The chain must reach this position at least: else its end was removed.",
        "N"
    );
    private readonly CommonOptions _common = new(writes, writesStores);

    public void AddTo(Command command)
    {
        command.Add(_folder);
        command.AddAll(_toPosition, _pointInTime, _chainId, _expected);
        _common.AddTo(command);
        command.Validators.Add(result =>
        {
            if (result.GetResult(_toPosition) is not null && result.GetResult(_pointInTime) is not null)
            {
                result.AddError("Options '--to-position' and '--point-in-time' cannot be combined.");
            }
        });
    }

    public int Run(StopSignals signals, ParseResult parsed, Action<Run, TargetSettings> work) =>
        _common.Run(
            signals,
            parsed,
            run =>
                work(
                    run,
                    new TargetSettings
                    {
                        Path = LocalPath.AbsoluteOrStore(parsed.GetRequiredValue(_folder)),
                        ChainId = parsed.GetValue(_chainId),
                        Engine = _common.Engine(parsed),
                        ToPosition = Options.Position(parsed.GetValue(_toPosition)),
                        ExpectedPosition = Options.Position(parsed.GetValue(_expected)),
                        PointInTime = Options.Time(parsed.GetValue(_pointInTime)),
                    }
                )
        );
}
