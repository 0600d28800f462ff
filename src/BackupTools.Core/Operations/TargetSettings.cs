using System.Globalization;
using BackupTools.Chains;
using BackupTools.Errors;

namespace BackupTools.Operations;

/// <summary>Which chain, and which of its states: shared by test and restore, so that both mean the same.</summary>
public record TargetSettings
{
    /// <summary>What a report names the newest state.</summary>
    internal const string Latest = "Latest";

    /// <summary>The folder of bundles, or one bundle; absolute.</summary>
    public required string Path { get; init; }

    /// <summary>Only these bundles of the folder, full names; null for all.</summary>
    public IReadOnlyList<string>? Bundles { get; init; }

    /// <summary>The chain; null when the folder leaves no doubt.</summary>
    public string? ChainId { get; init; }

    /// <summary>Only this engine's bundles; null for all.</summary>
    public string? Engine { get; init; }

    /// <summary>The position to reach; null for none.</summary>
    public ulong? ToPosition { get; init; }

    /// <summary>The time to reach; null for none. With neither a time nor a position: the newest state.</summary>
    public DateTimeOffset? PointInTime { get; init; }

    /// <summary>
    /// The chain must reach this position at least: else the end of it was removed. Null where nobody knows.
    /// </summary>
    public ulong? ExpectedPosition { get; init; }

    internal RestoreTarget Target =>
        (ToPosition, PointInTime) switch
        {
            (null, null) => RestoreTarget.Latest,
            ({ } position, null) => new RestoreTarget.PositionTarget(position),
            (null, { } time) => new RestoreTarget.TimeTarget(time),
            _ => throw new BackupException(
                ErrorCode.InvalidOption,
                "a restore goes to a position or to a time, not both"
            ),
        };

    /// <summary>Refuses a chain that ends too early.</summary>
    /// <exception cref="BackupException">TargetNotCovered.</exception>
    internal void RequireEnd(BackupChain chain)
    {
        var end = (chain.Head?.End ?? chain.Bundles[^1].End).Value;
        if (ExpectedPosition is { } expected && end < expected)
        {
            throw new BackupException(
                ErrorCode.TargetNotCovered,
                "the chain ends before the position that it should have reached: its end may have been removed",
                chain.Folder,
                expected: $"{expected}",
                actual: $"{end}",
                recommendation: "Look for the missing bundles in another copy."
            );
        }
    }

    internal string TargetText =>
        Target switch
        {
            RestoreTarget.PositionTarget p => p.Value.ToString(CultureInfo.InvariantCulture),
            RestoreTarget.TimeTarget t => t.Instant.UtcDateTime.ToString("O", CultureInfo.InvariantCulture),
            _ => Latest,
        };
}
