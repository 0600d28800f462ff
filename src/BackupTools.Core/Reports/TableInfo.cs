using System.Globalization;
using BackupTools.Errors;

namespace BackupTools.Reports;

/// <summary>A table of a restored database, as its engine counts the rows.</summary>
public sealed class TableInfo
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>Rows in the restored database.</summary>
    public required long Rows { get; init; }

    /// <summary>
    /// Rows in the database that was backed up, as it is now; null if it cannot be read here, or has no such table. It
    /// may have changed since the backup.
    /// </summary>
    public long? SourceRows { get; init; }

    /// <summary>All of it in a few words.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Printable.Of(Name)}: {Rows} rows")
        + (SourceRows is { } now ? string.Create(CultureInfo.InvariantCulture, $" ({now} in the source now)") : "");
}
