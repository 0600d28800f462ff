using BackupTools.Operations;
using BackupTools.Reports;

namespace BackupTools.Console.Output;

/// <summary>
/// One line on standard error that is drawn over and over while an operation lasts, and only on a terminal: in a log
/// it would be noise.
/// </summary>
internal sealed class Progress : IDisposable
{
    private const string EraseLine = "\r\u001b[K";

    private static readonly TimeSpan FirstAfter = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);

    private readonly Lock _gate = new();
    private Timer? _timer;
    private bool _drawn;

    /// <summary>Draws the operation from now on.</summary>
    public void Watch(OperationHost host)
    {
        if (!System.Console.IsErrorRedirected)
        {
            _timer = new Timer(_ => Draw(host), null, FirstAfter, Interval);
        }
    }

    /// <summary>A line that stays, above the one that moves.</summary>
    public void WriteLine(string text)
    {
        lock (_gate)
        {
            Erase();
            System.Console.Error.WriteLine(text);
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _timer?.Dispose();
            _timer = null;
            Erase();
        }
    }

    private void Draw(OperationHost host)
    {
        var sample = host.SampleProgress();
        var rate = sample.Rate > 0 ? $", {ReportText.Size((long)sample.Rate)}/s" : "";
        var left = sample.SecondsRemaining >= 0 ? $", {sample.SecondsRemaining} s left" : "";
        var total = sample.PercentComplete >= 0 ? $" of {ReportText.Size(sample.TotalBytes)}" : "";
        var file = sample.Files.Count > 0 ? "  " + Path.GetFileName(sample.Files[^1].FullName) : "";
        lock (_gate)
        {
            // A tick that was on its way when the run ended must not draw on a clean line.
            if (_timer is not null)
            {
                System.Console.Error.Write(
                    $"{EraseLine}{sample.Activity} {ReportText.Size(sample.DoneBytes)}{total}{rate}{left}{file}"
                );
                _drawn = true;
            }
        }
    }

    private void Erase()
    {
        if (_drawn)
        {
            System.Console.Error.Write(EraseLine);
            _drawn = false;
        }
    }
}
