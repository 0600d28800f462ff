using BackupTools.Errors;

namespace BackupTools.Chains;

/// <summary>
/// Which restore points to keep. A restore point is a bundle that its chain reaches: the state after it. Rules add up:
/// a point stays when any rule keeps it. All times are UTC; weeks begin on Monday (ISO 8601).
/// </summary>
internal sealed record RetentionPolicy
{
    /// <summary>Keep the newest N restore points.</summary>
    public int? Last { get; init; }

    /// <summary>
    /// Keep every restore point not older than this, counted back from the newest one. Not from now: when backups
    /// have stopped, time passing must not eat the ones that are left.
    /// </summary>
    public TimeSpan? Within { get; init; }

    /// <summary>Keep the newest restore point of each of the last N days that have one.</summary>
    public int? Daily { get; init; }

    /// <summary>Keep the newest restore point of each of the last N ISO weeks that have one.</summary>
    public int? Weekly { get; init; }

    /// <summary>Keep the newest restore point of each of the last N months that have one.</summary>
    public int? Monthly { get; init; }

    /// <summary>Keep the newest restore point of each of the last N years that have one.</summary>
    public int? Yearly { get; init; }

    /// <summary>Refuses a policy without any rule, and rules that mean nothing.</summary>
    /// <exception cref="BackupException">InvalidOption.</exception>
    public void Validate()
    {
        int?[] counts = [Last, Daily, Weekly, Monthly, Yearly];
        if (Within is null && Array.TrueForAll(counts, c => c is null))
        {
            throw new BackupException(
                ErrorCode.InvalidOption,
                "no rule says what to keep",
                recommendation: $"Give at least one of the keep rules, such as {Spelling.Of("KeepLast")} 7."
            );
        }
        if (Array.Exists(counts, c => c < 0) || Within < TimeSpan.Zero)
        {
            throw new BackupException(ErrorCode.InvalidOption, "a keep rule cannot be negative");
        }
    }
}
