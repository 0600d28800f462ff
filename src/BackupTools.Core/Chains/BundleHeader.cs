using BackupTools.Errors;

namespace BackupTools.Chains;

/// <summary>
/// The one neutral description of a bundle, read from the bundle's own header and never from a catalogue.
/// </summary>
internal record BundleHeader
{
    private readonly DateTimeOffset? _order;
    private readonly DateTimeOffset? _state;
    private readonly DateTimeOffset? _perhaps;

    /// <summary>The engine's name as in EngineNames.</summary>
    public required string Engine { get; init; }

    public required BundleKind Kind { get; init; }

    /// <summary>
    /// Increment: the position it builds on, equal to the <see cref="End"/> of what precedes it.
    /// Full: the earliest position it can restore to; equal to <see cref="End"/> when it holds one image only.
    /// </summary>
    public required ChainPosition Start { get; init; }

    /// <summary>The position of the state after this bundle is applied.</summary>
    public required ChainPosition End { get; init; }

    /// <summary>When it was taken, as the bundle itself says; UTC.</summary>
    public required DateTimeOffset CreatedUtc { get; init; }

    /// <summary>
    /// The earliest time at which it can have been taken, as far as anything besides its date tells. It is not a date
    /// to count by; but what is dated later and does not tell its place may be newer.
    /// </summary>
    public DateTimeOffset PerhapsAtUtc
    {
        get => _perhaps ?? CreatedUtc;
        init => _perhaps = value;
    }

    /// <summary>
    /// It was taken after every bundle of its folder whose <see cref="OrderUtc"/> is not later than this, though its own
    /// date is; as its name, its side file or the manifest's order say. Null when they say nothing: its date is then all
    /// there is.
    /// </summary>
    public DateTimeOffset? TakenAfterUtc { get; init; }

    /// <summary>
    /// It is known to be ours: without <see cref="TakenAfterUtc"/> nothing that is dated later was there. False where
    /// the engine may have made it, which says nothing of the kind.
    /// </summary>
    public bool TellsOrder { get; init; }

    /// <summary>
    /// Its place in the order in which the bundles were taken: a time of that order, not of a clock. The later of its
    /// date and what follows <see cref="TakenAfterUtc"/>; in a chain never before that of what it builds on.
    /// </summary>
    public DateTimeOffset OrderUtc
    {
        get =>
            _order ?? (TakenAfterUtc is { } t && ClockOrder.After(t) > CreatedUtc ? ClockOrder.After(t) : CreatedUtc);
        init => _order = value;
    }

    /// <summary>
    /// The date of its state as far as the chain tells: a bundle is not older than what it builds on. Dates after now
    /// are wrong and do not count.
    /// </summary>
    public DateTimeOffset StateUtc
    {
        get => _state ?? CreatedUtc;
        init => _state = value;
    }

    /// <summary>Bytes of the bundle whose blocks are shared with other bundles by hard links; 0 for most engines.</summary>
    public long SharedBytes { get; init; }

    /// <summary>All bytes of the bundle on disk, side files included.</summary>
    public required long Length { get; init; }

    /// <summary>Absolute path, or address in a store, of the file or folder that is the bundle.</summary>
    public required string FullName
    {
        get;
        init => field = StoreAddress.Of(value);
    }

    /// <summary>The format and version it is written in, such as "SPGBKUP v2".</summary>
    public required string Format { get; init; }

    /// <summary>
    /// Hex digest that identifies this bundle: the same for two copies of it, different for any two bundles.
    /// </summary>
    public required string Id { get; init; }

    /// <summary>
    /// The same for every copy of the content, where the name counts for <see cref="Id"/>; null where it does not.
    /// </summary>
    public string? ContentId { get; init; }

    /// <summary>
    /// It has a name that bundles of its kind are given. Of several copies one that has is the original.
    /// </summary>
    public bool HasOwnName { get; init; } = true;

    /// <summary>
    /// Which database it is of, as far as header or name tell: bundles with different series never chain. Null when
    /// neither tells.
    /// </summary>
    public string? Series { get; init; }

    /// <summary>The series is a number that the engine gave the database, not a name that people know.</summary>
    public bool SeriesIsNumber { get; init; }

    /// <summary>What tells databases of one series apart; null when nothing does. Of fulls only.</summary>
    public BundleOrigin? Origin { get; init; }

    /// <summary>The <see cref="Id"/> of the bundle it was made on; null when the format (or its writer) does not say.</summary>
    public string? ParentId { get; init; }

    /// <summary>Its place in the order in which bundles were signed; null where signatures were not asked for.</summary>
    public long? Sequence { get; init; }

    /// <summary>The checksum that the format stores for the whole bundle, lower-case hex; null when it stores none.</summary>
    public string? Checksum { get; init; }

    /// <summary>What it tells of the database inside; null where an engine's bundles are not looked into.</summary>
    public DatabaseTraits? Traits { get; init; }

    /// <summary>Things worth knowing that make the bundle neither invalid nor unusable.</summary>
    public IReadOnlyList<ChainProblem> Notes { get; init; } = [];

    /// <summary>The name shown to people.</summary>
    public string Name => Path.GetFileName(FullName);
}

/// <summary>A header with what its engine parsed, for that engine's later use.</summary>
/// <typeparam name="T">The engine's own description of a bundle.</typeparam>
internal sealed record BundleHeader<T> : BundleHeader
    where T : class
{
    public required T Parsed { get; init; }
}
