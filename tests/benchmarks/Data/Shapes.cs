namespace BackupTools.Benchmarks.Data;

/// <summary>The shapes of all engines.</summary>
internal static class Shapes
{
    public static IReadOnlyList<IDatabaseShape> All { get; } =
    [
        new SqliteShape(SqliteShape.Letters),
        new SqliteShape(SqliteShape.Words),
        new SqliteShape(SqliteShape.Noise),
        new PowDbShape(largeTables: 1),
        new PowDbShape(largeTables: 8),
        new SpgShape(),
        new GrafeoShape(),
        new AlopexShape(),
    ];

    public static IDatabaseShape ByName(string name) =>
        All.FirstOrDefault(s => string.Equals(s.Name, name, StringComparison.OrdinalIgnoreCase))
        ?? throw new ArgumentException($"no such engine: {name}", nameof(name));
}
