namespace BackupTools.Reports;

/// <summary>Whether one bundle stays, and why.</summary>
public sealed class ExpiryDecisionInfo
{
    /// <summary>True when it stays.</summary>
    public required bool Keep { get; init; }

    /// <summary>The rules that keep it, what needs it, or that no rule keeps it.</summary>
    public required IReadOnlyList<string> Reasons
    {
        get;
        init => field = new FlatList<string>(value);
    }

    /// <summary>Full or Incremental.</summary>
    public required string Kind { get; init; }

    /// <summary>The chain it belongs to.</summary>
    public required string ChainId { get; init; }

    /// <summary>When it was taken; UTC.</summary>
    public required DateTime CreatedUtc { get; init; }

    /// <summary>Bytes on disk.</summary>
    public required long Length { get; init; }

    /// <summary>Absolute path.</summary>
    public required string FullName { get; init; }

    /// <summary>The last part of <see cref="FullName"/>.</summary>
    public string Name => Path.GetFileName(FullName);

    /// <summary>Decision, name and reasons in one line.</summary>
    public override string ToString() =>
        $"{(Keep ? "keep  " : "remove")} {Kind, -11} {Name}: {string.Join(", ", Reasons)}";
}
