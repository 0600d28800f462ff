using System.Globalization;
using System.Net;
using Amazon;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using BackupTools.Errors;

namespace BackupTools.Files.Stores;

/// <summary>
/// S3 and compatible stores, through the SDK: it finds credentials and the endpoint where users keep them, and signs.
/// It repeats nothing (<see cref="StoreRequests"/> does), so that each request is signed when it is made.
/// </summary>
internal sealed partial class S3Store : IObjectStore
{
    private static readonly string[] Archives = ["GLACIER", "DEEP_ARCHIVE"];

    private readonly StoreSettings _settings;
    private readonly AmazonS3Client _client;
    private readonly S3Errors _errors;
    private readonly bool _isEncrypted;
    private long _clockAhead;

    public S3Store(StoreSettings settings)
    {
        var config = new AmazonS3Config
        {
            MaxErrorRetry = 0,
            MaxStaleConnectionRetries = 0,
            // Time is limited by StoreRequests, as long as nothing comes.
            Timeout = Timeout.InfiniteTimeSpan,
            DisableLogging = true,
            // A clock that is wrong is said, not made up for: bundles are dated by it.
            DisableClockSkewCorrection = true,
            // What AWS has introduced since, other stores refuse or ignore; each bundle has checksums of its own.
            RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
            ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
        };
        if (settings.Profile is { } profile)
        {
            config.Profile = new Profile(profile);
        }
        if (AuthorityFile.Of(settings.CaFile) is { } authorities)
        {
            config.HttpClientFactory = authorities;
        }
        var url = settings.Endpoint?.AbsoluteUri ?? config.ServiceURL;
        // Only in AWS a machine knows its region; elsewhere the question is answered late or never.
        var region =
            settings.Region
            ?? FallbackRegionFactory.GetRegionEndpoint(includeInstanceMetadata: url is null or "")?.SystemName
            ?? RegionEndpoint.USEast1.SystemName;
        if (url is { Length: > 0 })
        {
            // Stores of one's own seldom have a name in DNS for each bucket.
            config.ServiceURL = url;
            config.ForcePathStyle = settings.PathStyle ?? true;
            config.AuthenticationRegion = region;
            Host = new Uri(url).Authority;
            _isEncrypted = new Uri(url).Scheme == Uri.UriSchemeHttps;
        }
        else
        {
            config.RegionEndpoint = RegionEndpoint.GetBySystemName(region);
            config.ForcePathStyle = settings.PathStyle ?? false;
            Host = $"S3 in {region}";
            _isEncrypted = true;
        }
        _errors = new S3Errors(Host);
        _settings = settings;
        _client = settings.Credential is { } given
            ? new AmazonS3Client(new BasicAWSCredentials(given.UserName, given.Password), config)
            : new AmazonS3Client(config);
        _client.AfterResponseEvent += (_, e) =>
        {
            NoteClock(e);
            RequireStore(e);
        };
    }

    public string Scheme => StoreAddress.S3;

    public string Host { get; }

    public TimeSpan ClockAhead => new(Interlocked.Read(ref _clockAhead));

    public async Task<ObjectPage> ListAsync(
        string bucket,
        string prefix,
        string? after,
        int most,
        CancellationToken cancellation
    )
    {
        try
        {
            var page = await _client
                .ListObjectsV2Async(
                    new ListObjectsV2Request
                    {
                        BucketName = bucket,
                        Prefix = prefix,
                        StartAfter = after,
                        MaxKeys = most,
                        OptionalObjectAttributes = ["RestoreStatus"],
                    },
                    cancellation
                )
                .ConfigureAwait(false);
            return new ObjectPage([.. (page.S3Objects ?? []).Select(Of)], page.IsTruncated == true);
        }
        catch (Exception e) when (S3Errors.Knows(e))
        {
            throw _errors.NoStore(e, bucket, prefix) ?? _errors.Of(e, bucket, prefix);
        }
    }

    public async Task ReadAsync(
        string bucket,
        StoreObject what,
        long offset,
        Memory<byte> buffer,
        Action alive,
        CancellationToken cancellation
    )
    {
        try
        {
            using var response = await _client
                .GetObjectAsync(
                    new GetObjectRequest
                    {
                        BucketName = bucket,
                        Key = what.Key,
                        ByteRange = new ByteRange(offset, offset + buffer.Length - 1),
                        EtagToMatch = what.ETag,
                    },
                    cancellation
                )
                .ConfigureAwait(false);
            RequireRange(response, what, offset, buffer.Length);
            var stream = response.ResponseStream;
            await using var closing = stream.ConfigureAwait(false);
            for (var done = 0; done < buffer.Length; )
            {
                var read = await stream.ReadAsync(buffer[done..], cancellation).ConfigureAwait(false);
                if (read == 0)
                {
                    throw new StoreTroubleException($"the response ends after {done} of {buffer.Length} bytes");
                }
                done += read;
                alive();
            }
        }
        catch (Exception e) when (S3Errors.Knows(e))
        {
            throw _errors.Of(e, bucket, what.Key);
        }
    }

    public void Dispose() => _client.Dispose();

    /// <summary>A page for people is no listing, and would be taken for one of nothing.</summary>
    private void RequireStore(ResponseEventArgs answer)
    {
        if (
            answer is WebServiceResponseEventArgs { Request: ListObjectsV2Request asked, ResponseHeaders: { } headers }
            && headers.TryGetValue("Content-Type", out var type)
            && type.StartsWith("text/html", StringComparison.OrdinalIgnoreCase)
        )
        {
            throw StoreErrors.NoStore(Host, "it answers with a web page", $"s3://{asked.BucketName}/{asked.Prefix}");
        }
    }

    /// <summary>What passes requests on may answer with the whole object, or with another part of it.</summary>
    private static void RequireRange(GetObjectResponse response, StoreObject what, long offset, int length)
    {
        var isRange =
            response.HttpStatusCode == HttpStatusCode.PartialContent
                ? response.ContentRange?.StartsWith(
                    string.Create(CultureInfo.InvariantCulture, $"bytes {offset}-{offset + length - 1}/"),
                    StringComparison.Ordinal
                ) == true
                : offset == 0 && length == what.Length;
        if (!isRange || response.ContentLength != length)
        {
            throw new StoreTroubleException("the response is not the requested range");
        }
    }

    private static StoreObject Of(S3Object found) =>
        new(
            found.Key,
            found.Size ?? 0,
            found.ETag,
            found.LastModified is { } at ? new DateTimeOffset(at.ToUniversalTime()) : DateTimeOffset.UnixEpoch,
            IsBroughtBack(found.RestoreStatus) ? null : Archives.FirstOrDefault(a => a == found.StorageClass?.Value)
        );

    /// <summary>A copy has been brought back out of the archive, and can be read for some days.</summary>
    private static bool IsBroughtBack(RestoreStatus? status) =>
        status is { IsRestoreInProgress: not true, RestoreExpiryDate: not null };
}
