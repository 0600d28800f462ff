namespace BackupTools.Tests.Engines.PowDb;

/// <summary>The fixtures of PowDB, and folders compared byte by byte.</summary>
internal static class PowDbFixtures
{
    /// <summary>When the engine made full_S0; with this time ours has the same manifest.</summary>
    public static DateTimeOffset EngineTime { get; } = DateTimeOffset.FromUnixTimeSeconds(1795145206);

    public static string At(params string[] parts) =>
        Path.Combine([AppContext.BaseDirectory, "fixtures", "powdb", .. parts]);

    /// <summary>A copy that a test may change.</summary>
    public static string Copy(string fixture, string to)
    {
        foreach (var file in Directory.GetFiles(fixture, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(to, Path.GetRelativePath(fixture, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target, overwrite: true);
        }
        return to;
    }

    /// <summary>The files of a folder with their bytes.</summary>
    public static SortedDictionary<string, byte[]> Files(string folder) =>
        new(
            Directory.GetFiles(folder).ToDictionary(f => Path.GetFileName(f), File.ReadAllBytes),
            StringComparer.Ordinal
        );

    /// <summary>The same without an empty log, which the engine makes where there is none.</summary>
    public static SortedDictionary<string, byte[]> Content(string folder)
    {
        var content = Files(folder);
        if (content.TryGetValue("wal.log", out var log) && log.Length == 0)
        {
            content.Remove("wal.log");
        }
        return content;
    }

    /// <summary>Fails unless both folders hold the same files with the same bytes.</summary>
    public static void AssertSame(string expected, string actual, params string[] except) =>
        AssertSame(Content(expected), Content(actual), except);

    public static void AssertSame(
        IDictionary<string, byte[]> expected,
        IDictionary<string, byte[]> actual,
        params string[] except
    )
    {
        Assert.Equal(expected.Keys.Except(except), actual.Keys.Except(except));
        foreach (var name in expected.Keys.Except(except))
        {
            Assert.True(expected[name].AsSpan().SequenceEqual(actual[name]), $"{name} differs");
        }
    }
}
