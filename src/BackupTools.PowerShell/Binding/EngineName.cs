namespace BackupTools.PowerShell.Binding;

/// <summary>The values of -Engine; a test holds them equal to the engines that the library has.</summary>
internal static class EngineName
{
    public const string Sqlite = "SQLite";
    public const string Spg = "SPG";
    public const string Grafeo = "Grafeo";
    public const string Alopex = "Alopex";
    public const string PowDb = "PowDB";
}
