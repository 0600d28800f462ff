namespace BackupTools.Options;

/// <summary>The engines' names as shown, stored in side files and accepted in any case.</summary>
public static class EngineNames
{
    internal const string Sqlite = "SQLite";
    internal const string Spg = "SPG";
    internal const string Grafeo = "Grafeo";
    internal const string Alopex = "Alopex";
    internal const string PowDb = "PowDB";

    /// <summary>Every name, in the order in which texts list them.</summary>
    public static IReadOnlyList<string> All { get; } = [Sqlite, Spg, Grafeo, Alopex, PowDb];

    /// <summary>Every name in a sentence.</summary>
    /// <param name="last">The word before the last: "and", "or".</param>
    public static string Listed(string last) => $"{string.Join(", ", All.SkipLast(1))} {last} {All[^1]}";
}
