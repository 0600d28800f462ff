namespace BackupTools.Engines;

/// <summary>Rows of a table that an engine has counted.</summary>
/// <param name="Name">The table.</param>
/// <param name="Rows">In the restored database.</param>
/// <param name="SourceRows">In the database that was backed up, as it is now; null when nobody could look.</param>
internal sealed record TableRows(string Name, long Rows, long? SourceRows);
