using BackupTools.Files;

namespace BackupTools.Operations;

/// <summary>What an operation looks like at one moment; front ends draw it.</summary>
public sealed record ProgressSample
{
    /// <summary>What the run does now, for people: "reading", "verifying"; may be empty.</summary>
    public required string Activity { get; init; }

    /// <summary>Bytes expected; grows while the run finds out more, never less than <see cref="DoneBytes"/>.</summary>
    public required long TotalBytes { get; init; }

    /// <summary>Bytes done.</summary>
    public required long DoneBytes { get; init; }

    /// <summary>How much of the total is done, 0 to 100; -1 while the total is unknown.</summary>
    public required int PercentComplete { get; init; }

    /// <summary>Bytes per second, smoothed over some seconds; 0 while unknown.</summary>
    public required double Rate { get; init; }

    /// <summary>Seconds left at this rate; -1 when unknown.</summary>
    public required int SecondsRemaining { get; init; }

    /// <summary>The files being worked on, oldest first.</summary>
    public required IReadOnlyList<FileSample> Files { get; init; }

    internal static ProgressSample From(TransferSample sample) =>
        new()
        {
            Activity = sample.Activity,
            TotalBytes = sample.TotalBytes,
            DoneBytes = sample.DoneBytes,
            PercentComplete = sample.Percent,
            Rate = sample.Rate,
            SecondsRemaining = sample.SecondsRemaining,
            Files = sample.CurrentFiles.Select(f => new FileSample(f.Path, f.DoneBytes, f.TotalBytes)).ToArray(),
        };
}

/// <summary>A file that is being worked on.</summary>
/// <param name="FullName">Its absolute path.</param>
/// <param name="DoneBytes">Bytes done.</param>
/// <param name="TotalBytes">Bytes expected, never less than <paramref name="DoneBytes"/>.</param>
public sealed record FileSample(string FullName, long DoneBytes, long TotalBytes);
