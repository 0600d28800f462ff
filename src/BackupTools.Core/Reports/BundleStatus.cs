namespace BackupTools.Reports;

/// <summary>The state of one bundle of a chain.</summary>
public sealed class BundleStatus
{
    /// <summary>Nothing was found against restoring it.</summary>
    public const string Sound = "Sound";

    /// <summary>An error was found in it.</summary>
    public const string Damaged = "Damaged";

    /// <summary>Sound itself, but a bundle that it builds on is damaged.</summary>
    public const string Blocked = "Blocked";

    /// <summary>What it builds on is missing.</summary>
    public const string AfterGap = "AfterGap";

    /// <summary>Full or Incremental.</summary>
    public required string Kind { get; init; }

    /// <summary>Sound, Damaged, Blocked or AfterGap.</summary>
    public required string State { get; init; }

    /// <summary>When it was taken; UTC.</summary>
    public required DateTime CreatedUtc { get; init; }

    /// <summary>Bytes on disk.</summary>
    public required long Length { get; init; }

    /// <summary>The last part of its path.</summary>
    public required string Name { get; init; }

    /// <summary>The position of the newest state in it.</summary>
    public required ulong EndPosition { get; init; }

    internal bool IsFull => string.Equals(Kind, "Full", StringComparison.Ordinal);
}
