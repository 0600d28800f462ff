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

    /// <summary>Reads the file.</summary>
    /// <exception cref="BackupException">PathNotFound, Malformed.</exception>
    public AuthorityFile(string path)
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
                $"{Variable} names no file of certificates: {e.Message}",
                path,
                recommendation: $"Name a PEM file in {Variable}, or unset it.",
                inner: e
            );
        }
    }

    /// <summary>The file that the environment names; null where it names none.</summary>
    public static AuthorityFile? FromEnvironment() =>
        Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } path ? new AuthorityFile(path) : null;

    public override HttpClient CreateHttpClient(IClientConfig clientConfig) =>
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
