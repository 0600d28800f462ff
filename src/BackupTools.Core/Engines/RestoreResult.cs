using BackupTools.Chains;
using BackupTools.Files;

namespace BackupTools.Engines;

/// <summary>A complete and verified database in staging.</summary>
internal sealed record RestoreResult
{
    /// <summary>
    /// The renames and removals that put it in place, in order; the file that makes it openable comes last. An
    /// existing database is replaced only by steps that say so; the operation has checked that it may be.
    /// </summary>
    public required IReadOnlyList<PublishStep> Steps { get; init; }

    /// <summary>The position really reached.</summary>
    public required ChainPosition End { get; init; }

    /// <summary>Absolute paths of the restored files, final names.</summary>
    public required IReadOnlyList<string> Files { get; init; }

    /// <summary>Total bytes restored.</summary>
    public required long Length { get; init; }

    /// <summary>The tables and their rows; null where they were not counted.</summary>
    public IReadOnlyList<TableRows>? Tables { get; init; }
}
