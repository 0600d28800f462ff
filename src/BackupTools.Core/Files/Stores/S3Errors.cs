using System.Globalization;
using System.Net.Sockets;
using System.Security.Authentication;
using Amazon.Runtime;
using Amazon.Runtime.Internal;
using BackupTools.Errors;

namespace BackupTools.Files.Stores;

/// <summary>From what the SDK throws to what may pass and what will not, in our words.</summary>
internal sealed class S3Errors(string host)
{
    /// <summary>A store that does not say that it is the clock refuses what is dated so far from its own.</summary>
    private static readonly TimeSpan LargestSkew = TimeSpan.FromMinutes(15);

    /// <summary>True for what comes from the SDK and the network below it.</summary>
    public static bool Knows(Exception error) =>
        error
            is AmazonClientException
                or AmazonServiceException
                or HttpRequestException
                or IOException
                or SocketException;

    public Exception Of(Exception error, string bucket, string key)
    {
        var path = $"s3://{bucket}/{key}";
        var service = error as AmazonServiceException;
        return (service?.ErrorCode, (int?)service?.StatusCode) switch
        {
            ("RequestTimeTooSkewed", _) => Skewed(service!, path),
            (_, 403) when SkewOf(service!) is { } skew && skew.Duration() > LargestSkew => Skewed(service!, path),
            ("InvalidObjectState", _) => new BackupException(
                ErrorCode.ObjectArchived,
                "the object lies in an archive, from which nothing can be read",
                path,
                inner: error
            ),
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
            (_, 404) => new BackupException(
                ErrorCode.PathNotFound,
                "the object has gone since it was listed",
                path,
                recommendation: "Run again when nothing is removed there.",
                inner: error
            ),
            (_, 412) => new BackupException(
                ErrorCode.ReadFailed,
                "the object is another one than when it was listed",
                path,
                recommendation: "Run again when nothing is written there.",
                inner: error
            ),
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
            (_, >= 400) => new BackupException(
                ErrorCode.StoreUnavailable,
                $"{host} refuses the request ({Word(service!)}): {service!.Message}",
                path,
                inner: error
            ),
            _ => OfNetwork(error, path),
        };
    }

    private Exception OfNetwork(Exception error, string path)
    {
        var cause = error;
        while (cause.InnerException is { } inner)
        {
            cause = inner;
        }
        return cause switch
        {
            AuthenticationException => new BackupException(
                ErrorCode.StoreUnavailable,
                $"the certificate of {host} is not trusted: {cause.Message}",
                path,
                recommendation: "Name a file with the certificate of your authority in AWS_CA_BUNDLE.",
                inner: error
            ),
            SocketException { SocketErrorCode: SocketError.HostNotFound } => new BackupException(
                ErrorCode.StoreUnavailable,
                $"there is no host {host}",
                path,
                inner: error
            ),
            // The SDK looked everywhere: nothing was sent yet.
            _ when error is AmazonClientException && !IsNetwork(cause) => new BackupException(
                ErrorCode.StoreAccessDenied,
                $"no credentials for {host} are found: {error.Message.TrimEnd('.', ' ')}",
                path,
                inner: error
            ),
            _ => new StoreTroubleException(cause.Message, error),
        };
    }

    private static bool IsNetwork(Exception error) => error is HttpRequestException or IOException or SocketException;

    private BackupException Skewed(AmazonServiceException error, string path)
    {
        var here = DateTimeOffset.UtcNow;
        var skew = SkewOf(error);
        return new BackupException(
            ErrorCode.StoreClockSkewed,
            skew is { } known
                ? $"the clocks differ: it is {Text(here + known)} at {host}, and {Text(here)} here"
                : $"{host} says that its clock differs from the one here, where it is {Text(here)}",
            path,
            inner: error
        );

        static string Text(DateTimeOffset time) =>
            time.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);
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

    private static string Word(AmazonServiceException error) =>
        string.IsNullOrEmpty(error.ErrorCode) ? $"{(int)error.StatusCode}" : error.ErrorCode;
}
