using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Xml;
using Amazon.Runtime;
using Amazon.Runtime.Internal;
using BackupTools.Errors;

namespace BackupTools.Files.Stores;

/// <summary>From what the SDK throws to what may pass and what will not, in our words.</summary>
internal sealed class S3Errors(string host)
{
    /// <summary>True for what comes from the SDK and the network below it.</summary>
    public static bool Knows(Exception error) =>
        error
            is AmazonClientException
                or AmazonServiceException
                or HttpRequestException
                or IOException
                or SocketException
                or XmlException;

    /// <summary>The error as reported.</summary>
    /// <param name="error">What the SDK threw.</param>
    /// <param name="bucket">The bucket that was asked for.</param>
    /// <param name="key">The object that was asked for.</param>
    /// <param name="options">What the store was told to keep the object by: the names of the options.</param>
    public Exception Of(Exception error, string bucket, string key, IReadOnlyList<string>? options = null)
    {
        var path = $"s3://{bucket}/{key}";
        var service = error as AmazonServiceException;
        return (service?.ErrorCode, (int?)service?.StatusCode) switch
        {
            ("RequestTimeTooSkewed", _) => StoreErrors.Skewed(SkewOf(service!), host, path, error),
            (_, 403) when StoreErrors.IsLarge(SkewOf(service!)) => StoreErrors.Skewed(
                SkewOf(service!),
                host,
                path,
                error
            ),
            ("InvalidObjectState", _) => StoreErrors.Archived(path, error),
            ("NoSuchBucket", _) => new BackupException(
                ErrorCode.PathNotFound,
                $"{host} has no bucket '{bucket}'",
                path,
                inner: error
            ),
            (_, 401 or 403) => new BackupException(
                ErrorCode.StoreAccessDenied,
                $"{host} denies access ({Word(service!)})",
                path,
                inner: error
            ),
            ("InvalidStorageClass", _) => StoreErrors.UnknownOption(["StorageClass"], Text(service!), error),
            // Ceph says no more, and nothing else of the request is an administrator's.
            ("InvalidArgument", _) when options is { Count: > 0 } => StoreErrors.UnknownOption(
                options,
                Text(service!),
                error
            ),
            ({ } code, _) when code.StartsWith("KMS.", StringComparison.Ordinal) => StoreErrors.UnknownOption(
                ["StoreKeyId"],
                Text(service!),
                error
            ),
            // What was sent is not what came.
            ("BadDigest" or "XAmzContentSHA256Mismatch", _) => new StoreTroubleException(
                $"it answers {(int)service!.StatusCode} {Word(service)}: the data was changed on the way",
                error
            ),
            (_, 404) => StoreErrors.Gone(path, error),
            (_, 412) => StoreErrors.Replaced(path, error),
            ("PermanentRedirect" or "AuthorizationHeaderMalformed" or "IllegalLocationConstraintException", _)
            or (_, 301) => new BackupException(
                ErrorCode.StoreUnavailable,
                $"the bucket '{bucket}' is not served by {host}: {service!.Message}",
                path,
                recommendation: "Name the region of the bucket with AWS_REGION, or the store with AWS_ENDPOINT_URL.",
                inner: error
            ),
            (_, >= 500 or 408 or 429) or ("SlowDown" or "RequestTimeout" or "InternalError", _) =>
                new StoreTroubleException($"it answers {(int)service!.StatusCode} {Word(service)}", error),
            (_, >= 400) => StoreErrors.Refused(host, Text(service!), path, error),
            _ => StoreErrors.OfNetwork(error, host, path, mayBeCredentials: error is AmazonClientException),
        };
    }

    /// <summary>What is said of an answer to a listing that only something else than a store gives; null for all others.</summary>
    public BackupException? NoStore(Exception error, string bucket, string key)
    {
        var cause = error.GetBaseException();
        var what = error switch
        {
            XmlException => "its answer is none of S3",
            AmazonUnmarshallingException when cause is XmlException => "its answer is none of S3",
            AmazonServiceException { StatusCode: HttpStatusCode.NotFound, ErrorCode: not "NoSuchBucket" } =>
                "it answers 404 to a listing",
            _ => null,
        };
        return what is null ? null : StoreErrors.NoStore(host, what, $"s3://{bucket}/{key}", error);
    }

    /// <summary>By how much the store's clock is ahead; null where it does not say.</summary>
    private static TimeSpan? SkewOf(AmazonServiceException error) =>
        error.InnerException is HttpErrorResponseException { Response: { } response }
        && DateTimeOffset.TryParse(
            response.GetHeaderValue("Date"),
            CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal,
            out var there
        )
            ? there - DateTimeOffset.UtcNow
            : null;

    /// <summary>The store's code, and what it says more.</summary>
    private static string Text(AmazonServiceException error) =>
        string.IsNullOrWhiteSpace(error.Message) || error.Message == error.ErrorCode
            ? Word(error)
            : $"{Word(error)}: {error.Message}";

    private static string Word(AmazonServiceException error) =>
        string.IsNullOrEmpty(error.ErrorCode) ? $"{(int)error.StatusCode}" : error.ErrorCode;
}
