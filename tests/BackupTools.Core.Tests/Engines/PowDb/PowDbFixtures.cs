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

    /// <summary>The files of a folder with their bytes; an empty log counts as none, as the engine makes one.</summary>
    public static SortedDictionary<string, byte[]> Content(string folder)
    {
        var content = new SortedDictionary<string, byte[]>(StringComparer.Ordinal);
        foreach (var file in Directory.GetFiles(folder))
        {
            var bytes = File.ReadAllBytes(file);
            if (Path.GetFileName(file) != "wal.log" || bytes.Length > 0)
            {
                content.Add(Path.GetFileName(file), bytes);
            }
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
