using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace BackupTools.Tests.Stores;

/// <summary>
/// As much of S3 as we take, on a plain socket, so that it can misbehave in every way in which networks and proxies do. What
/// it answers when it behaves is compared with a real store by CephReadingTests and CephWritingTests.
/// </summary>
internal sealed partial class FakeS3 : IDisposable
{
    public const string Bucket = "bucket";

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly SortedDictionary<string, Stored> _objects = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<FakeRequest> _requests = new();
    private readonly ConcurrentDictionary<Task, CancellationTokenSource> _connections = new();

    private readonly X509Certificate2? _certificate;
    private Exception? _failure;

    /// <summary>Starts it; with a certificate it speaks TLS.</summary>
    public FakeS3(X509Certificate2? certificate = null)
    {
        _certificate = certificate;
        _listener.Start();
        _ = Task.Run(AcceptAsync);
    }

    public Uri Endpoint =>
        new($"{(_certificate is null ? "http" : "https")}://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");

    /// <summary>What goes wrong with a request; nothing by default.</summary>
    public Func<FakeRequest, Trouble> Misbehave { get; set; } = _ => Trouble.None;

    /// <summary>Keys that lie in an archive.</summary>
    public HashSet<string> Archived { get; } = new(StringComparer.Ordinal);

    /// <summary>Archived keys of which a copy was brought back.</summary>
    public HashSet<string> BroughtBack { get; } = new(StringComparer.Ordinal);

    /// <summary>Until when objects are retained, which only whoever asks is told.</summary>
    public Dictionary<string, DateTimeOffset> Retained { get; } = new(StringComparer.Ordinal);

    /// <summary>Whether all is retained for a day.</summary>
    public bool RetainsAll { get; set; }

    /// <summary>Objects under a legal hold.</summary>
    public HashSet<string> Held { get; } = new(StringComparer.Ordinal);

    /// <summary>How far its clock is from ours.</summary>
    public TimeSpan ClockOffset { get; set; }

    public IReadOnlyCollection<FakeRequest> Requests => _requests;

    public IReadOnlyList<string> Keys
    {
        get
        {
            lock (_objects)
            {
                return [.. _objects.Keys];
            }
        }
    }

    public void Put(string key, byte[] content)
    {
        lock (_objects)
        {
            _objects[key] = new Stored(content, $"\"{Md5(content)}\"", s_broughtUp);
        }
    }

    public void Remove(string key)
    {
        lock (_objects)
        {
            _objects.Remove(key);
        }
    }

    /// <summary>Empties it.</summary>
    public void Clear()
    {
        lock (_objects)
        {
            _objects.Clear();
            _uploads.Clear();
        }
        ForgetRequests();
    }

    public void ForgetRequests() => _requests.Clear();

    /// <summary>Brings a folder up as plain tools do: file by file, under its relative path.</summary>
    public void PutFolder(string folder, string prefix)
    {
        foreach (var (key, file) in StoreFolder.Files(folder, prefix))
        {
            Put(key, File.ReadAllBytes(file));
        }
    }

    /// <summary>
    /// Ends every connection, and waits until what came over it was carried out or lost: on a busy machine a request may
    /// be read long after whoever made it has gone.
    /// </summary>
    public void HangUp()
    {
        while (!_connections.IsEmpty || _listener.Pending())
        {
            foreach (var (serving, end) in _connections)
            {
                // To shut the socket down ends no read that waits, on Windows.
                end.Cancel();
                serving.GetAwaiter().GetResult();
                _connections.TryRemove(serving, out _);
                end.Dispose();
            }
        }
    }

    /// <summary>Ends every connection.</summary>
    public void Dispose()
    {
        _stop.Cancel();
        _listener.Stop();
        Assert.Null(_failure);
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (!_stop.IsCancellationRequested)
            {
                var client = await _listener.AcceptTcpClientAsync(_stop.Token);
                // What is written in two pieces would wait for an acknowledgement that the other side holds back for 40 ms.
                client.NoDelay = true;
                var end = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
                _connections[Task.Run(() => ServeAsync(client, end.Token))] = end;
            }
        }
        catch (Exception e) when (_stop.IsCancellationRequested && IsEnd(e))
        {
            // It was stopped.
        }
        catch (Exception e)
        {
            // Whoever connects now would wait for an answer that nobody gives.
            _failure = e;
            _listener.Stop();
        }
    }

    private async Task ServeAsync(TcpClient client, CancellationToken end)
    {
        try
        {
            using (client)
            {
                await using var stream = await OpenAsync(client.GetStream());
                await using var buffered = new BufferedStream(stream);
                while (await FakeRequest.ReadAsync(buffered, stream, end) is { } request)
                {
                    _requests.Enqueue(request);
                    if (!await AnswerAsync(buffered, request))
                    {
                        return;
                    }
                }
            }
        }
        catch (Exception e) when (IsEnd(e) || e is AuthenticationException)
        {
            // The client has gone, or the test is over.
        }
        catch (Exception e)
        {
            _failure = e;
        }
    }

    private static bool IsEnd(Exception e) =>
        e is IOException or SocketException or OperationCanceledException or ObjectDisposedException;

    private async Task<Stream> OpenAsync(NetworkStream plain)
    {
        if (_certificate is null)
        {
            return plain;
        }
        var stream = new SslStream(plain);
        await stream.AuthenticateAsServerAsync(
            new SslServerAuthenticationOptions { ServerCertificate = _certificate },
            _stop.Token
        );
        return stream;
    }

    private async Task<bool> AnswerAsync(Stream stream, FakeRequest request)
    {
        var trouble = Misbehave(request);
        request.IsRefused = trouble is Trouble.Denied or Trouble.Busy;
        if (trouble == Trouble.Hang)
        {
            return await HangAsync(stream);
        }
        var (status, headers, body) = trouble switch
        {
            Trouble.Busy or Trouble.HangInError => Error(503, "SlowDown"),
            Trouble.Denied => Error(403, "AccessDenied"),
            Trouble.NotFound => Error(404, "NotFound"),
            Trouble.WrongClass => Error(400, "InvalidStorageClass"),
            Trouble.BadArgument => Error(400, "InvalidArgument", ""),
            Trouble.BadRequest => Error(400, "InvalidRequest", ""),
            Trouble.NoKey => Error(400, "KMS.NotFoundException"),
            Trouble.Altered => Error(400, "XAmzContentSHA256Mismatch"),
            Trouble.WebPage => (200, "Content-Type: text/html\r\n", "<html><body>Log in</body></html>"u8.ToArray()),
            Trouble.NoXml => (200, "Content-Type: application/xml\r\n", "<p>Log in<br>"u8.ToArray()),
            _ when (request.Date - (DateTimeOffset.UtcNow + ClockOffset)).Duration() > TimeSpan.FromMinutes(15) =>
                Error(403, "RequestTimeTooSkewed"),
            _ => Answer(request),
        };
        if (trouble == Trouble.LostAnswer)
        {
            return false;
        }
        if (trouble == Trouble.FlippedByte && body.Length > 0)
        {
            body = [.. body];
            body[body.Length / 2] ^= 1;
        }
        var head =
            $"HTTP/1.1 {status} X\r\nContent-Length: {body.Length}\r\n"
            + $"Date: {DateTimeOffset.UtcNow + ClockOffset:R}\r\n{headers}\r\n";
        var isCut = trouble is Trouble.CutBody or Trouble.HangInBody or Trouble.HangInError;
        byte[] answer = [.. Encoding.ASCII.GetBytes(head), .. isCut ? body[..(body.Length / 2)] : body];
        await stream.WriteAsync(answer, _stop.Token);
        await stream.FlushAsync(_stop.Token);
        return trouble is Trouble.HangInBody or Trouble.HangInError
            ? await HangAsync(stream)
            : trouble != Trouble.CutBody;
    }

    /// <summary>Until the client has had enough.</summary>
    private async Task<bool> HangAsync(Stream stream)
    {
        while (await stream.ReadAsync(new byte[100], _stop.Token) > 0) { }
        return false;
    }

    private (int Status, string Headers, byte[] Body) Answer(FakeRequest request)
    {
        if (request.Bucket != Bucket)
        {
            return Error(404, "NoSuchBucket");
        }
        lock (_objects)
        {
            return request.Method == "HEAD" ? Head(request)
                : request.Method != "GET" || IsOfUploads(request) ? Write(request)
                : request.Key.Length == 0 ? List(request)
                : Get(request);
        }
    }

    private (int, string, byte[]) List(FakeRequest request)
    {
        var most = int.Parse(request.Query.GetValueOrDefault("max-keys", "1000"), CultureInfo.InvariantCulture);
        var prefix = request.Query.GetValueOrDefault("prefix", "");
        var after = request.Query.GetValueOrDefault("start-after", "");
        var found = _objects
            .Where(o => o.Key.StartsWith(prefix, StringComparison.Ordinal) && string.CompareOrdinal(o.Key, after) > 0)
            .Take(most + 1)
            .ToList();
        var text = new StringBuilder("<?xml version=\"1.0\" encoding=\"UTF-8\"?><ListBucketResult>");
        text.Append(
            CultureInfo.InvariantCulture,
            $"<IsTruncated>{(found.Count > most ? "true" : "false")}</IsTruncated>"
        );
        foreach (var (key, stored) in found.Take(most))
        {
            var back = BroughtBack.Contains(key)
                ? "<RestoreStatus><IsRestoreInProgress>false</IsRestoreInProgress><RestoreExpiryDate>2036-01-01T00:00:00Z</RestoreExpiryDate></RestoreStatus>"
                : "";
            text.Append(
                CultureInfo.InvariantCulture,
                $"<Contents><Key>{WebUtility.HtmlEncode(key)}</Key><LastModified>{stored.Modified:yyyy-MM-dd'T'HH:mm:ss.fff'Z'}</LastModified><ETag>{WebUtility.HtmlEncode(stored.ETag)}</ETag><Size>{stored.Content.Length}</Size><StorageClass>{(Archived.Contains(key) ? "DEEP_ARCHIVE" : "STANDARD")}</StorageClass>{back}</Contents>"
            );
        }
        return (
            200,
            "Content-Type: application/xml\r\n",
            Encoding.UTF8.GetBytes(text.Append("</ListBucketResult>").ToString())
        );
    }

    private (int, string, byte[]) Get(FakeRequest request)
    {
        if (!_objects.TryGetValue(request.Key, out var stored))
        {
            return Error(404, "NoSuchKey");
        }
        var content = stored.Content;
        if (request.Headers.TryGetValue("if-match", out var wanted) && wanted != stored.ETag)
        {
            return Error(412, "PreconditionFailed");
        }
        if (Archived.Contains(request.Key) && !BroughtBack.Contains(request.Key))
        {
            return Error(403, "InvalidObjectState");
        }
        var range = request.Headers["range"]["bytes=".Length..].Split('-');
        var start = int.Parse(range[0], CultureInfo.InvariantCulture);
        var end = Math.Min(int.Parse(range[1], CultureInfo.InvariantCulture) + 1, content.Length);
        return (
            206,
            $"ETag: {stored.ETag}\r\nContent-Range: bytes {start}-{end - 1}/{content.Length}\r\n",
            content[start..end]
        );
    }

    private (int, string, byte[]) Head(FakeRequest request)
    {
        if (!_objects.TryGetValue(request.Key, out var stored))
        {
            return (404, "", []);
        }
        var headers = $"ETag: {stored.ETag}\r\n";
        if (Retained.TryGetValue(request.Key, out var until) || RetainsAll)
        {
            until = RetainsAll ? stored.Modified.AddDays(1) : until;
            headers +=
                $"x-amz-object-lock-mode: COMPLIANCE\r\nx-amz-object-lock-retain-until-date: {until.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss'Z'}\r\n";
        }
        return (200, headers + (Held.Contains(request.Key) ? "x-amz-object-lock-legal-hold: ON\r\n" : ""), []);
    }

    private static (int, string, byte[]) Error(int status, string code, string? message = null) =>
        (
            status,
            "Content-Type: application/xml\r\n",
            Encoding.UTF8.GetBytes(
                $"<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>{message ?? code}</Message></Error>"
            )
        );
}

/// <summary>What a server does instead of answering as it should.</summary>
internal enum Trouble
{
    None,
    Busy,
    Denied,
    Hang,
    HangInBody,
    HangInError,
    CutBody,
    LostAnswer,
    FlippedByte,
    NotFound,
    WrongClass,
    BadArgument,
    BadRequest,
    NoKey,
    Altered,
    WebPage,
    NoXml,
}
