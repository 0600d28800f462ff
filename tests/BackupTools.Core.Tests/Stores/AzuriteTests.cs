using BackupTools.Errors;
using BackupTools.Files.Stores;
using BackupTools.Operations;
using BackupTools.Reports;
using BackupTools.Tests.Operations;

namespace BackupTools.Tests.Stores;

/// <summary>Chains in Azure Blob Storage, as far as its emulator is one.</summary>
[Collection(AzuriteGroup.Name)]
public sealed class AzuriteTests(AzuriteFixture azurite)
{
    public static TheoryData<string> Engines => [.. EngineSandbox.Names];

    [AzuriteTheory]
    [MemberData(nameof(Engines))]
    public void Headers_chains_tests_restores_copies_and_reports_are_those_of_the_folder(string engine)
    {
        using var box = Box(engine);
        azurite.PutFolder(box.Bundles, $"a b+c%é/{engine}/b");
        StoreReading.IsThatOfTheFolder(box, $"az://{AzuriteFixture.Container}/a b+c%é/{engine}/b", azurite.Settings);
    }

    /// <summary>Whoever reads a report must learn in which store the bundles lie, not only in which folder of it.</summary>
    [AzuriteTheory]
    [InlineData(ReportFormat.Html, "<bdi>az://PLACE</bdi>")]
    [InlineData(ReportFormat.Json, "\"FullName\": \"az://PLACE\"")]
    [InlineData(ReportFormat.Prometheus, "folder=\"az://PLACE\"")]
    public void A_report_says_where_in_the_store_the_bundles_lie(ReportFormat format, string expected)
    {
        using var box = Box(EngineNames.Spg);
        azurite.PutFolder(box.Bundles, "reported/b");
        using var host = Host(azurite.Settings);
        Verbs.Report(
            new ReportSettings
            {
                Folders = [Address("reported/b")],
                DestinationPath = box.At("report"),
                Format = format,
            },
            host
        );
        var text = File.ReadAllText(box.At("report"));
        Assert.Contains(
            expected.Replace("PLACE", $"{AzuriteFixture.Container}/reported/b", StringComparison.Ordinal),
            text,
            StringComparison.Ordinal
        );
        // No place is named as the path that stands for it inside.
        Assert.DoesNotMatch("az:/[^/]", text);
    }

    [AzuriteFact]
    public void Blobs_of_bundles_are_put_into_the_tier_that_is_asked_for()
    {
        using var box = Box(EngineNames.Spg);
        var largest = StoreFolder.Files(box.Bundles, "").Max(f => new FileInfo(f.File).Length);
        var settings = azurite.Settings with { StorageClass = "cool", PartSize = largest - 1 };
        var writing = new StoreWriting(box, Address("tiers"), settings);
        writing.Copy();
        Assert.Equal(3, writing.Seen().Count);
        Assert.All(
            azurite.Tiers("tiers/"),
            t => Assert.Equal(t.Key.Contains("/.backuptools/", StringComparison.Ordinal) ? "Hot" : "Cool", t.Value)
        );
    }

    [AzuriteFact]
    public void Large_blobs_go_in_blocks_that_are_not_sent_twice()
    {
        using var box = EngineSandbox.Of(EngineNames.Spg);
        var file = box.At("large");
        var content = new byte[(11 << 20) + 5];
        new Random(1).NextBytes(content);
        File.WriteAllBytes(file, content);
        var settings = azurite.Settings with { PartSize = 5 << 20, Parallel = 1 };
        // The beginning, which is no request to Azure, and two blocks.
        var sent = Assert.Throws<BackupException>(() => Upload(4, settings, file));
        Assert.Equal(ErrorCode.StoreAccessDenied, sent.Code);
        Assert.Single(azurite.OpenUploads("large/"));
        Assert.Equal(4, Upload(4, settings, file));
        Assert.Empty(azurite.OpenUploads("large/"));
        Assert.Equal(content, azurite.Down("large")["x"]);
    }

    [AzuriteFact]
    public async Task Of_many_who_claim_a_name_one_gets_it()
    {
        using var store = new AzureStore(azurite.Settings);
        var name = new ObjectName(store.Scheme, AzuriteFixture.Container, "claim/x");
        var claims = await Task.WhenAll(
            Enumerable
                .Range(0, 16)
                .Select(i =>
                    Task.Run(() =>
                        store.PutAsync(
                            name,
                            UploadBody.Of([(byte)i]),
                            PutIf.Absent,
                            () => { },
                            TestContext.Current.CancellationToken
                        )
                    )
                )
        );
        var etag = Assert.Single(claims.OfType<string>());
        async Task<string?> Replace(string of) =>
            await store.PutAsync(
                name,
                UploadBody.Of([99]),
                new PutIf(of),
                () => { },
                TestContext.Current.CancellationToken
            );
        Assert.NotNull(await Replace(etag));
        Assert.Null(await Replace(etag));
    }

    [AzuriteFact]
    public void A_blob_that_is_replaced_after_the_listing_is_not_mixed_with_the_old_one()
    {
        azurite.Put("replaced/x", [1, 2, 3]);
        using var host = Host(azurite.Settings);
        using var file = host.Disk.OpenRead(Address("replaced/x"));
        azurite.Put("replaced/x", [4, 5, 6]);
        Assert.Equal(ErrorCode.ReadFailed, Assert.Throws<BackupException>(() => file.Read(new byte[3], 0)).Code);
    }

    [AzuriteFact]
    public void Wrong_keys_and_missing_containers_are_told_apart()
    {
        var secret = Convert.ToBase64String("wr0ngS3cret"u8);
        using var wrong = Host(azurite.Settings with { Credential = new(AzuriteFixture.Account, secret) });
        var denied = Assert.Throws<BackupException>(() => wrong.Disk.Stat(Address("x")));
        Assert.Equal(ErrorCode.StoreAccessDenied, denied.Code);
        Assert.DoesNotContain(secret, denied.ToString(), StringComparison.Ordinal);
        using var host = Host(azurite.Settings);
        var missing = Assert.Throws<BackupException>(() => host.Disk.Stat("az://nocontainer/x"));
        Assert.Equal((ErrorCode.PathNotFound, "az://nocontainer/x"), (missing.Code, missing.FullName));
    }

    [AzuriteFact]
    public void More_than_a_page_of_names_is_listed_in_their_order()
    {
        Parallel.For(0, 1001, i => azurite.Put($"many/{i:D4}", [1]));
        using var host = Host(azurite.Settings);
        Assert.Equal(1001, host.Disk.List(Address("many")).Count);
        // What has come just now may have come between the pages: then marks are looked for once more.
        Assert.InRange(host.Requests!.Count(StoreVerb.List), 2, 3);
    }

    private static EngineSandbox Box(string engine)
    {
        var box = EngineSandbox.Of(engine);
        // Nothing is dated after it was brought up.
        box.Clock!.Now -= TimeSpan.FromMinutes(10);
        box.Chain();
        return box;
    }

    private static OperationHost Host(StoreSettings settings) => new() { Stores = settings };

    private static string Address(string key) => $"az://{AzuriteFixture.Container}/{key}";

    /// <summary>How many requests it took.</summary>
    private static int Upload(int most, StoreSettings settings, string file)
    {
        var store = new DyingStore(new AzureStore(settings), most);
        using var host = new OperationHost { Stores = settings, StoreMaker = () => store };
        var writer = new StoreWriter(host.Store(Address("large")), AzuriteFixture.Container, "large", settings);
        using var open = host.Disk.OpenRead(file);
        new StoreUploader(writer, settings, host.Progress).Send(
            "large/x",
            open,
            null,
            writer.Uploads(),
            CancellationToken.None
        );
        return store.Requests;
    }
}
