using System.Globalization;
using System.Text;

namespace BackupTools.Tests.Stores;

/// <summary>A request as it came: path style.</summary>
internal sealed record FakeRequest(
    string Method,
    string Bucket,
    string Key,
    IReadOnlyDictionary<string, string> Query,
    IReadOnlyDictionary<string, string> Headers,
    byte[] Body
)
{
    public bool IsList => Key.Length == 0;

    /// <summary>It was answered with trouble.</summary>
    public bool IsRefused { get; set; }

    /// <summary>When it was signed.</summary>
    public DateTimeOffset Date =>
        DateTimeOffset.ParseExact(
            Headers["x-amz-date"],
            "yyyyMMdd'T'HHmmss'Z'",
            CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal
        );

    /// <summary>The next request of a connection, on whose <paramref name="back"/> it is said that it may go on; null at its end.</summary>
    public static async Task<FakeRequest?> ReadAsync(Stream stream, Stream back, CancellationToken stop)
    {
        if (await ReadHeadAsync(stream, stop) is not { } head)
        {
            return null;
        }
        var lines = head.Split("\r\n");
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var header in lines.Skip(1))
        {
            var colon = header.IndexOf(':', StringComparison.Ordinal);
            headers[header[..colon]] = header[(colon + 1)..].Trim();
        }
        var body = new byte[int.Parse(headers.GetValueOrDefault("Content-Length", "0"), CultureInfo.InvariantCulture)];
        if (headers.ContainsKey("Expect"))
        {
            await back.WriteAsync("HTTP/1.1 100 Continue\r\n\r\n"u8.ToArray(), stop);
        }
        await stream.ReadExactlyAsync(body, stop);
        var words = lines[0].Split(' ');
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
            headers,
            body
        );
    }

    /// <summary>Everything before the empty line.</summary>
    private static async Task<string?> ReadHeadAsync(Stream stream, CancellationToken stop)
    {
        var bytes = new List<byte>(1024);
        var one = new byte[1];
        while (await stream.ReadAsync(one, stop) == 1)
        {
            bytes.Add(one[0]);
            if (one[0] == '\n' && bytes.Count >= 4 && bytes[^4] == '\r' && bytes[^2] == '\r')
            {
                return Encoding.ASCII.GetString([.. bytes[..^4]]);
            }
        }
        return null;
    }
}
