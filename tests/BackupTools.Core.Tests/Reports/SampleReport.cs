using BackupTools.Reports;

namespace BackupTools.Tests.ReportPages;

/// <summary>Reports made by hand, for tests of their page.</summary>
internal static class SampleReport
{
    public static readonly DateTime Now = new(2026, 3, 28, 6, 30, 0, DateTimeKind.Utc);

    public static BackupReport Of(params DatabaseStatus[] databases) =>
        new()
        {
            Title = "Backups",
            CreatedUtc = Now,
            RecoveryPointObjectiveSeconds = 3600,
            Databases = databases,
            Notes = [],
            Problems = [],
            FullName = "/reports/page.html",
        };

    public static DatabaseStatus Database(
        string name = "shop",
        string folder = "/backups/shop",
        double? age = 1800,
        params ChainStatus[] chains
    ) =>
        new()
        {
            Engine = "SPG",
            Series = name,
            Database = name,
            FullName = folder,
            IsValid = chains.All(c => c.IsValid),
            IsLate = age is null or > 3600,
            RestorableUtc = age is { } a ? Now.AddSeconds(-a) : null,
            AgeSeconds = age,
            Length = chains.Sum(c => c.Length),
            Chains = chains,
        };

    /// <summary>A database whose last drill restored these tables.</summary>
    public static DatabaseStatus Drilled(IReadOnlyList<TableInfo>? tables)
    {
        var plain = Database(chains: Chain(Hours(5)));
        return new DatabaseStatus
        {
            Engine = "SQLite",
            Database = plain.Database,
            FullName = plain.FullName,
            IsValid = plain.IsValid,
            IsLate = plain.IsLate,
            RestorableUtc = plain.RestorableUtc,
            AgeSeconds = plain.AgeSeconds,
            Length = plain.Length,
            Chains = plain.Chains,
            LastDrill = new ChainReport
            {
                Engine = "SQLite",
                ChainId = plain.Chains[0].ChainId,
                IsValid = true,
                Target = "Latest",
                Checked = "Drill",
                TestedUtc = Now.AddHours(-1),
                Plan = [],
                StartPosition = 1,
                EndPosition = 5,
                PositionUnit = "Txid",
                Length = 0,
                FullName = plain.FullName,
                Problems = [],
                DrillLength = 8192,
                DrillSeconds = 2.5,
                DrillTables = tables,
                DurationSeconds = 3,
            },
        };
    }

    public static ChainStatus Chain(IReadOnlyList<BundleStatus> bundles, params ProblemInfo[] problems) =>
        new()
        {
            ChainId = "0123456789ab",
            IsValid = problems.Length == 0,
            Bundles = bundles,
            Problems = problems,
        };

    /// <summary>A chain that was tested, and found valid, a while ago.</summary>
    public static ChainStatus Tested(ChainStatus chain) =>
        new()
        {
            ChainId = chain.ChainId,
            IsValid = chain.IsValid,
            Bundles = chain.Bundles,
            Problems = chain.Problems,
            LastTest = new ChainReport
            {
                Engine = "SPG",
                ChainId = chain.ChainId,
                IsValid = true,
                Target = "Latest",
                Checked = "Deep",
                TestedUtc = Now.AddHours(-1),
                Plan = [],
                StartPosition = 0,
                EndPosition = 0,
                PositionUnit = "WalBytes",
                Length = 0,
                FullName = "/backups/shop",
                Problems = [],
                DurationSeconds = 1,
            },
        };

    /// <summary>A full and increments an hour apart, the last of them half an hour ago.</summary>
    public static BundleStatus[] Hours(int count, string name = "b", string state = BundleStatus.Sound) =>
        Enumerable.Range(0, count).Select(i => Bundle(i, count, name, i == 0 ? BundleStatus.Sound : state)).ToArray();

    public static ProblemInfo Problem(string message, string? path) =>
        new()
        {
            Severity = "Error",
            Code = "ChecksumMismatch",
            Message = message,
            FullName = path,
            Offset = 7,
            Recommendation = message,
        };

    private static BundleStatus Bundle(int index, int count, string name, string state) =>
        new()
        {
            Kind = index == 0 ? "Full" : "Incremental",
            State = state,
            CreatedUtc = Now.AddMinutes(-30).AddHours(index - count + 1),
            Length = index == 0 ? 4 << 20 : 1000 + 37 * (index % 50),
            Name = $"{name}{index}",
            EndPosition = (ulong)index,
        };
}
