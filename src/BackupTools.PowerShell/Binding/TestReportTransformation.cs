using System.Collections;
using System.Management.Automation;
using BackupTools.Errors;
using BackupTools.Reports;

namespace BackupTools.PowerShell.Binding;

/// <summary>
/// Takes what Test-BackupChain returned, and the copies of it that Import-Clixml, ConvertFrom-Json and jobs give: a
/// drill of last week is as good a result as one of today.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class TestReportTransformationAttribute : TransformationAttribute
{
    private protected override object Take(object given, object bare)
    {
        try
        {
            return Items(given).Select(Report).ToArray();
        }
        catch (PSInvalidCastException error)
        {
            throw new BackupException(
                ErrorCode.InvalidOption,
                $"this is not a result of Test-BackupChain: {error.Message}"
            );
        }
    }

    private static ChainReport Report(object? item) =>
        Base(item) as ChainReport
        ?? new ChainReport
        {
            Engine = Value<string>(item, nameof(ChainReport.Engine)),
            Database = Property(item, nameof(ChainReport.Database)) as string,
            ChainId = Value<string>(item, nameof(ChainReport.ChainId)),
            IsValid = Optional<bool>(item, nameof(ChainReport.IsValid)),
            Target = Value<string>(item, nameof(ChainReport.Target)),
            Checked = Value<string>(item, nameof(ChainReport.Checked)),
            TestedUtc = Utc(item, nameof(ChainReport.TestedUtc)) ?? throw Missing(nameof(ChainReport.TestedUtc)),
            Plan = Items(Property(item, nameof(ChainReport.Plan)))
                .Select(LanguagePrimitives.ConvertTo<string>)
                .ToArray(),
            StartPosition = Value<ulong>(item, nameof(ChainReport.StartPosition)),
            EndPosition = Value<ulong>(item, nameof(ChainReport.EndPosition)),
            PositionUnit = Value<string>(item, nameof(ChainReport.PositionUnit)),
            StateUtc = Utc(item, nameof(ChainReport.StateUtc)),
            Length = Value<long>(item, nameof(ChainReport.Length)),
            FullName = Value<string>(item, nameof(ChainReport.FullName)),
            Problems = Items(Property(item, nameof(ChainReport.Problems))).Select(Problem).ToArray(),
            DrillLength = Optional<long>(item, nameof(ChainReport.DrillLength)),
            DrillSeconds = Optional<double>(item, nameof(ChainReport.DrillSeconds)),
            // Without a list the drill did not count; an empty one is a database without tables.
            DrillTables = Property(item, nameof(ChainReport.DrillTables)) is { } tables
                ? Items(tables).Select(Table).ToArray()
                : null,
            DurationSeconds = Value<double>(item, nameof(ChainReport.DurationSeconds)),
        };

    private static TableInfo Table(object? item) =>
        Base(item) as TableInfo
        ?? new TableInfo
        {
            Name = Value<string>(item, nameof(TableInfo.Name)),
            Rows = Value<long>(item, nameof(TableInfo.Rows)),
            SourceRows = Optional<long>(item, nameof(TableInfo.SourceRows)),
        };

    private static ProblemInfo Problem(object? item) =>
        Base(item) as ProblemInfo
        ?? new ProblemInfo
        {
            Severity = Value<string>(item, nameof(ProblemInfo.Severity)),
            Code = Value<string>(item, nameof(ProblemInfo.Code)),
            Message = Value<string>(item, nameof(ProblemInfo.Message)),
            FullName = Property(item, nameof(ProblemInfo.FullName)) as string,
            Offset = Optional<long>(item, nameof(ProblemInfo.Offset)),
            Recommendation = Property(item, nameof(ProblemInfo.Recommendation)) as string,
        };

    /// <summary>JSON gives times as DateTime of either kind, or as text.</summary>
    private static DateTime? Utc(object? item, string name) =>
        Property(item, name) switch
        {
            null => null,
            DateTime { Kind: DateTimeKind.Unspecified } time => DateTime.SpecifyKind(time, DateTimeKind.Utc),
            var value => LanguagePrimitives.ConvertTo<DateTime>(value).ToUniversalTime(),
        };

    private static T Value<T>(object? item, string name) =>
        LanguagePrimitives.ConvertTo<T>(Property(item, name) ?? throw Missing(name));

    private static T? Optional<T>(object? item, string name)
        where T : struct => Property(item, name) is { } value ? LanguagePrimitives.ConvertTo<T>(value) : null;

    private static PSInvalidCastException Missing(string name) => new($"it has no {name}");

    private static object? Property(object? item, string name) =>
        item is null ? null : Base(PSObject.AsPSObject(item).Properties[name]?.Value);

    private static object? Base(object? value) =>
        value is PSObject { BaseObject: not PSCustomObject } wrapped ? wrapped.BaseObject : value;

    private static IEnumerable<object?> Items(object? value) =>
        Base(value) switch
        {
            null => [],
            string or IDictionary => [value],
            IEnumerable list => list.Cast<object?>(),
            var one => [one],
        };
}
