using BackupTools.Chains;
using BackupTools.Options;

namespace BackupTools.Engines;

/// <summary>A backup that is asked for. Paths are absolute and native.</summary>
internal sealed record CaptureRequest
{
    /// <summary>The database's own file or folder; never a link.</summary>
    public required string SourcePath { get; init; }

    /// <summary>
    /// What the user calls the database, which names the bundles: the name of a link where one was given, so that the
    /// database id stays when the link is pointed to the next release. Whether the log continues is proved by its
    /// content.
    /// </summary>
    public string Name
    {
        get => field ?? Path.GetFileName(Path.TrimEndingDirectorySeparator(SourcePath));
        init;
    }

    /// <summary>The folder that receives the bundle; need not exist.</summary>
    public required string DestinationFolder { get; init; }

    public required BundleKind Kind { get; init; }

    public required EngineOptions Options { get; init; }

    /// <summary>The chain that the increment continues; null for a full, or when only a position is known.</summary>
    public BackupChain? Chain { get; init; }

    /// <summary>The bundle that the increment builds on; null for a full, or when only a position is known.</summary>
    public BundleHeader? Parent { get; init; }

    /// <summary>
    /// The latest <see cref="BundleHeader.OrderUtc"/> of this database's bundles at the destination, of those that cannot be
    /// read too; null when there is none.
    /// </summary>
    public DateTimeOffset? NewestUtc { get; init; }

    /// <summary>
    /// A full: the newest chain of a database of this name at the destination. It is not needed, but a database that
    /// does not follow it is worth a warning. Null for none.
    /// </summary>
    public BackupChain? Earlier { get; init; }

    /// <summary>The position to continue from, when the user gave one; otherwise the parent's end.</summary>
    public ulong? Since { get; init; }
}
