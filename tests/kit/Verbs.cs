using BackupTools.Errors;
using BackupTools.Operations;
using BackupTools.Reports;

namespace BackupTools.Tests;

/// <summary>Verbs that are planned and carried out at once.</summary>
internal static class Verbs
{
    public static BundleInfo Full(BackupSettings settings, OperationHost host) => Fulls(settings, host)[0];

    public static IReadOnlyList<BundleInfo> Fulls(BackupSettings settings, OperationHost host) =>
        TakeBackup.Execute(TakeBackup.Plan(settings, host), host);

    /// <summary>The increment; NothingToBackUp where nothing has changed.</summary>
    public static BundleInfo Increment(BackupSettings settings, OperationHost host) =>
        Increments(settings, host) is [var first, ..]
            ? first
            : throw new BackupException(ErrorCode.NothingToBackUp, "nothing has changed", settings.SourcePath);

    public static IReadOnlyList<BundleInfo> Increments(BackupSettings settings, OperationHost host) =>
        Fulls(settings with { Incremental = true }, host);

    public static BundleInfo Merge(MergeSettings settings, OperationHost host) => Merges(settings, host)[^1];

    public static IReadOnlyList<BundleInfo> Merges(MergeSettings settings, OperationHost host) =>
        MergeChain.Execute(MergeChain.Plan(settings, host), host);

    public static RestoreReport Restore(RestoreSettings settings, OperationHost host) =>
        RestoreChain.Execute(RestoreChain.Plan(settings, host), host);

    public static CopyReport Copy(CopySettings settings, OperationHost host) =>
        CopyChain.Execute(CopyChain.Plan(settings, host), host);

    public static ExpiryReport Expire(ExpirySettings settings, OperationHost host) =>
        ExpireBackups.Execute(ExpireBackups.Plan(settings, host), host);

    public static BackupReport Report(ReportSettings settings, OperationHost host) =>
        ExportReport.Execute(ExportReport.Plan(settings, host), host);
}
