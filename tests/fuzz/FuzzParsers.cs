using BackupTools.Fuzz.Parsers;

namespace BackupTools.Fuzz;

/// <summary>Every parser there is, by name.</summary>
internal static class FuzzParsers
{
    /// <summary>Made only when asked for: the seeds are read from files.</summary>
    public static IReadOnlyDictionary<string, Func<FuzzParser>> All { get; } =
        new[]
        {
            SpgParsers.All,
            GrafeoParsers.All,
            PowDbParsers.All,
            AlopexParsers.All,
            SqliteParsers.All,
            FileParsers.All,
            AgeParsers.All,
            BundleParsers.All,
        }
            .SelectMany(p => p)
            .ToDictionary(StringComparer.Ordinal);

    public static FuzzParser Make(string name) => All[name]();
}
