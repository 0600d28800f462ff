using BackupTools.Errors;

namespace BackupTools.Chains;

/// <summary>How much a finding matters.</summary>
internal enum ProblemSeverity
{
    /// <summary>Good to know.</summary>
    Info,

    /// <summary>A restore works, but perhaps not to what is expected.</summary>
    Warning,

    /// <summary>A restore over this bundle or chain is refused.</summary>
    Error,
}

/// <summary>One finding about a bundle or a chain: what, where, what to do.</summary>
internal sealed record ChainProblem(
    ProblemSeverity Severity,
    ErrorCode Code,
    string Message,
    string? FullName = null,
    long? Offset = null,
    string? Recommendation = null
)
{
    /// <summary>What is wrong, fit for a terminal whatever it quotes.</summary>
    public string Message { get; init; } = Printable.Of(Message);

    /// <summary>The file concerned, an address as people write it; null when no single file is.</summary>
    public string? FullName { get; init; } = FullName is null ? null : StoreAddress.Of(FullName);

    /// <summary>A finding that forbids a restore.</summary>
    public static ChainProblem Error(
        ErrorCode code,
        string message,
        string? path = null,
        long? offset = null,
        string? advice = null
    ) => new(ProblemSeverity.Error, code, message, path, offset, advice);

    /// <summary>A finding after which a restore works, but perhaps not to what is expected.</summary>
    public static ChainProblem Warning(
        ErrorCode code,
        string message,
        string? path = null,
        long? offset = null,
        string? advice = null
    ) => new(ProblemSeverity.Warning, code, message, path, offset, advice);

    /// <summary>A finding that is good to know.</summary>
    public static ChainProblem Info(ErrorCode code, string message, string? path = null, string? advice = null) =>
        new(ProblemSeverity.Info, code, message, path, Recommendation: advice);

    /// <summary>The finding that an exception reports.</summary>
    public static ChainProblem From(BackupException error) =>
        new(ProblemSeverity.Error, error.Code, error.Message, error.FullName, error.Offset, error.Recommendation);

    /// <summary>The exception that stops an operation because of this finding.</summary>
    public BackupException ToException() => new(Code, Message, FullName, Offset, recommendation: Recommendation);

    /// <summary>What and where, in one line.</summary>
    public override string ToString() => ToException().Describe();
}
