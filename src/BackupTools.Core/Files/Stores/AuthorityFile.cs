using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Amazon.Runtime;
using BackupTools.Errors;

namespace BackupTools.Files.Stores;

/// <summary>Trusts the authorities of a file, as the other tools of AWS do; the SDK for .NET knows no such setting.</summary>
internal sealed class AuthorityFile : HttpClientFactory
{
    private const string Variable = "AWS_CA_BUNDLE";

    private readonly string _path;
    private readonly X509Certificate2Collection _authorities = [];

    /// <summary>Reads the file that <paramref name="named"/> names.</summary>
    /// <exception cref="BackupException">PathNotFound, Malformed.</exception>
    private AuthorityFile(string path, string named)
    {
        _path = path;
        try
        {
            _authorities.ImportFromPemFile(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new BackupException(
                e is CryptographicException ? ErrorCode.Malformed : ErrorCode.PathNotFound,
                $"{named} does not name a file of certificates: {e.Message}",
                path,
                recommendation: $"Name a PEM file with {named}, or leave it out.",
                inner: e
            );
        }
    }

    /// <summary>The file that was named, or that the environment names; null where none is.</summary>
    /// <exception cref="BackupException">PathNotFound, Malformed.</exception>
    public static AuthorityFile? Of(string? path) =>
        path is not null ? new AuthorityFile(path, Spelling.Of("StoreCaFile"))
        : Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } found ? new AuthorityFile(found, Variable)
        : null;

    public override HttpClient CreateHttpClient(IClientConfig clientConfig) => CreateHttpClient();

    public HttpClient CreateHttpClient() =>
        new(
            new SocketsHttpHandler
            {
                SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = Policy() },
            }
        )
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };

    public override string GetConfigUniqueString(IClientConfig clientConfig) => _path;

    private X509ChainPolicy Policy()
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
        };
        policy.CustomTrustStore.AddRange(_authorities);
        return policy;
    }
}
