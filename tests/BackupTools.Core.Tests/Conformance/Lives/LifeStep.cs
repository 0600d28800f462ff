using System.Globalization;

namespace BackupTools.Tests.Conformance.Lives;

/// <summary>What can happen to a database and to its backups. What is impossible at the moment is passed over.</summary>
internal enum LifeStepKind
{
    /// <summary>Changes some rows and commits, together with what a transaction left open.</summary>
    Commit,

    /// <summary>A transaction is begun, changes a row and is left open.</summary>
    Begin,

    /// <summary>The engine's own checkpoint.</summary>
    Checkpoint,

    /// <summary>A clean close; what is not committed is gone.</summary>
    Close,

    /// <summary>Opens what is closed or was killed.</summary>
    Open,

    /// <summary>kill -9.</summary>
    Kill,

    /// <summary>A state that is offered is restored over the database.</summary>
    Restore,

    /// <summary>The database is removed, and a new one made in its place.</summary>
    Replace,

    /// <summary>The database goes to another folder and keeps its name.</summary>
    Move,

    /// <summary>The database gets another name.</summary>
    Rename,

    /// <summary>The clock jumps forward.</summary>
    Forward,

    /// <summary>The clock is set back.</summary>
    Back,

    /// <summary>The engine backs up by itself, into the folder of bundles or one of its own.</summary>
    Engine,

    /// <summary>The folder of bundles is copied, and the copy is gone on with.</summary>
    Copy,

    /// <summary>The folder of bundles is pruned.</summary>
    Prune,

    /// <summary>A full backup.</summary>
    Full,

    /// <summary>An incremental backup.</summary>
    Increment,

    /// <summary>An incremental backup on the full, where the engine has such.</summary>
    Differential,
}

/// <summary>A step of a life.</summary>
/// <param name="Kind">What happens.</param>
/// <param name="Pick">Chooses among the ways in which it can happen; 0 is the plainest.</param>
internal readonly record struct LifeStep(LifeStepKind Kind, int Pick)
{
    /// <summary>Reads a life as <see cref="Write"/> prints it: "commit full commit:3 kill".</summary>
    public static IReadOnlyList<LifeStep> Read(string life) =>
        [
            .. life.Split(' ', StringSplitOptions.RemoveEmptyEntries)
                .Select(word => word.Split(':'))
                .Select(parts => new LifeStep(
                    Enum.Parse<LifeStepKind>(parts[0], ignoreCase: true),
                    parts.Length > 1 ? int.Parse(parts[1], CultureInfo.InvariantCulture) : 0
                )),
        ];

    public static string Write(IEnumerable<LifeStep> life) => string.Join(' ', life);

    public override string ToString() =>
        Kind.ToString().ToLowerInvariant() + (Pick == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $":{Pick}"));
}
