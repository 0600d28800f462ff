using System.Globalization;
using System.Net.Sockets;
using System.Security.Authentication;
using BackupTools.Errors;

namespace BackupTools.Files.Stores;

/// <summary>What goes wrong with every store, in our words.</summary>
internal static class StoreErrors
{
    /// <summary>A store that does not say that it is the clock refuses what is dated so far from its own.</summary>
    private static readonly TimeSpan LargestSkew = TimeSpan.FromMinutes(15);

    /// <summary>True where the clocks are so far apart that the store refuses for that.</summary>
    public static bool IsLarge(TimeSpan? skew) => skew?.Duration() > LargestSkew;

    /// <summary>An object that was listed is no longer there.</summary>
    public static BackupException Gone(string path, Exception? error) =>
        new(
            ErrorCode.PathNotFound,
            "the object has disappeared since it was listed",
            path,
            recommendation: "Run again when nothing is being removed there.",
            inner: error
        );

    /// <summary>An object that was listed is another one by now.</summary>
    public static BackupException Replaced(string path, Exception error) =>
        new(
            ErrorCode.ReadFailed,
            "the object was replaced since it was listed",
            path,
            recommendation: "Run again when nothing is being written there.",
            inner: error
        );

    /// <summary>An object has to be brought back before it can be read.</summary>
    public static BackupException Archived(string path, Exception error) =>
        new(ErrorCode.ObjectArchived, "the object is archived, and cannot be read", path, inner: error);

    /// <summary>A chain in an archive could not be continued, tested or copied.</summary>
    public static BackupException IsArchive(string storageClass) =>
        new(
            ErrorCode.InvalidOption,
            $"{storageClass} is an archive, which cannot be read: a chain there could not be continued",
            recommendation: $"Give another {Spelling.Of("StorageClass")}, and let a lifecycle rule move what is old."
        );

    /// <summary>Whoever answers is no store: the console of one, a proxy, the page of a network that wants a login.</summary>
    public static BackupException NoStore(string host, string what, string path, Exception? error = null) =>
        new(
            ErrorCode.StoreUnavailable,
            $"{host} is not the endpoint of a store: {what}",
            path,
            recommendation: $"Check {Spelling.Of("StoreEndpoint")}: a console has another port than its store, and some networks answer for everybody until you log in.",
            inner: error
        );

    /// <summary>What a store does not know of what it was told to keep bundles by.</summary>
    public static BackupException UnknownOption(IReadOnlyList<string> options, string message, Exception error)
    {
        var names = string.Join(" or ", options.Select(Spelling.Of));
        return new BackupException(
            ErrorCode.InvalidOption,
            $"the store refuses {names}: {message}",
            recommendation: $"Give another {names}, one that this store knows, or leave it out.",
            inner: error
        );
    }

    /// <summary>The store was reached, and does not take what it was asked.</summary>
    public static BackupException Refused(string host, string answer, string path, Exception error) =>
        new(
            ErrorCode.StoreUnavailable,
            $"{host} refuses the request: {answer}",
            path,
            recommendation: "The store was reached; look up its answer in its documentation or its log.",
            inner: error
        );

    /// <summary>The request was not answered.</summary>
    /// <param name="error">What the SDK threw.</param>
    /// <param name="host">Whom it asked.</param>
    /// <param name="path">The address that it is about.</param>
    /// <param name="mayBeCredentials">The SDK throws this, too, where it finds no credentials to ask with.</param>
    public static Exception OfNetwork(Exception error, string host, string path, bool mayBeCredentials)
    {
        var cause = error.GetBaseException();
        return cause switch
        {
            // .NET says so only where the answer was no TLS at all.
            AuthenticationException when cause.Message.Contains("frame", StringComparison.OrdinalIgnoreCase) =>
                new BackupException(
                    ErrorCode.StoreUnavailable,
                    $"{host} does not speak TLS on this port: {cause.Message}",
                    path,
                    recommendation: $"Name the port that does with {Spelling.Of("StoreEndpoint")}, or write http:// there if the store has none.",
                    inner: error
                ),
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
            _ when mayBeCredentials && !IsNetwork(cause) => new BackupException(
                ErrorCode.StoreAccessDenied,
                $"no credentials for {host} were found: {error.Message.Split('\n')[0].TrimEnd('.', ' ', '\r')}",
                path,
                inner: error
            ),
            _ => new StoreTroubleException(cause.Message, error),
        };
    }

    /// <summary>The clocks differ.</summary>
    /// <param name="skew">By how much the store's is ahead; null where it does not say.</param>
    /// <param name="host">Who was asked.</param>
    /// <param name="path">The address that it is about.</param>
    /// <param name="error">What the SDK threw.</param>
    public static BackupException Skewed(TimeSpan? skew, string host, string path, Exception error)
    {
        var here = DateTimeOffset.UtcNow;
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

    private static bool IsNetwork(Exception error) => error is HttpRequestException or IOException or SocketException;
}
