using System.Globalization;
using Azure;
using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using BackupTools.Errors;

namespace BackupTools.Files.Stores;

/// <summary>
/// Azure Blob Storage, through the SDK: containers are the buckets, block blobs the objects. It repeats nothing
/// (<see cref="StoreRequests"/> does), so that each request is signed when it is made.
/// </summary>
internal sealed partial class AzureStore : IObjectStore
{
    private readonly BlobServiceClient _client;
    private readonly HttpClient? _http;
    private readonly AzureErrors _errors;
    private readonly AzureClock _clock = new();

    public AzureStore(StoreSettings settings)
    {
        var options = new BlobClientOptions();
        options.Retry.MaxRetries = 0;
        // Time is limited by StoreRequests, as long as nothing comes.
        options.Retry.NetworkTimeout = Timeout.InfiniteTimeSpan;
        options.Diagnostics.IsLoggingEnabled = false;
        options.Diagnostics.IsTelemetryEnabled = false;
        options.Diagnostics.IsDistributedTracingEnabled = false;
        options.AddPolicy(_clock, HttpPipelinePosition.PerRetry);
        if (AuthorityFile.Of(settings.CaFile) is { } authorities)
        {
            _http = authorities.CreateHttpClient();
            options.Transport = new HttpClientTransport(_http);
        }
        _client = AzureAccount.Connect(settings, options);
        Host = _client.Uri.Authority;
        _errors = new AzureErrors(Host);
    }

    public string Scheme => StoreAddress.Azure;

    public string Host { get; }

    public TimeSpan ClockAhead => _clock.Ahead;

    public Task<ObjectPage> ListAsync(
        string bucket,
        string prefix,
        string? after,
        int most,
        CancellationToken cancellation
    ) =>
        AskAsync(
            new ObjectName(Scheme, bucket, prefix),
            async () =>
            {
                var options = new GetBlobsOptions
                {
                    Prefix = prefix,
                    Traits = BlobTraits.Metadata,
                    // The name that a listing starts from is in it.
                    StartFrom = after is null ? null : after + "\0",
                };
                await foreach (
                    var page in _client
                        .GetBlobContainerClient(bucket)
                        .GetBlobsAsync(options, cancellation)
                        .AsPages(pageSizeHint: most)
                        .ConfigureAwait(false)
                )
                {
                    var found = page.Values.Where(b => after is null || string.CompareOrdinal(b.Name, after) > 0);
                    return new ObjectPage(
                        [.. found.Select(Of).OrderBy(o => o.Key, StringComparer.Ordinal)],
                        page.ContinuationToken is { Length: > 0 }
                    );
                }
                return new ObjectPage([], false);
            }
        );

    public Task ReadAsync(
        string bucket,
        StoreObject what,
        long offset,
        Memory<byte> buffer,
        Action alive,
        CancellationToken cancellation
    ) =>
        AskAsync(
            new ObjectName(Scheme, bucket, what.Key),
            async () =>
            {
                var options = new BlobDownloadOptions
                {
                    Range = new HttpRange(offset, buffer.Length),
                    Conditions = new BlobRequestConditions { IfMatch = new ETag(what.ETag) },
                };
                var answer = await Blob(new ObjectName(Scheme, bucket, what.Key))
                    .DownloadStreamingAsync(options, cancellation)
                    .ConfigureAwait(false);
                using var result = answer.Value;
                if (result.Details.ContentLength != buffer.Length)
                {
                    throw new StoreTroubleException("the response is not the requested range");
                }
                for (var done = 0; done < buffer.Length; )
                {
                    var read = await result.Content.ReadAsync(buffer[done..], cancellation).ConfigureAwait(false);
                    if (read == 0)
                    {
                        throw new StoreTroubleException($"the response ends after {done} of {buffer.Length} bytes");
                    }
                    done += read;
                    alive();
                }
                return true;
            }
        );

    public void Dispose() => _http?.Dispose();

    private async Task<T> AskAsync<T>(ObjectName name, Func<Task<T>> ask)
    {
        try
        {
            return await ask().ConfigureAwait(false);
        }
        catch (Exception e) when (AzureErrors.Knows(e))
        {
            throw _errors.Of(e, name, ClockAhead);
        }
    }

    private static StoreObject Of(BlobItem found) =>
        new(
            found.Name,
            found.Properties.ContentLength ?? 0,
            $"{found.Properties.ETag}",
            found.Properties.LastModified ?? DateTimeOffset.UnixEpoch,
            found.Properties.AccessTier == AccessTier.Archive ? $"{AccessTier.Archive}" : null
        )
        {
            Digest = found.Metadata?.TryGetValue(DigestName, out var digest) == true ? digest : null,
        };
}

/// <summary>Looks at the clock of whoever answers.</summary>
internal sealed class AzureClock : HttpPipelineSynchronousPolicy
{
    /// <summary>An answer is dated in whole seconds: less than this is not a difference.</summary>
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(2);

    private long _ahead;

    public TimeSpan Ahead => new(Interlocked.Read(ref _ahead));

    public override void OnReceivedResponse(HttpMessage message)
    {
        if (
            message.HasResponse
            && message.Response.Headers.TryGetValue("Date", out var date)
            && DateTimeOffset.TryParse(
                date,
                CultureInfo.InvariantCulture,
                DateTimeStyles.AssumeUniversal,
                out var there
            )
        )
        {
            var ahead = there - DateTimeOffset.UtcNow;
            Interlocked.Exchange(ref _ahead, ahead.Duration() < Step ? 0 : ahead.Ticks);
        }
    }
}
