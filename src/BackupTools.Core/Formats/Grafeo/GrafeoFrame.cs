namespace BackupTools.Formats.Grafeo;

/// <summary>
/// One whole frame of a 0.6.0 log (Grafeo format, §7.2). Frames make groups: what one commit writes. The frame that
/// <see cref="EndsGroup"/> carries what its group's first frame said.
/// </summary>
/// <param name="Lsn">Position of the frame.</param>
/// <param name="EndLsn">Position after it.</param>
/// <param name="EndsGroup">The group is complete: committed.</param>
/// <param name="GroupLsn">Position of its group's first frame.</param>
/// <param name="SyncedLsn">Up to here the log was durable when the group was written.</param>
/// <param name="Epoch">
/// The epoch the group commits at; the current one for changes to the schema, which advance none. Null for a group
/// without records (a seal).
/// </param>
/// <param name="TimestampMs">When the group was committed, in milliseconds since 1970; null for a seal.</param>
internal readonly record struct GrafeoFrame(
    ulong Lsn,
    ulong EndLsn,
    bool EndsGroup,
    ulong GroupLsn,
    ulong SyncedLsn,
    ulong? Epoch,
    ulong? TimestampMs
);
