using System.Net;
using BackupTools.Errors;
using BackupTools.Files.Stores;
using BackupTools.Options;

namespace BackupTools.Operations;

/// <summary>From the user's options for a store to how it is reached.</summary>
internal static class StoreChoice
{
    /// <summary>The settings.</summary>
    /// <exception cref="BackupException">
    /// InvalidOption: the endpoint is no URL, or has a password; there is no such encryption, or it knows no key; the
    /// credential has half of what it takes.
    /// </exception>
    public static StoreSettings Of(StoreOptions options) =>
        new()
        {
            Endpoint = options.StoreEndpoint is { } text ? EndpointOf(text) : null,
            Profile = options.StoreProfile,
            Region = options.StoreRegion,
            CaFile = options.StoreCaFile,
            PathStyle = options.StorePathStyle,
            SingleWriter = options.SingleWriter,
            SpoolPath = options.SpoolPath,
            StorageClass = options.StorageClass,
            Encryption = EncryptionOf(options),
            KeyId = options.StoreKeyId,
            Credential = CredentialOf(options),
        };

    private static StoreEncryption EncryptionOf(StoreOptions options)
    {
        var encryption = options.StoreEncryption?.ToUpperInvariant() switch
        {
            null or "NONE" => StoreEncryption.None,
            "SSE-S3" => StoreEncryption.OfStore,
            "SSE-KMS" => StoreEncryption.Kms,
            _ => throw new BackupException(
                ErrorCode.InvalidOption,
                $"'{options.StoreEncryption}' is no encryption of a store",
                recommendation: $"Give {Spelling.Of(nameof(StoreOptions.StoreEncryption))} as None, SSE-S3 or SSE-KMS."
            ),
        };
        return options.StoreKeyId is null || encryption == StoreEncryption.Kms
            ? encryption
            : throw new BackupException(
                ErrorCode.InvalidOption,
                $"{Spelling.Of(nameof(StoreOptions.StoreKeyId))} is the key of SSE-KMS, which is not what was asked for",
                recommendation: $"Give {Spelling.Of(nameof(StoreOptions.StoreEncryption))} SSE-KMS with it, or leave it out."
            );
    }

    private static NetworkCredential? CredentialOf(StoreOptions options) =>
        options.StoreCredential is not { } given || (given.UserName.Length > 0 && given.SecurePassword.Length > 0)
            ? options.StoreCredential
            : throw new BackupException(
                ErrorCode.InvalidOption,
                $"{Spelling.Of(nameof(StoreOptions.StoreCredential))} has no {(given.UserName.Length > 0 ? "password" : "user name")}",
                recommendation: "Give the access key as user name and its secret as password; of Azure the account and its key."
            );

    private static Uri EndpointOf(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var url)
        && (url.Scheme == Uri.UriSchemeHttps || url.Scheme == Uri.UriSchemeHttp)
        && url.UserInfo.Length == 0
            ? url
            : throw new BackupException(
                ErrorCode.InvalidOption,
                $"'{StoreAddress.WithoutSecret(text)}' is not the URL of a store",
                recommendation: $"Give {Spelling.Of(nameof(StoreOptions.StoreEndpoint))} as https://host:port; credentials come from the environment or a profile."
            );
}
