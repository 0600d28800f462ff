using BackupTools.Chains;

namespace BackupTools.Operations;

/// <summary>
/// Which bundles of a folder to keep. Rules add up: a restore point stays when any of them keeps it. All times are UTC,
/// weeks begin on Monday; of several points in one period the newest stays.
/// </summary>
public sealed record ExpirySettings
{
    /// <summary>The folder of bundles, absolute; or s3://bucket/prefix, az://container/prefix.</summary>
    public required string Path { get; init; }

    /// <summary>Only this engine's bundles; null for all.</summary>
    public string? Engine { get; init; }

    /// <summary>
    /// Remove bundles of these chains only; null for all. What to keep is still decided over the whole folder.
    /// </summary>
    public IReadOnlyList<string>? ChainIds { get; init; }

    /// <summary>Keep the newest N restore points.</summary>
    public int? KeepLast { get; init; }

    /// <summary>Keep every restore point not older than this, counted back from the newest one.</summary>
    public TimeSpan? KeepWithin { get; init; }

    /// <summary>Keep the newest restore point of each of the last N days that have one.</summary>
    public int? KeepDaily { get; init; }

    /// <summary>Keep the newest restore point of each of the last N ISO weeks that have one.</summary>
    public int? KeepWeekly { get; init; }

    /// <summary>Keep the newest restore point of each of the last N months that have one.</summary>
    public int? KeepMonthly { get; init; }

    /// <summary>Keep the newest restore point of each of the last N years that have one.</summary>
    public int? KeepYearly { get; init; }

    /// <summary>Allow removing the newest restore point of a database.</summary>
    public bool Force { get; init; }

    internal RetentionPolicy Policy =>
        new()
        {
            Last = KeepLast,
            Within = KeepWithin,
            Daily = KeepDaily,
            Weekly = KeepWeekly,
            Monthly = KeepMonthly,
            Yearly = KeepYearly,
        };
}
