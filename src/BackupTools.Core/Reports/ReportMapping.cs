using BackupTools.Chains;

namespace BackupTools.Reports;

/// <summary>From the neutral types inside to the frozen types outside.</summary>
internal static class ReportMapping
{
    public static ProblemInfo ToInfo(this ChainProblem problem) =>
        new()
        {
            Severity = problem.Severity.ToString(),
            Code = problem.Code.ToString(),
            Message = problem.Message,
            FullName = problem.FullName,
            Offset = problem.Offset,
            Recommendation = problem.ToException().Recommendation,
        };

    public static IReadOnlyList<ProblemInfo> ToInfos(this IEnumerable<ChainProblem> problems) =>
        problems.Distinct().OrderByDescending(p => p.Severity).Select(ToInfo).ToArray();

    public static BundleInfo ToInfo(
        this BundleHeader header,
        string? chainId = null,
        IEnumerable<ChainProblem>? verified = null,
        double? durationSeconds = null
    )
    {
        var findings = verified?.ToArray();
        return new BundleInfo
        {
            Engine = header.Engine,
            Kind = header.Kind.ToString(),
            ChainId = chainId,
            StartPosition = header.Start.Value,
            EndPosition = header.End.Value,
            PositionUnit = header.End.Unit.ToString(),
            CreatedUtc = header.CreatedUtc.UtcDateTime,
            Length = header.Length,
            SharedLength = header.SharedBytes,
            Name = header.Name,
            FullName = header.FullName,
            Format = header.Format,
            Id = header.Id,
            ParentId = header.ParentId,
            Series = header.Series,
            Database = DatabaseName.Of(header),
            Checksum = header.Checksum,
            Sqlite = header.Traits?.ToSqliteInfo(),
            IsValid = findings is null ? null : !Array.Exists(findings, p => p.Severity == ProblemSeverity.Error),
            Problems = header.Notes.Concat(findings ?? []).ToInfos(),
            DurationSeconds = durationSeconds,
        };
    }

    private static SqliteInfo ToSqliteInfo(this DatabaseTraits traits) =>
        new()
        {
            PageSize = traits.PageSize,
            PageCount = traits.PageCount,
            FirstTransaction = traits.Transactions.First,
            LastTransaction = traits.Transactions.Last,
            Level = traits.Level,
            Writer = traits.Writer,
            UserVersion = traits.UserVersion,
            ApplicationId = traits.ApplicationId,
            SqliteVersion = traits.EngineVersion,
            JournalMode = traits.JournalMode,
        };

    public static ChainInfo ToInfo(this BackupChain chain)
    {
        var head = chain.Head;
        return new ChainInfo
        {
            Engine = chain.Engine,
            ChainId = chain.ChainId,
            Series = chain.Series,
            Database = DatabaseName.Of(chain.Bundles[0]),
            IsValid = !chain.Problems.Any(p => p.Severity == ProblemSeverity.Error),
            StartPosition = (chain.Full ?? chain.Bundles[0]).Start.Value,
            EndPosition = (head ?? chain.Bundles[^1]).End.Value,
            PositionUnit = chain.Bundles[0].End.Unit.ToString(),
            CreatedUtc = chain.Bundles[0].CreatedUtc.UtcDateTime,
            NewestUtc = chain.Bundles.Max(b => b.CreatedUtc).UtcDateTime,
            CurrentUntilUtc = chain.CurrentUntilUtc?.UtcDateTime,
            BundleCount = chain.Bundles.Count,
            Length = chain.Bundles.Sum(b => b.Length),
            SharedLength = chain.Bundles.Sum(b => b.SharedBytes),
            FullName = chain.Folder,
            Bundles = chain.Bundles.Select(b => b.ToInfo(chain.ChainId)).ToArray(),
            Problems = chain.Problems.ToInfos(),
        };
    }
}
