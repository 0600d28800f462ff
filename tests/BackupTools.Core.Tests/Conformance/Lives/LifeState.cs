namespace BackupTools.Tests.Conformance.Lives;

/// <summary>What a database held at some moment, and its position then.</summary>
internal sealed record LifeState(string Rows, ulong? Position)
{
    /// <summary>Rows as a text that can be compared and read.</summary>
    public static string Text(IReadOnlyDictionary<string, string> rows) =>
        rows.Count == 0
            ? "(empty)"
            : string.Join(' ', rows.OrderBy(r => r.Key, StringComparer.Ordinal).Select(r => $"{r.Key}={r.Value}"));
}

/// <summary>A bundle, and what the model knows of the moment in which it was taken.</summary>
/// <param name="Id">The bundle's id.</param>
/// <param name="Key">Which databases it may be continued with: a name, or one for all.</param>
/// <param name="Order">The larger, the later it was taken.</param>
/// <param name="CreatedUtc">When, as the bundle says.</param>
/// <param name="History">The states on the way to that moment, since positions last began anew.</param>
/// <param name="IsOurs">Taken by us, else by the engine.</param>
/// <param name="IsTip">It holds all that was committed; else another bundle that was made with it does.</param>
internal sealed record LifeCapture(
    string Id,
    string Key,
    int Order,
    DateTimeOffset CreatedUtc,
    IReadOnlyList<LifeState> History,
    bool IsOurs,
    bool IsTip
)
{
    /// <summary>The rows that it must restore to, or each of those that it may when no position tells.</summary>
    public IReadOnlyList<string> RowsAtEnd(ulong end) => IsTip ? [History[^1].Rows] : RowsAt(end);

    /// <summary>The rows at a position that it covers; empty when that is before what it knows of.</summary>
    public IReadOnlyList<string> RowsAt(ulong position) =>
        History.Any(s => s.Position is null)
            ? [.. History.Select(s => s.Rows).Distinct(StringComparer.Ordinal)]
            : [.. History.Where(s => s.Position <= position).TakeLast(1).Select(s => s.Rows)];
}

/// <summary>What a life showed that must not be.</summary>
internal sealed class LifeFinding(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>Two findings that differ in names and numbers only are of one kind.</summary>
    public string Kind =>
        string.Join(
            ' ',
            (InnerException as LifeFinding ?? this)
                .Message.Split('\n')[0]
                .Split(' ')
                .Where(word => !word.Any(char.IsAsciiDigit) && !word.Contains('=', StringComparison.Ordinal))
        );
}

/// <summary>A clock that is moved by hand: it stands where it was put, or runs with the machine's.</summary>
internal sealed class LifeClock(bool runs) : TimeProvider
{
    // Later than the dates that file systems give by themselves, and that no test can set.
    private static readonly DateTimeOffset s_begin = new(2040, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private TimeSpan _moved;

    /// <summary>Earlier than any date that it shows.</summary>
    public static DateTime Start { get; } = s_begin.UtcDateTime.AddYears(-5);

    /// <summary>Whether it ever jumped.</summary>
    public bool HasJumped { get; private set; }

    public override DateTimeOffset GetUtcNow() => (runs ? DateTimeOffset.UtcNow : s_begin) + _moved;

    /// <summary>A moment goes by.</summary>
    public void Tick()
    {
        if (runs)
        {
            Thread.Sleep(2); // dates of commits and of bundles are milliseconds
        }
        else
        {
            _moved += TimeSpan.FromSeconds(61);
        }
    }

    public void Jump(TimeSpan by)
    {
        HasJumped = true;
        _moved += by;
    }
}
