using System.Text.Encodings.Web;
using System.Text.Json;

namespace BackupTools.Console.Output;

/// <summary>The results as the one JSON array that goes to standard output: the reports' own property names.</summary>
internal static class Json
{
    private static readonly JsonSerializerOptions Options = new()
    {
        WriteIndented = true,
        // It goes to a file or a pipe, never into a page: file names stay readable.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static string Array(IReadOnlyList<object> results) => JsonSerializer.Serialize(results, Options);
}
