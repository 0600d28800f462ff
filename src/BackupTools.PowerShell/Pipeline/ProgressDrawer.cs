using System.Diagnostics;
using System.Globalization;
using System.Management.Automation;
using BackupTools.Operations;
using BackupTools.Reports;

namespace BackupTools.PowerShell.Pipeline;

/// <summary>
/// Turns samples into progress records: one for the run, one below it for each file being worked on. Draws first
/// after half a second and then at most five times a second.
/// </summary>
internal sealed class ProgressDrawer(IStreams streams, string activity)
{
    /// <summary>The id of the run's record; those of the files follow it.</summary>
    public const int RootId = 7240;

    private const int MaxFiles = 8;

    private static readonly TimeSpan FirstAfter = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);

    private readonly long _started = Stopwatch.GetTimestamp();
    private readonly Dictionary<string, int> _files = [];
    private long? _drawn;

    /// <summary>Draws when it is time to.</summary>
    public void Tick(OperationHost host)
    {
        var due = _drawn is { } last ? Stopwatch.GetElapsedTime(last) >= Interval : IsLate;
        if (due)
        {
            _drawn = Stopwatch.GetTimestamp();
            Draw(host.SampleProgress());
        }
    }

    /// <summary>
    /// Takes every bar away. After a stop PowerShell refuses all writing and clears the bars itself.
    /// </summary>
    public void Complete(bool stopped)
    {
        if (_drawn is null || stopped)
        {
            return;
        }
        try
        {
            foreach (var id in _files.Values)
            {
                streams.Progress(Completed(id));
            }
            streams.Progress(Completed(RootId));
        }
        catch (PipelineStoppedException)
        {
            // The stop came between the look at the token and the write; the bars are gone as well then.
        }
    }

    private bool IsLate => Stopwatch.GetElapsedTime(_started) >= FirstAfter;

    private void Draw(ProgressSample sample)
    {
        streams.Progress(
            new ProgressRecord(RootId, activity, Status(sample))
            {
                PercentComplete = sample.PercentComplete,
                SecondsRemaining = sample.SecondsRemaining,
                CurrentOperation = sample.Activity,
            }
        );
        var current = sample.Files.Take(MaxFiles).ToDictionary(f => f.FullName, StringComparer.Ordinal);
        foreach (var (name, id) in _files.Where(f => !current.ContainsKey(f.Key)).ToArray())
        {
            _files.Remove(name);
            streams.Progress(Completed(id));
        }
        foreach (var file in current.Values)
        {
            streams.Progress(
                new ProgressRecord(
                    IdOf(file.FullName),
                    Path.GetFileName(file.FullName),
                    Of(file.DoneBytes, file.TotalBytes)
                )
                {
                    ParentActivityId = RootId,
                    PercentComplete = Percent(file.DoneBytes, file.TotalBytes),
                }
            );
        }
    }

    private int IdOf(string file)
    {
        if (!_files.TryGetValue(file, out var id))
        {
            id = Enumerable.Range(RootId + 1, MaxFiles + 1).First(free => !_files.ContainsValue(free));
            _files.Add(file, id);
        }
        return id;
    }

    private static ProgressRecord Completed(int id) =>
        new(id, "BackupTools", "Completed")
        {
            RecordType = ProgressRecordType.Completed,
            ParentActivityId = id == RootId ? -1 : RootId,
        };

    private static string Status(ProgressSample sample)
    {
        var rate = sample.Rate > 0 ? $", {ReportText.Size((long)sample.Rate)}/s" : "";
        var done =
            sample.PercentComplete < 0 ? ReportText.Size(sample.DoneBytes) : Of(sample.DoneBytes, sample.TotalBytes);
        return done + rate;
    }

    private static string Of(long done, long total) =>
        string.Create(CultureInfo.InvariantCulture, $"{ReportText.Size(done)} of {ReportText.Size(total)}");

    private static int Percent(long done, long total) =>
        total <= 0 ? -1 : (int)Math.Clamp(100.0 * done / total, 0, 100);
}
