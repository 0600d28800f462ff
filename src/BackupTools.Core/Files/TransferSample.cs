namespace BackupTools.Files;

/// <summary>A file that is being worked on.</summary>
internal sealed record FileProgress(string Path, long DoneBytes, long TotalBytes);

/// <summary>What a transfer looks like at one moment.</summary>
internal sealed record TransferSample
{
    /// <summary>What the run does now, for people.</summary>
    public required string Activity { get; init; }

    /// <summary>Bytes expected; grows while the run finds out more, never less than <see cref="DoneBytes"/>.</summary>
    public required long TotalBytes { get; init; }

    public required long DoneBytes { get; init; }

    /// <summary>How much of the total is done, 0 to 100; -1 while the total is unknown.</summary>
    public required int Percent { get; init; }

    /// <summary>The files being worked on, oldest first.</summary>
    public required IReadOnlyList<FileProgress> CurrentFiles { get; init; }

    /// <summary>Bytes per second, smoothed over some seconds; 0 while unknown.</summary>
    public required double Rate { get; init; }

    /// <summary>Seconds left at this rate; -1 when unknown.</summary>
    public required int SecondsRemaining { get; init; }
}
