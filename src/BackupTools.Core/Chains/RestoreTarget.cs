namespace BackupTools.Chains;

/// <summary>What a restore should lead to: the newest state, a position, or the state at a time.</summary>
internal abstract record RestoreTarget
{
    private RestoreTarget() { }

    /// <summary>The newest state that the chain holds.</summary>
    public static RestoreTarget Latest { get; } = new LatestTarget();

    /// <summary>The newest state.</summary>
    internal sealed record LatestTarget : RestoreTarget;

    /// <summary>The state at exactly this position, or (where a log is cut) after the last whole unit up to it.</summary>
    internal sealed record PositionTarget(ulong Value) : RestoreTarget;

    /// <summary>The newest state not later than this instant.</summary>
    internal sealed record TimeTarget(DateTimeOffset Instant) : RestoreTarget;
}
