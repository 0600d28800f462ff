using System.Xml;
using Azure;
using Azure.Identity;
using BackupTools.Errors;

namespace BackupTools.Files.Stores;

/// <summary>From what Azure's SDK throws to what may pass and what will not, in our words.</summary>
internal sealed class AzureErrors(string host)
{
    /// <summary>True for what comes from the SDK and the network below it.</summary>
    public static bool Knows(Exception error) =>
        error
            is RequestFailedException
                or AuthenticationFailedException
                or HttpRequestException
                or IOException
                or XmlException;

    /// <summary>A condition that the request made does not hold.</summary>
    public static bool IsUnmet(RequestFailedException error) =>
        error.Status == 412 || error is { Status: 409, ErrorCode: "BlobAlreadyExists" or "UnauthorizedBlobOverwrite" };

    /// <summary>
    /// The error as reported; <paramref name="ahead"/> is by how much the store's clock was ahead when it answered.
    /// </summary>
    public Exception Of(Exception error, ObjectName name, TimeSpan ahead)
    {
        var path = $"{name}";
        var failed = error as RequestFailedException;
        return (failed?.ErrorCode, failed?.Status) switch
        {
            (_, 403) when StoreErrors.IsLarge(ahead) => StoreErrors.Skewed(ahead, host, path, error),
            ("BlobArchived", _) => StoreErrors.Archived(path, error),
            ("ContainerNotFound", _) => new BackupException(
                ErrorCode.PathNotFound,
                $"{host} has no container '{name.Bucket}'",
                path,
                inner: error
            ),
            (_, 401 or 403) => new BackupException(
                ErrorCode.StoreAccessDenied,
                $"{host} denies access ({failed!.ErrorCode ?? $"{failed.Status}"})",
                path,
                recommendation: "Give credentials that may do this (docs/stores.md lists the roles): AZURE_STORAGE_ACCOUNT, with AZURE_STORAGE_KEY or AZURE_STORAGE_SAS_TOKEN.",
                inner: error
            ),
            _ when error is XmlException => StoreErrors.NoStore(host, "its answer is none of Azure's", path, error),
            // What was sent is not what came.
            ("Md5Mismatch", _) => new StoreTroubleException(
                $"it answers {failed!.Status} {failed.ErrorCode}: the data was changed on the way",
                error
            ),
            (_, 404) => StoreErrors.Gone(path, error),
            (_, 412) => StoreErrors.Replaced(path, error),
            (_, >= 500 or 408 or 409 or 429) => new StoreTroubleException(
                $"it answers {failed!.Status} {failed.ErrorCode}",
                error
            ),
            (_, >= 400) => StoreErrors.Refused(host, failed!.ErrorCode ?? $"{failed.Status}", path, error),
            _ => StoreErrors.OfNetwork(error, host, path, mayBeCredentials: error is AuthenticationFailedException),
        };
    }
}
