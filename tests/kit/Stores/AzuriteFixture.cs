using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Azure.Storage;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using BackupTools.Files.Stores;
using BackupTools.Tests.Files;
using BackupTools.Tests.FrontEnds;

namespace BackupTools.Tests.Stores;

/// <summary>Azurite, Microsoft's own emulator of Azure Blob Storage; npm installs it into tests/servers/azurite.</summary>
public sealed class AzuriteFixture : IDisposable
{
    public const string Container = "backups";

    /// <summary>The account that every emulator has, with the key that its documentation prints.</summary>
    public const string Account = "devstoreaccount1";

    private const string Key =
        "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

    private static readonly TimeSpan s_longest = TimeSpan.FromMinutes(4);

    private readonly TempFolder _folder = new();
    private readonly Process _server = null!;
    private readonly BlobContainerClient _container = null!;

    public AzuriteFixture()
    {
        if (WhyNot is not null)
        {
            return;
        }
        var port = FreePort();
        _server = ChildProcess.Start(
            "node",
            [
                Path.Combine(Folder, "node_modules/azurite/dist/src/blob/main.js"),
                "--blobHost",
                "127.0.0.1",
                "--blobPort",
                $"{port}",
                "--location",
                _folder.Path,
                "--silent",
                "--skipApiVersionCheck",
                "--disableTelemetry",
            ],
            _folder.Path
        );
        // Nobody reads what it says, and it must not wait for that.
        _server.OutputDataReceived += (_, _) => { };
        _server.ErrorDataReceived += (_, _) => { };
        _server.BeginOutputReadLine();
        _server.BeginErrorReadLine();
        Settings = new StoreSettings
        {
            Endpoint = new Uri($"http://127.0.0.1:{port}/{Account}"),
            Credential = new(Account, Key),
        };
        var options = new BlobClientOptions();
        options.Retry.MaxRetries = 60;
        options.Retry.Mode = Azure.Core.RetryMode.Fixed;
        options.Retry.Delay = TimeSpan.FromMilliseconds(500);
        var client = new BlobServiceClient(Settings.Endpoint, new StorageSharedKeyCredential(Account, Key), options);
        _container = client.GetBlobContainerClient(Container);
        _container.CreateIfNotExists();
    }

    private static string Folder => Path.Combine(ChildProcess.Root, "tests/servers/azurite");

    /// <summary>Why there is no Azurite here; null where there is.</summary>
    public static string? WhyNot { get; } = Install();

    internal StoreSettings Settings { get; } = new();

    /// <summary>Puts the files of a folder under a prefix of the container.</summary>
    public void PutFolder(string folder, string prefix)
    {
        foreach (var (key, file) in StoreFolder.Files(folder, prefix))
        {
            Put(key, File.ReadAllBytes(file));
        }
    }

    public void Put(string key, byte[] content) =>
        _container.GetBlobClient(key).Upload(BinaryData.FromBytes(content), overwrite: true);

    /// <summary>All below a prefix, by relative key.</summary>
    public IReadOnlyDictionary<string, byte[]> Down(string prefix) =>
        _container
            .GetBlobs(new GetBlobsOptions { Prefix = prefix + "/" })
            .ToDictionary(
                b => b.Name[(prefix.Length + 1)..],
                b => _container.GetBlobClient(b.Name).DownloadContent().Value.Content.ToArray()
            );

    /// <summary>The tier of each blob below a prefix.</summary>
    public IReadOnlyDictionary<string, string> Tiers(string prefix) =>
        _container
            .GetBlobs(new GetBlobsOptions { Prefix = prefix })
            .ToDictionary(b => b.Name, b => $"{b.Properties.AccessTier}");

    /// <summary>The names below a prefix for which blocks wait that make no blob yet.</summary>
    public IReadOnlyList<string> OpenUploads(string prefix)
    {
        var all = new GetBlobsOptions { Prefix = prefix, States = BlobStates.Uncommitted };
        var made = _container.GetBlobs(new GetBlobsOptions { Prefix = prefix }).Select(b => b.Name);
        return [.. _container.GetBlobs(all).Select(b => b.Name).Except(made)];
    }

    public void Dispose()
    {
        if (WhyNot is null)
        {
            _server.Kill(entireProcessTree: true);
            _server.WaitForExit();
            _server.Dispose();
        }
        _folder.Dispose();
    }

    private static string? Install()
    {
        if (!OperatingSystem.IsLinux())
        {
            return "needs Linux";
        }
        if (new[] { "node", "npm" }.FirstOrDefault(p => !Posix.IsInstalled(p)) is { } missing)
        {
            return $"needs {missing}";
        }
        if (File.Exists(Path.Combine(Folder, "node_modules/azurite/dist/src/blob/main.js")))
        {
            return null;
        }
        using var npm = ChildProcess.Start(
            "npm",
            ["ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"],
            Folder
        );
        return npm.WaitForExit(s_longest) && npm.ExitCode == 0 ? null : "needs Azurite, which npm ci could not install";
    }

    private static int FreePort()
    {
        using var free = new TcpListener(IPAddress.Loopback, 0);
        free.Start();
        return ((IPEndPoint)free.LocalEndpoint).Port;
    }
}

/// <summary>A theory that needs Azurite.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class AzuriteTheoryAttribute : TheoryAttribute
{
    public AzuriteTheoryAttribute() => Skip = AzuriteFixture.WhyNot;
}

/// <summary>A fact that needs Azurite.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class AzuriteFactAttribute : FactAttribute
{
    public AzuriteFactAttribute() => Skip = AzuriteFixture.WhyNot;
}
