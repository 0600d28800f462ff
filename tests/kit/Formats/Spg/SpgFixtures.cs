using System.Text.Json;

namespace BackupTools.Tests.Formats.Spg;

/// <summary>The SPG fixtures and what their makers expect of them.</summary>
internal static class SpgFixtures
{
    private static readonly string s_root = Path.Combine(AppContext.BaseDirectory, "fixtures", "spg");

    public static string PathOf(string name) => Path.Combine(s_root, name.Replace('/', Path.DirectorySeparatorChar));

    public static byte[] Bytes(string name) => File.ReadAllBytes(PathOf(name));

    public static JsonElement Json(string name) => JsonDocument.Parse(Bytes(name)).RootElement;
}
