using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Unicode;
using BackupTools.Errors;
using BackupTools.Reports;

namespace BackupTools.Console.Output;

/// <summary>The results as the one JSON array that goes to standard output: the reports' own property names.</summary>
internal static class Json
{
    private static readonly JsonWriterOptions Options = new()
    {
        Indented = true,
        // It goes to a file or a pipe, never into a page: file names stay readable, where the output can hold them.
        Encoder = StandardStreams.HoldsUnicode
            ? JavaScriptEncoder.UnsafeRelaxedJsonEscaping
            : JavaScriptEncoder.Create(UnicodeRanges.BasicLatin),
    };

    /// <summary>The array as UTF-8 in pieces, one for each result: a folder may hold thousands of bundles in many chains.</summary>
    public static void Array(IReadOnlyList<object> results, Action<ReadOnlyMemory<byte>> print)
    {
        var text = new ArrayBufferWriter<byte>();
        using var writer = new Utf8JsonWriter(text, Options);
        writer.WriteStartArray();
        foreach (var result in results)
        {
            JsonSerializer.Serialize(writer, result, result.GetType(), ReportJson.Default);
            Flush();
        }
        writer.WriteEndArray();
        Flush();
        print(Encoding.UTF8.GetBytes(Environment.NewLine));

        void Flush()
        {
            writer.Flush();
            print(text.WrittenMemory);
            text.ResetWrittenCount();
        }
    }

    /// <summary>The results that <c>test --json</c> printed, or ConvertTo-Json made of what Test-BackupChain returned.</summary>
    /// <exception cref="BackupException">PathNotFound, ReadFailed, AccessDenied; InvalidOption: a folder; Malformed.</exception>
    public static IReadOnlyList<ChainReport> ReadTests(string path)
    {
        try
        {
            var text = File.ReadAllText(path).Trim();
            // PowerShell writes a single result without the brackets.
            return JsonSerializer.Deserialize(
                text.StartsWith('{') ? $"[{text}]" : text,
                TestJson.Default.ChainReportArray
            )!;
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new BackupException(ErrorCode.PathNotFound, "the path does not exist", path, inner: error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new BackupException(
                Directory.Exists(path) ? ErrorCode.InvalidOption
                    : error is IOException ? ErrorCode.ReadFailed
                    : ErrorCode.AccessDenied,
                Directory.Exists(path) ? "this is a folder, not the output of a test" : error.Message,
                path,
                inner: error
            );
        }
        catch (JsonException error)
        {
            throw new BackupException(
                ErrorCode.Malformed,
                $"not the output of a test: {error.Message}",
                path,
                inner: error
            );
        }
    }
}

/// <summary>
/// Writes the reports by code made at build time: looking at their properties at run time costs every run of the
/// program a fifth of its start.
/// </summary>
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Serialization, WriteIndented = true)]
[JsonSerializable(typeof(BundleInfo))]
[JsonSerializable(typeof(ChainInfo))]
[JsonSerializable(typeof(ChainReport))]
[JsonSerializable(typeof(RestoreReport))]
[JsonSerializable(typeof(CopyReport))]
[JsonSerializable(typeof(ExpiryReport))]
[JsonSerializable(typeof(BackupReport))]
[JsonSerializable(typeof(KeyInfo))]
internal sealed partial class ReportJson : JsonSerializerContext;

/// <summary>Reads results of tests back, which is how a drill of last week gets into a report of today.</summary>
[JsonSerializable(typeof(ChainReport[]))]
internal sealed partial class TestJson : JsonSerializerContext;
