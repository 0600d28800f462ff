namespace BackupTools.Engines;

/// <summary>The engines' names as shown, stored in side files and accepted (in any case) by -Engine.</summary>
internal static class EngineNames
{
    public const string Spg = "SPG";
    public const string Grafeo = "Grafeo";
    public const string Alopex = "Alopex";
    public const string PowDb = "PowDB";
    public const string Sqlite = "SQLite";
}
