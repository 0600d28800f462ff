using BackupTools.Errors;

namespace BackupTools.Reports;

/// <summary>One finding about a bundle, a chain or a run.</summary>
public sealed class ProblemInfo
{
    /// <summary>Info, Warning or Error. Only errors make a chain invalid.</summary>
    public required string Severity { get; init; }

    /// <summary>The stable id of the finding, the name of an <see cref="ErrorCode"/>.</summary>
    public required string Code { get; init; }

    /// <summary>What was found, without the path.</summary>
    public required string Message { get; init; }

    /// <summary>The file or folder concerned; null when no single one is.</summary>
    public string? FullName { get; init; }

    /// <summary>The last part of <see cref="FullName"/>; null when no single file is concerned.</summary>
    public string? Name => Path.GetFileName(FullName);

    /// <summary>Byte offset in <see cref="FullName"/>, 0-based; null when no single place is concerned.</summary>
    public long? Offset { get; init; }

    /// <summary>One sentence that says what to do.</summary>
    public string? Recommendation { get; init; }

    /// <summary>The exception that this finding is, for a run that cannot do its work because of it.</summary>
    public BackupException ToException() =>
        new(Enum.Parse<ErrorCode>(Code), Message, FullName, Offset, recommendation: Recommendation);

    /// <summary>Severity, what and where in one line.</summary>
    public override string ToString() =>
        $"{Severity} {Code}: {Message}"
        + (
            FullName is null ? ""
            : Offset is { } at ? $", in '{FullName}' at byte {at}"
            : $", in '{FullName}'"
        );
}
