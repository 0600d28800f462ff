using System.Globalization;

namespace BackupTools.Tests.Stores;

/// <summary>A request as it came: path style, no body.</summary>
internal sealed record FakeRequest(
    string Method,
    string Bucket,
    string Key,
    IReadOnlyDictionary<string, string> Query,
    IReadOnlyDictionary<string, string> Headers
)
{
    public bool IsList => Key.Length == 0;

    /// <summary>When it was signed.</summary>
    public DateTimeOffset Date =>
        DateTimeOffset.ParseExact(
            Headers["x-amz-date"],
            "yyyyMMdd'T'HHmmss'Z'",
            CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal
        );

    /// <summary>The next request of a connection; null at its end.</summary>
    public static async Task<FakeRequest?> ReadAsync(TextReader reader)
    {
        if (await reader.ReadLineAsync() is not { Length: > 0 } line)
        {
            return null;
        }
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        while (await reader.ReadLineAsync() is { Length: > 0 } header)
        {
            var colon = header.IndexOf(':', StringComparison.Ordinal);
            headers[header[..colon]] = header[(colon + 1)..].Trim();
        }
        var words = line.Split(' ');
        var target = words[1].Split('?', 2);
        var path = target[0].TrimStart('/').Split('/', 2);
        var query = (target.Length > 1 ? target[1].Split('&') : [])
            .Select(pair => pair.Split('=', 2))
            .ToDictionary(
                pair => pair[0],
                pair => pair.Length > 1 ? Uri.UnescapeDataString(pair[1]) : "",
                StringComparer.Ordinal
            );
        return new FakeRequest(
            words[0],
            path[0],
            path.Length > 1 ? Uri.UnescapeDataString(path[1]) : "",
            query,
            headers
        );
    }
}
