using System.Globalization;
using System.Net;
using System.Text;
using System.Xml.Linq;
using BackupTools.Errors;
using BackupTools.Files.Stores;

namespace BackupTools.Tests.Stores;

/// <summary>As much of S3 as writing takes, with the ETags and the conditions of Ceph.</summary>
internal sealed partial class FakeS3
{
    private static readonly DateTimeOffset s_broughtUp = new(2026, 11, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly Dictionary<string, Upload> _uploads = new(StringComparer.Ordinal);
    private int _uploadCount;

    /// <summary>Whether conditions on what is put are kept, passed over, or not implemented.</summary>
    public Conditions Conditions { get; set; }

    /// <summary>The uploads that are neither completed nor given up.</summary>
    public IReadOnlyList<string> OpenUploads
    {
        get
        {
            lock (_objects)
            {
                return [.. _uploads.Values.Select(u => u.Key)];
            }
        }
    }

    /// <summary>The content of an object.</summary>
    public byte[] Content(string key)
    {
        lock (_objects)
        {
            return _objects[key].Content;
        }
    }

    /// <summary>All that it holds.</summary>
    public IReadOnlyDictionary<string, byte[]> Snapshot() => Keys.ToDictionary(k => k, Content);

    /// <summary>Makes it hold that and nothing else.</summary>
    public void Bring(IReadOnlyDictionary<string, byte[]> objects)
    {
        Clear();
        foreach (var (key, content) in objects)
        {
            Put(key, content);
        }
    }

    /// <summary>Carries out a request that was held back on the way.</summary>
    public void Receive(FakeRequest request) => Answer(request);

    /// <summary>Serves so many requests and refuses the others; true when nothing was left to die for.</summary>
    public bool DiesAfter(int requests, Action act, Trouble refusal = Trouble.Busy)
    {
        var count = 0;
        Misbehave = _ => Interlocked.Increment(ref count) > requests ? refusal : Trouble.None;
        try
        {
            act();
            return count <= requests;
        }
        catch (BackupException e) when (e.Code is ErrorCode.StoreUnavailable or ErrorCode.StoreAccessDenied)
        {
            return false;
        }
        finally
        {
            HangUp();
            Misbehave = _ => Trouble.None;
        }
    }

    private static bool IsOfUploads(FakeRequest request) =>
        request.Query.ContainsKey("uploads") || request.Query.ContainsKey("uploadId");

    private static string Md5(byte[] content) => Convert.ToHexStringLower(StoreDigest.Md5(content));

    private (int, string, byte[]) Write(FakeRequest request)
    {
        if (
            request.Headers.TryGetValue("content-md5", out var md5)
            && md5 != Convert.ToBase64String(StoreDigest.Md5(request.Body))
        )
        {
            return Error(400, "BadDigest");
        }
        var upload = request.Query.TryGetValue("uploadId", out var id) ? _uploads.GetValueOrDefault(id) : null;
        if (id is not null && upload?.Key != request.Key)
        {
            return Error(404, "NoSuchUpload");
        }
        return (request.Method, upload) switch
        {
            ("GET", null) => ListUploads(request.Query.GetValueOrDefault("prefix", "")),
            ("GET", _) => ListParts(upload),
            ("POST", null) => BeginUpload(request.Key),
            ("POST", _) => Complete(request, id!, upload),
            ("PUT", null) => PutObject(request),
            ("PUT", _) => PutPart(request, upload),
            ("DELETE", null) => Delete(request.Key),
            ("DELETE", _) => Abort(id!),
            _ => Error(405, "MethodNotAllowed"),
        };
    }

    private (int, string, byte[]) PutObject(FakeRequest request)
    {
        var isNew = request.Headers.ContainsKey("if-none-match");
        var there = _objects.GetValueOrDefault(request.Key);
        if (Conditions == Conditions.Unknown && (isNew || request.Headers.ContainsKey("if-match")))
        {
            return Error(501, "NotImplemented");
        }
        if (Conditions == Conditions.Kept && isNew && there is not null)
        {
            return Error(412, "PreconditionFailed");
        }
        // Only without quotes, as Ceph has it.
        if (
            Conditions == Conditions.Kept
            && request.Headers.TryGetValue("if-match", out var wanted)
            && $"\"{wanted}\"" != there?.ETag
        )
        {
            return there is null ? Error(404, "NoSuchKey") : Error(412, "PreconditionFailed");
        }
        return Put(request.Key, request.Body, Md5(request.Body));
    }

    private (int, string, byte[]) Put(string key, byte[] content, string etag)
    {
        _objects[key] = new Stored(content, $"\"{etag}\"", DateTimeOffset.UtcNow + ClockOffset);
        return (200, $"ETag: \"{etag}\"\r\n", []);
    }

    private (int, string, byte[]) PutPart(FakeRequest request, Upload upload)
    {
        var content = request.Body;
        if (request.Headers.TryGetValue("x-amz-copy-source", out var source))
        {
            var key = Uri.UnescapeDataString(source).TrimStart('/')[(Bucket.Length + 1)..];
            if (!_objects.TryGetValue(key, out var stored))
            {
                return Error(404, "NoSuchKey");
            }
            if (request.Headers["x-amz-copy-source-if-match"] != stored.ETag)
            {
                return Error(412, "PreconditionFailed");
            }
            content = stored.Content;
        }
        upload.Parts[int.Parse(request.Query["partNumber"], CultureInfo.InvariantCulture)] = content;
        return source is null
            ? (200, $"ETag: \"{Md5(content)}\"\r\n", [])
            : Xml($"<CopyPartResult><ETag>&quot;{Md5(content)}&quot;</ETag></CopyPartResult>");
    }

    private (int, string, byte[]) BeginUpload(string key)
    {
        var id = $"upload-{++_uploadCount}";
        _uploads[id] = new Upload(key);
        return Xml($"<InitiateMultipartUploadResult><UploadId>{id}</UploadId></InitiateMultipartUploadResult>");
    }

    private (int, string, byte[]) Complete(FakeRequest request, string id, Upload upload)
    {
        var wanted = XDocument
            .Parse(Encoding.UTF8.GetString(request.Body))
            .Descendants()
            .Where(e => e.Name.LocalName == "Part")
            .Select(e =>
                (
                    Number: int.Parse(e.Elements().First(p => p.Name.LocalName == "PartNumber").Value),
                    ETag: e.Elements().First(p => p.Name.LocalName == "ETag").Value.Trim('"')
                )
            )
            .ToList();
        if (!wanted.TrueForAll(w => upload.Parts.TryGetValue(w.Number, out var part) && Md5(part) == w.ETag))
        {
            return Error(400, "InvalidPart");
        }
        byte[] content = [.. wanted.SelectMany(w => upload.Parts[w.Number])];
        byte[] digests = [.. wanted.SelectMany(w => StoreDigest.Md5(upload.Parts[w.Number]))];
        var etag = $"{Md5(digests)}-{wanted.Count}";
        Put(request.Key, content, etag);
        _uploads.Remove(id);
        return Xml($"<CompleteMultipartUploadResult><ETag>&quot;{etag}&quot;</ETag></CompleteMultipartUploadResult>");
    }

    private (int, string, byte[]) Delete(string key)
    {
        _objects.Remove(key);
        return (204, "", []);
    }

    private (int, string, byte[]) Abort(string id)
    {
        _uploads.Remove(id);
        return (204, "", []);
    }

    private (int, string, byte[]) ListUploads(string prefix) =>
        Xml(
            $"<ListMultipartUploadsResult><IsTruncated>false</IsTruncated>{string.Concat(
                _uploads.Where(u => u.Value.Key.StartsWith(prefix, StringComparison.Ordinal))
                    .Select(u => $"<Upload><Key>{WebUtility.HtmlEncode(u.Value.Key)}</Key><UploadId>{u.Key}</UploadId></Upload>")
            )}</ListMultipartUploadsResult>"
        );

    private static (int, string, byte[]) ListParts(Upload upload) =>
        Xml(
            $"<ListPartsResult><IsTruncated>false</IsTruncated>{string.Concat(
                upload.Parts.Select(p => $"<Part><PartNumber>{p.Key}</PartNumber><ETag>&quot;{Md5(p.Value)}&quot;</ETag><Size>{p.Value.Length}</Size></Part>")
            )}</ListPartsResult>"
        );

    private static (int, string, byte[]) Xml(string text) =>
        (200, "Content-Type: application/xml\r\n", Encoding.UTF8.GetBytes($"<?xml version=\"1.0\"?>{text}"));

    private sealed record Stored(byte[] Content, string ETag, DateTimeOffset Modified);

    private sealed record Upload(string Key)
    {
        public SortedDictionary<int, byte[]> Parts { get; } = [];
    }
}

/// <summary>What a store makes of the conditions on what is put.</summary>
internal enum Conditions
{
    Kept,
    PassedOver,
    Unknown,
}
