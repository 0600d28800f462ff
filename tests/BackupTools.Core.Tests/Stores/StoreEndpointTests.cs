using System.Net;
using System.Net.Sockets;
using BackupTools.Errors;
using BackupTools.Files.Stores;
using BackupTools.Operations;

namespace BackupTools.Tests.Stores;

/// <summary>An endpoint that is none, options that it does not know, and a spool that is full: each is named for what it is.</summary>
public sealed class StoreEndpointTests : OnFakeS3
{
    [Theory]
    [InlineData(nameof(Trouble.WebPage))]
    [InlineData(nameof(Trouble.NoXml))]
    [InlineData(nameof(Trouble.NotFound))]
    public void What_answers_and_is_no_store_is_named_at_once(string trouble)
    {
        using var box = Box(EngineNames.Spg);
        Store.PutFolder(box.Bundles, Prefix);
        Store.Misbehave = _ => Enum.Parse<Trouble>(trouble);
        using var host = new OperationHost { Stores = Settings with { Patience = TimeSpan.FromMinutes(1) } };
        var error = Assert.Throws<BackupException>(() => ReadChains.Read(Address, false, null, host).ToList());
        Assert.Equal(ErrorCode.StoreUnavailable, error.Code);
        Assert.Contains("is not the endpoint of a store", error.Message, StringComparison.Ordinal);
        Assert.Contains("StoreEndpoint", error.Recommendation, StringComparison.Ordinal);
        Assert.Single(Store.Requests);
    }

    [Fact]
    public async Task A_port_without_TLS_is_not_called_an_untrusted_certificate()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var server = Task.Run(() =>
        {
            using var client = listener.AcceptTcpClient();
            Assert.NotEqual(0, client.GetStream().Read(new byte[10]));
            client.GetStream().Write("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"u8);
        });
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        using var host = new OperationHost
        {
            Stores = Settings with { Endpoint = new Uri($"https://127.0.0.1:{port}") },
        };
        var error = Assert.Throws<BackupException>(() => ReadChains.Read(Address, false, null, host).ToList());
        await server;
        Assert.Equal(ErrorCode.StoreUnavailable, error.Code);
        Assert.Contains($"127.0.0.1:{port} does not speak TLS", error.Message, StringComparison.Ordinal);
        Assert.Contains("http://", error.Recommendation, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(nameof(Trouble.WrongClass), "StorageClass")]
    [InlineData(nameof(Trouble.NoKey), "StoreKeyId")]
    public void An_option_that_the_store_does_not_know_is_named(string trouble, string option)
    {
        using var box = Box(EngineNames.Spg);
        Store.Misbehave = r =>
            r.Method == "PUT" && r.Key.EndsWith(".bkp", StringComparison.Ordinal)
                ? Enum.Parse<Trouble>(trouble)
                : Trouble.None;
        var error = Assert.Throws<BackupException>(() =>
            new StoreWriting(box, Address, Settings with { StorageClass = "COLDEST" }).Copy()
        );
        Assert.Equal(ErrorCode.InvalidOption, error.Code);
        Assert.Contains(option, error.Message, StringComparison.Ordinal);
        Assert.Contains(option, error.Recommendation, StringComparison.Ordinal);
    }

    /// <summary>Ceph says only that, and without a message.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void An_argument_that_the_store_refuses_is_one_of_the_options_that_were_given(bool inParts)
    {
        using var box = Box(EngineNames.Spg);
        Store.Misbehave = r =>
            r.Method == (inParts ? "POST" : "PUT") && r.Key.EndsWith(".bkp", StringComparison.Ordinal)
                ? Trouble.BadArgument
                : Trouble.None;
        var settings = inParts ? Settings with { PartSize = 64 } : Settings;
        foreach (
            var (given, named) in new[]
            {
                (settings with { StorageClass = "NOPE" }, new[] { "StorageClass" }),
                (
                    settings with
                    {
                        StorageClass = "NOPE",
                        Encryption = StoreEncryption.Kms,
                        KeyId = "none",
                    },
                    ["StorageClass", "StoreEncryption", "StoreKeyId"]
                ),
            }
        )
        {
            var error = Assert.Throws<BackupException>(() => new StoreWriting(box, Address, given).Copy());
            Assert.Equal(ErrorCode.InvalidOption, error.Code);
            Assert.EndsWith("InvalidArgument", error.Message, StringComparison.Ordinal);
            Assert.All(named, n => Assert.Contains(n, error.Message, StringComparison.Ordinal));
            Assert.All(named, n => Assert.Contains(n, error.Recommendation, StringComparison.Ordinal));
        }
        var plain = Assert.Throws<BackupException>(() => new StoreWriting(box, Address, settings).Copy());
        Assert.Equal(ErrorCode.StoreUnavailable, plain.Code);
    }

    [Theory]
    [InlineData(nameof(Trouble.BadArgument), "InvalidArgument")]
    [InlineData(nameof(Trouble.BadRequest), "InvalidRequest")]
    public void A_request_that_the_store_refuses_is_not_called_the_network(string trouble, string code)
    {
        using var box = Box(EngineNames.Spg);
        Store.PutFolder(box.Bundles, Prefix);
        Store.Misbehave = _ => Enum.Parse<Trouble>(trouble);
        using var host = new OperationHost { Stores = Settings with { StorageClass = "NOPE" } };
        var error = Assert.Throws<BackupException>(() => ReadChains.Read(Address, false, null, host).ToList());
        Assert.Equal(ErrorCode.StoreUnavailable, error.Code);
        Assert.EndsWith($"refuses the request: {code}", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("network", error.Recommendation, StringComparison.Ordinal);
    }

    [Fact]
    public void What_was_changed_on_the_way_is_sent_again_but_not_for_ever()
    {
        using var box = Box(EngineNames.Spg);
        var (changed, most) = (0, 2);
        Store.Misbehave = r =>
            r.Method == "PUT"
            && r.Key.EndsWith(".bkp", StringComparison.Ordinal)
            && Interlocked.Increment(ref changed) <= most
                ? Trouble.Altered
                : Trouble.None;
        new StoreWriting(box, Address, Settings with { Patience = TimeSpan.FromMinutes(1) }).Copy();
        Assert.InRange(changed, 5, 6);

        Store.Clear();
        most = int.MaxValue;
        var error = Assert.Throws<BackupException>(() => new StoreWriting(box, Address, Settings).Copy());
        Assert.Equal(ErrorCode.StoreUnavailable, error.Code);
        Assert.Contains("XAmzContentSHA256Mismatch", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(EngineNames.Spg)]
    [InlineData(EngineNames.PowDb)]
    public void Where_bundles_were_only_begun_it_is_said(string engine)
    {
        using var box = Box(engine);
        var writing = new StoreWriting(box, Address, Settings);
        var found = 0;
        for (var (killed, isDone) = (3, false); !isDone && found == 0; killed++)
        {
            Store.Clear();
            isDone = Store.DiesAfter(killed, () => writing.Copy());
            using var host = writing.Host();
            if (!Store.Keys.Any(k => !k.Contains("/.backuptools", StringComparison.Ordinal)) || IsShown(host))
            {
                continue;
            }
            found++;
            Func<object?>[] reads =
            [
                () => ReadChains.Read(Address, false, null, host).ToList(),
                () => ReadHeaders.Read(Address, false, null, host).ToList(),
                () => Verbs.Restore(new RestoreSettings { Path = Address, DestinationPath = box.Restored }, host),
            ];
            foreach (var read in reads)
            {
                var error = Assert.Throws<BackupException>(read);
                Assert.Equal(ErrorCode.NoBundles, error.Code);
                Assert.Contains("begun and not shown: ", error.Message, StringComparison.Ordinal);
                Assert.Contains(
                    "run the one that was interrupted again",
                    error.Recommendation,
                    StringComparison.Ordinal
                );
            }
        }
        Assert.Equal(1, found);

        static bool IsShown(OperationHost host) => host.Disk.Stat(Address) is not null;
    }

    [Theory]
    [InlineData("spool", true)]
    [InlineData("elsewhere", false)]
    public void A_spool_that_is_full_is_told_from_a_destination_that_is(string folder, bool isSpool)
    {
        using var box = Empty(EngineNames.Spg);
        using var host = new StoreWriting(box, Address, Settings).Host();
        var full = new BackupException(ErrorCode.DiskFull, "full", box.At(folder, "x", "y"));
        var error = Assert.Throws<BackupException>(() =>
            UnderLock.Execute<int, int>(host, Address, () => 0, (_, _) => throw full)
        );
        Assert.Equal((full.Code, full.FullName), (error.Code, error.FullName));
        Assert.Equal(isSpool, error.Recommendation.Contains("SpoolPath", StringComparison.Ordinal));
    }

    [Fact]
    public void What_Azure_s_SDK_cannot_read_is_no_store()
    {
        var error = Assert.IsType<BackupException>(
            new AzureErrors("account").Of(
                new System.Xml.XmlException("x"),
                new ObjectName("az", "container", "p"),
                TimeSpan.Zero
            )
        );
        Assert.Contains("account is not the endpoint of a store", error.Message, StringComparison.Ordinal);
    }
}
