using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using BackupTools.Files.Stores;
using BackupTools.Tests.Files;
using BackupTools.Tests.FrontEnds;

namespace BackupTools.Tests.Stores;

/// <summary>A Ceph of one node with its S3 gateway, for the tests of a class collection: it takes some 20 s to start.</summary>
public sealed class CephFixture : IDisposable
{
    public const string Bucket = "backups";

    private static readonly string[] s_programs = ["ceph-mon", "ceph-osd", "ceph", "radosgw", "radosgw-admin", "curl"];

    private readonly TempFolder _folder = new();
    private readonly AmazonS3Client _client = null!;

    public CephFixture()
    {
        if (WhyNot is not null)
        {
            return;
        }
        var port = FreePort();
        var start = ChildProcess.Run(
            "timeout",
            ["120", "bash", Path.Combine(ChildProcess.Root, "tests/servers/start-ceph.sh"), _folder.Path, $"{port}"],
            _folder.Path,
            new Dictionary<string, string> { ["CEPH_BLOCK"] = "2147483648" }
        );
        Assert.True(start.ExitCode == 0, $"Ceph did not start: {start}");
        Settings = new StoreSettings
        {
            Endpoint = new Uri($"http://127.0.0.1:{port}"),
            Credential = new("test", "testing"),
        };
        _client = new AmazonS3Client(
            new BasicAWSCredentials("test", "testing"),
            new AmazonS3Config
            {
                ServiceURL = Settings.Endpoint.AbsoluteUri,
                ForcePathStyle = true,
                Timeout = TimeSpan.FromSeconds(60),
                RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
                ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
            }
        );
        _client.PutBucketAsync(Bucket).GetAwaiter().GetResult();
    }

    /// <summary>Why there is no Ceph here; null where there is.</summary>
    public static string? WhyNot { get; } =
        !OperatingSystem.IsLinux() ? "needs Linux"
        : s_programs.FirstOrDefault(p => !Posix.IsInstalled(p)) is { } missing ? $"needs {missing}"
        : null;

    internal StoreSettings Settings { get; } = new();

    /// <summary>Puts the files of a folder under a prefix of the bucket.</summary>
    public void PutFolder(string folder, string prefix)
    {
        foreach (var (key, file) in StoreFolder.Files(folder, prefix))
        {
            Put(key, File.ReadAllBytes(file));
        }
    }

    public void Put(string key, byte[] content) => PutAsync(key, content).GetAwaiter().GetResult();

    public Task PutAsync(string key, byte[] content) =>
        _client.PutObjectAsync(
            new PutObjectRequest
            {
                BucketName = Bucket,
                Key = key,
                InputStream = new MemoryStream(content),
                UseChunkEncoding = false,
            }
        );

    /// <summary>All below a prefix, by relative key.</summary>
    public IReadOnlyDictionary<string, byte[]> Down(string prefix)
    {
        var listed = _client.ListObjectsV2Async(
            new ListObjectsV2Request { BucketName = Bucket, Prefix = prefix + "/" }
        );
        return (listed.GetAwaiter().GetResult().S3Objects ?? []).ToDictionary(
            o => o.Key[(prefix.Length + 1)..],
            o =>
            {
                using var got = _client.GetObjectAsync(Bucket, o.Key).GetAwaiter().GetResult();
                using var content = new MemoryStream();
                got.ResponseStream.CopyTo(content);
                return content.ToArray();
            }
        );
    }

    /// <summary>Makes a bucket that keeps former versions.</summary>
    public void MakeVersioned(string bucket)
    {
        _client.PutBucketAsync(bucket).GetAwaiter().GetResult();
        _client
            .PutBucketVersioningAsync(
                new PutBucketVersioningRequest
                {
                    BucketName = bucket,
                    VersioningConfig = new S3BucketVersioningConfig { Status = VersionStatus.Enabled },
                }
            )
            .GetAwaiter()
            .GetResult();
    }

    /// <summary>Makes a bucket whose objects are retained for a day.</summary>
    public void MakeLocked(string bucket)
    {
        _client
            .PutBucketAsync(new PutBucketRequest { BucketName = bucket, ObjectLockEnabledForBucket = true })
            .GetAwaiter()
            .GetResult();
        var retention = new DefaultRetention { Mode = ObjectLockRetentionMode.Compliance, Days = 1 };
        _client
            .PutObjectLockConfigurationAsync(
                new PutObjectLockConfigurationRequest
                {
                    BucketName = bucket,
                    ObjectLockConfiguration = new ObjectLockConfiguration
                    {
                        ObjectLockEnabled = ObjectLockEnabled.Enabled,
                        Rule = new ObjectLockRule { DefaultRetention = retention },
                    },
                }
            )
            .GetAwaiter()
            .GetResult();
    }

    /// <summary>The keys below a prefix of uploads that are neither completed nor given up.</summary>
    public IReadOnlyList<string> OpenUploads(string prefix) =>
        [
            .. (
                _client
                    .ListMultipartUploadsAsync(new ListMultipartUploadsRequest { BucketName = Bucket, Prefix = prefix })
                    .GetAwaiter()
                    .GetResult()
                    .MultipartUploads
                ?? []
            ).Select(u => u.Key),
        ];

    public void Dispose()
    {
        _client?.Dispose();
        foreach (var file in Directory.EnumerateFiles(_folder.Path, "*.pid"))
        {
            try
            {
                using var process = Process.GetProcessById(
                    int.Parse(File.ReadAllText(file), CultureInfo.InvariantCulture)
                );
                process.Kill();
                process.WaitForExit();
            }
            catch (ArgumentException)
            {
                // It has ended by itself.
            }
        }
        _folder.Dispose();
    }

    /// <summary>A port that is free, and the next one as well.</summary>
    private static int FreePort()
    {
        while (true)
        {
            using var first = new TcpListener(IPAddress.Loopback, 0);
            first.Start();
            var port = ((IPEndPoint)first.LocalEndpoint).Port;
            try
            {
                using var second = new TcpListener(IPAddress.Loopback, port + 1);
                second.Start();
                return port;
            }
            catch (SocketException)
            {
                // Somebody has it: another try.
            }
        }
    }
}

/// <summary>A theory that needs Ceph.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class CephTheoryAttribute : TheoryAttribute
{
    public CephTheoryAttribute() => Skip = CephFixture.WhyNot;
}

/// <summary>A fact that needs Ceph.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class CephFactAttribute : FactAttribute
{
    public CephFactAttribute() => Skip = CephFixture.WhyNot;
}
