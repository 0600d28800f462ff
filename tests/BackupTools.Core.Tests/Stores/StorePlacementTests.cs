using System.Net;
using BackupTools.Errors;
using BackupTools.Files.Stores;
using BackupTools.Operations;
using BackupTools.Tests.Operations;

namespace BackupTools.Tests.Stores;

/// <summary>In which class, and how encrypted, a store keeps what it gets.</summary>
public sealed class StorePlacementTests : OnFakeS3
{
    [Theory]
    [MemberData(nameof(Engines))]
    public void All_that_is_sent_says_how_to_encrypt_it_and_bundles_say_their_class(string engine)
    {
        using var box = EngineSandbox.Of(engine);
        box.Clock!.Now -= TimeSpan.FromDays(1);
        box.Chain();
        var writing = Writing(
            box,
            new StoreOptions
            {
                StorageClass = "STANDARD_IA",
                StoreEncryption = "sse-kms",
                StoreKeyId = "alias/backups",
            }
        );
        writing.Copy();
        writing.Merge();
        writing.Back(incremental: false);
        writing.Expire();
        // Of an upload this is said when it begins, and of its parts nothing.
        var sent = Store
            .Requests.Where(r => r.Method == "PUT" || r.Query.ContainsKey("uploads"))
            .Where(r => r.Method != "GET" && !r.Query.ContainsKey("partNumber"))
            .ToList();
        Assert.Contains(sent, r => r.Query.ContainsKey("uploads"));
        Assert.All(sent, r => Assert.Equal("aws:kms", r.Headers["x-amz-server-side-encryption"]));
        Assert.All(sent, r => Assert.Equal("alias/backups", r.Headers["x-amz-server-side-encryption-aws-kms-key-id"]));
        Assert.All(
            sent,
            r => Assert.Equal(IsOurs(r) ? null : "STANDARD_IA", r.Headers.GetValueOrDefault("x-amz-storage-class"))
        );
        Assert.Contains(sent, IsOurs);
    }

    [Theory]
    [InlineData("SSE-S3", "AES256")]
    [InlineData("None", null)]
    public void Without_a_key_only_the_kind_is_said(string encryption, string? header)
    {
        using var box = EngineSandbox.Of(EngineNames.Spg);
        box.Chain();
        Writing(box, new StoreOptions { StoreEncryption = encryption }).Copy();
        var sent = Store.Requests.Where(r => r.Method == "PUT" && !r.Query.ContainsKey("partNumber")).ToList();
        Assert.All(sent, r => Assert.False(r.Headers.ContainsKey("x-amz-storage-class")));
        Assert.All(sent, r => Assert.False(r.Headers.ContainsKey("x-amz-server-side-encryption-aws-kms-key-id")));
        Assert.Contains(sent, r => r.Headers.GetValueOrDefault("x-amz-server-side-encryption") == header);
        Assert.Single(sent.Select(r => r.Headers.GetValueOrDefault("x-amz-server-side-encryption")).Distinct());
    }

    [Theory]
    [InlineData("GLACIER")]
    [InlineData("deep_archive")]
    public void What_could_not_be_read_again_is_not_put_there(string storageClass)
    {
        using var box = EngineSandbox.Of(EngineNames.Spg);
        box.Chain();
        var writing = Writing(box, new StoreOptions { StorageClass = storageClass });
        var error = Assert.Throws<BackupException>(() => writing.Copy());
        Assert.Equal(ErrorCode.InvalidOption, error.Code);
        Assert.Contains(storageClass, error.Message, StringComparison.Ordinal);
        Assert.Contains("lifecycle", error.Recommendation, StringComparison.Ordinal);
        Assert.All(Store.Requests, r => Assert.Equal("GET", r.Method));
        Assert.Empty(writing.Seen());
    }

    [Fact]
    public void What_makes_no_sense_together_is_refused_by_name()
    {
        Refused(new StoreOptions { StoreEncryption = "AES" }, "AES");
        Refused(new StoreOptions { StoreKeyId = "k" }, nameof(StoreOptions.StoreKeyId));
        Refused(new StoreOptions { StoreKeyId = "k", StoreEncryption = "SSE-S3" }, nameof(StoreOptions.StoreKeyId));
        Refused(new StoreOptions { StoreCredential = new NetworkCredential("", "s3cret") }, "user name");
        Refused(new StoreOptions { StoreCredential = new NetworkCredential("key", "") }, "password");
        void Refused(StoreOptions options, string what)
        {
            var error = Assert.Throws<BackupException>(() => StoreChoice.Of(options));
            Assert.Equal(ErrorCode.InvalidOption, error.Code);
            Assert.Contains(what, error.Message, StringComparison.Ordinal);
            Assert.DoesNotContain("s3cret", error.ToString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Azure_has_tiers_and_no_encryption_to_choose()
    {
        AzureStore Of(StoreOptions options) =>
            new(
                StoreChoice.Of(options) with
                {
                    Endpoint = new Uri("http://127.0.0.1:1/account"),
                    Credential = new("account", "a2V5"),
                }
            );
        using var cool = Of(new StoreOptions { StorageClass = "cool", StoreEncryption = "None" });
        cool.RequireWritable();
        foreach (
            var options in new[]
            {
                new StoreOptions { StoreEncryption = "SSE-S3" },
                new StoreOptions { StoreEncryption = "SSE-KMS", StoreKeyId = "k" },
                new StoreOptions { StorageClass = "STANDARD_IA" },
                new StoreOptions { StorageClass = "Archive" },
            }
        )
        {
            using var store = Of(options);
            var error = Assert.Throws<BackupException>(store.RequireWritable);
            Assert.Equal(ErrorCode.InvalidOption, error.Code);
        }
    }

    /// <summary>Whoever prints options or settings, in a log or a debugger, prints no secret.</summary>
    [Fact]
    public void A_credential_is_no_text()
    {
        var options = new StoreOptions { StoreCredential = new NetworkCredential("key", "s3cret") };
        Assert.DoesNotContain("s3cret", $"{options} {StoreChoice.Of(options)}", StringComparison.Ordinal);
        Assert.DoesNotContain(StoreOptions.All, o => o.Name == nameof(StoreOptions.StoreCredential));
    }

    private static bool IsOurs(FakeRequest request) => request.Key.Contains("/.backuptools/", StringComparison.Ordinal);

    private StoreWriting Writing(EngineSandbox box, StoreOptions options) =>
        new(
            box,
            Address,
            StoreChoice.Of(options) with
            {
                Endpoint = Store.Endpoint,
                Credential = new("key", "secret"),
                PartSize = 200,
            }
        );
}
