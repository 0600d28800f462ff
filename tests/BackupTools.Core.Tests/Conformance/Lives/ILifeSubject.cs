using BackupTools.Errors;
using BackupTools.Operations;

namespace BackupTools.Tests.Conformance.Lives;

/// <summary>
/// An engine as far as its databases live: one instance is one engine process with one database open at a time. A row
/// is a key and a value. What was done must be in the files when a call returns, as with a commit that was acknowledged.
/// </summary>
internal interface ILifeSubject : IDisposable
{
    /// <summary>The engine's name.</summary>
    string Engine { get; }

    /// <summary>The last part of the path of a database of that name.</summary>
    string FileOf(string name);

    /// <summary>
    /// What tells backups of the database at a path from those of others, by its name or by what is inside; the same for
    /// all when nothing does.
    /// </summary>
    string KeyOf(string path);

    /// <summary>The clock of the machine that the engine runs on: for the dates of files, where they can be set.</summary>
    TimeProvider Clock { get; set; }

    /// <summary>
    /// Whether the dates in the engine's log are the machine's, so that dates of bundles must be the machine's too.
    /// </summary>
    bool HasOwnClock { get; }

    /// <summary>The date in the name of a bundle whose own one is lost with the dates of its files; null where none is.</summary>
    DateTimeOffset? DateInName(string bundle) => null;

    /// <summary>Every file and folder that is or may be the database at a path; none need exist.</summary>
    IEnumerable<string> FilesAt(string path);

    /// <summary>Makes an empty database and leaves it open.</summary>
    /// <param name="path">Where nothing is.</param>
    /// <param name="pick">Chooses among the formats that the engine writes.</param>
    void Create(string path, int pick);

    /// <summary>Opens a database that was closed, killed or restored.</summary>
    void Open(string path);

    /// <summary>Closes; what is not committed is rolled back.</summary>
    void Close();

    /// <summary>The process ends as it stands.</summary>
    /// <param name="pick">Chooses what is left half-written.</param>
    void Kill(int pick);

    /// <summary>
    /// What the engine does of changes that are wanted next: all, but for what it is known to get wrong by itself.
    /// The model knows of no others.
    /// </summary>
    /// <param name="changes">What is wanted.</param>
    /// <param name="areLeftOpen">For <see cref="Begin"/>, else for <see cref="Commit"/>.</param>
    IReadOnlyList<LifeChange> Possible(IReadOnlyList<LifeChange> changes, bool areLeftOpen) => changes;

    /// <summary>Commits changes, together with those of a transaction that was left open.</summary>
    void Commit(IReadOnlyList<LifeChange> changes);

    /// <summary>Leaves changes in an open transaction; false when the engine has none.</summary>
    bool Begin(IReadOnlyList<LifeChange> changes);

    /// <summary>The engine's checkpoint; false when it has none or refuses it now.</summary>
    /// <param name="pick">Chooses among what the engine does to its files without changing a row.</param>
    bool Checkpoint(int pick);

    /// <summary>The position of what is committed; null when the engine does not tell.</summary>
    ulong? Position { get; }

    /// <summary>Whether that is what a backup taken now has to give as its position.</summary>
    bool HasExactPosition { get; }

    /// <summary>The rows of a database that nobody has open and nobody needs any more, as the engine reads them.</summary>
    IReadOnlyDictionary<string, string> Read(string path);

    /// <summary>Backs up by the engine's own means; false when it has none for now.</summary>
    /// <param name="path">The database; open or not.</param>
    /// <param name="folder">The folder of bundles.</param>
    /// <param name="full">A full, else an increment.</param>
    bool BackUp(string path, string folder, bool full);

    /// <summary>Whether backups that the engine takes say in which order they were taken; else only their dates do.</summary>
    bool OrdersBackups { get; }

    /// <summary>The engine's own restore of a folder of bundles, to its newest state; false when it has none.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="path">Where the database is to be.</param>
    /// <param name="isOurs">The newest bundle is ours, and not the engine's.</param>
    bool RestoreByEngine(string folder, string path, bool isOurs);

    /// <summary>Adds what the engine's backups need or allow to be asked for.</summary>
    BackupSettings Choose(BackupSettings settings, int pick);

    /// <summary>
    /// Does what a user is advised when a database that nobody has open may not be replaced (SourceInUse); false when
    /// nothing is in the way.
    /// </summary>
    bool Release(string path) => false;

    /// <summary>With what a backup may be refused, given what happened since the chain's newest bundle.</summary>
    IEnumerable<ErrorCode> MayRefuse(LifeSituation situation);
}

/// <summary>A row gets a value, or none; a key without '/' stands for all rows of that table.</summary>
internal sealed record LifeChange(string Key, string? Value)
{
    public bool IsTable => !Key.Contains('/', StringComparison.Ordinal);

    public string Table => Key.Split('/')[0];

    /// <summary>Applies changes to rows.</summary>
    public static void Apply(IEnumerable<LifeChange> changes, IDictionary<string, string> rows)
    {
        foreach (var change in changes)
        {
            if (change.IsTable)
            {
                foreach (
                    var key in rows.Keys.Where(k => k.StartsWith(change.Key + "/", StringComparison.Ordinal)).ToList()
                )
                {
                    rows.Remove(key);
                }
            }
            else if (change.Value is { } value)
            {
                rows[change.Key] = value;
            }
            else
            {
                rows.Remove(change.Key);
            }
        }
    }
}

/// <summary>What the model knows when a backup is refused.</summary>
/// <param name="IsFull">A full was asked for, or would do.</param>
/// <param name="Since">What happened since the newest bundle in the folder that the backup could continue.</param>
/// <param name="Newest">That bundle; null when there is none.</param>
/// <param name="Rows">The rows now.</param>
/// <param name="HoldsOthers">The folder holds bundles of other databases.</param>
/// <param name="Settings">What was asked for.</param>
internal sealed record LifeSituation(
    bool IsFull,
    LifeEvents Since,
    LifeCapture? Newest,
    IReadOnlyDictionary<string, string> Rows,
    bool HoldsOthers,
    BackupSettings Settings
)
{
    /// <summary>Whether any of these happened.</summary>
    public bool Had(LifeEvents events) => (Since & events) != LifeEvents.None;
}

/// <summary>What happened since a bundle was taken.</summary>
[Flags]
internal enum LifeEvents
{
    None = 0,
    Committed = 1,
    LeftOpen = 2,
    Checkpointed = 4,
    Closed = 8,
    Killed = 16,
    Restored = 32,
    Replaced = 64,
    Moved = 128,
    Renamed = 256,
    Forward = 512,
    Back = 1024,
    EngineBackUp = 2048,
    Copied = 4096,
    Pruned = 8192,
    OtherFolder = 16384,
}
