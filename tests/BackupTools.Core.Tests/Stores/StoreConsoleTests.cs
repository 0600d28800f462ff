using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using BackupTools.Tests.Files;
using BackupTools.Tests.FrontEnds;
using BackupTools.Tests.Operations;

namespace BackupTools.Tests.Stores;

/// <summary>The console program with a store, which it finds by the environment.</summary>
public sealed class StoreConsoleTests : IDisposable
{
    private const string Address = $"s3://{FakeS3.Bucket}/p/b";

    private readonly SpgSandbox _box = new();
    private readonly FakeS3 _store = new();

    public StoreConsoleTests()
    {
        _box.Chain();
        _store.PutFolder(_box.Bundles, "p/b");
    }

    public void Dispose()
    {
        _store.Dispose();
        _box.Dispose();
    }

    [Fact]
    public void The_verbs_that_read_bundles_read_them_from_a_store()
    {
        foreach (
            var line in new[]
            {
                "header PLACE --json",
                "chain PLACE --json",
                "test PLACE --json",
                "restore PLACE --destination-path TO/rec.db --json",
                "copy PLACE --destination-path TO/c --json",
                "merge PLACE --destination-path TO/m --json",
                "report PLACE --destination-path TO/report.json --format Json --json",
            }
        )
        {
            var local = Run(line, _box.Bundles, _box.At("local"));
            var there = Run(line, Address, _box.At("there"));
            Assert.True(local.ExitCode == 0, local.ToString());
            Assert.True(there.ExitCode == 0, there.ToString());
            Assert.Equal(Properties(local.Out), Properties(there.Out));
            Assert.Equal(
                line.StartsWith("merge", StringComparison.Ordinal),
                !there.Out.Contains(Address, StringComparison.Ordinal)
            );
        }
        Assert.Equal(File.ReadAllBytes(_box.At("local", "rec.db")), File.ReadAllBytes(_box.At("there", "rec.db")));
    }

    /// <summary>Whoever reads a report must learn in which store the bundles lie, not only in which folder of it.</summary>
    [Theory]
    [InlineData("Html", "<p class=\"path\">SPG · <bdi>s3://bucket/p/b</bdi></p>", "r.html")]
    [InlineData("Json", "\"FullName\": \"s3://bucket/p/b\"", "r.json")]
    [InlineData("Prometheus", "folder=\"s3://bucket/p/b\"", "r.prom")]
    public void A_report_says_where_in_the_store_the_bundles_lie(string format, string expected, string name)
    {
        _store.Put("p/b/broken-20260101T000000000Z-full.bkp", [1, 2, 3]);
        var result = Run($"report PLACE --destination-path TO/{name} --format {format}", Address, _box.At("there"));
        Assert.True(result.ExitCode == 0, result.ToString());
        var text = File.ReadAllText(_box.At("there", name));
        Assert.Contains(expected, text, StringComparison.Ordinal);
        // No place is named as the path that stands for it inside.
        Assert.DoesNotMatch("s3:/[^/]", text);
    }

    [Fact]
    public void A_folder_is_copied_to_a_store_that_options_name()
    {
        var to = $"s3://{FakeS3.Bucket}/to";
        string[] reach = ["--endpoint", _store.Endpoint.AbsoluteUri, "--region", "eu-north-1"];
        string[] copy = ["copy", _box.Bundles, "--destination-path", to, .. reach, "--spool-path", _box.At("spool")];
        string[] placed = ["--storage-class", "STANDARD_IA", "--encryption", "SSE-KMS", "--key-id", "k1"];
        var environment = StoreEnvironment.Of(endpoint: null);
        Assert.Equal(0, ChildProcess.ConsoleWith(environment, [.. copy, "--dry-run"]).ExitCode);
        Assert.DoesNotContain(_store.Requests, r => r.Method != "GET");

        var copied = ChildProcess.ConsoleWith(environment, [.. copy, "--verify", "--json", "--verbose", .. placed]);
        Assert.True(copied.ExitCode == 0, copied.ToString());
        Assert.Matches(@"requests to the store: \d+ LIST, \d+ GET, \d+ PUT, of which 0 were repeated", copied.Error);
        Assert.Contains(_store.Requests, r => r.Headers.GetValueOrDefault("x-amz-storage-class") == "STANDARD_IA");
        Assert.All(
            _store.Requests.Where(r => r.Method == "PUT"),
            r => Assert.Equal("k1", r.Headers["x-amz-server-side-encryption-aws-kms-key-id"])
        );
        Assert.False(Directory.Exists(_box.At("spool")));
        Assert.DoesNotContain(StoreEnvironment.Secret, copied.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(
            _store.Keys,
            k => Encoding.UTF8.GetString(_store.Content(k)).Contains(StoreEnvironment.Secret, StringComparison.Ordinal)
        );

        var chain = ChildProcess.ConsoleWith(environment, ["chain", to, .. reach, "--json"]);
        Assert.True(chain.ExitCode == 0, chain.ToString());
        Assert.Equal(Properties(ChildProcess.Console("chain", _box.Bundles, "--json").Out), Properties(chain.Out));
    }

    [Fact]
    public void A_database_is_backed_up_straight_to_a_store()
    {
        var to = $"s3://{FakeS3.Bucket}/new";
        var environment = StoreEnvironment.Of(_store.Endpoint);
        string[] where = ["--destination-path", to, "--spool-path", _box.At("spool")];
        foreach (
            var line in new List<string[]>
            {
                (string[])["full", _box.Db, .. where, "--dry-run"],
                (string[])["full", _box.Db, .. where],
                (string[])["incremental", _box.Db, .. where, "--allow-empty"],
                (string[])["incremental", _box.Db, .. where],
            }
        )
        {
            var result = ChildProcess.ConsoleWith(environment, line);
            Assert.True(result.ExitCode == 0, result.ToString());
            Assert.Equal(
                line.Contains("--dry-run"),
                !_store.Keys.Any(k => k.StartsWith("new/", StringComparison.Ordinal))
            );
        }
        var chain = ChildProcess.ConsoleWith(environment, "header", to, "--json");
        Assert.Equal(2, JsonDocument.Parse(chain.Out).RootElement.GetArrayLength());
        Assert.Contains(_store.Keys, k => k.StartsWith("new/.backuptools-current-", StringComparison.Ordinal));
        Assert.False(Directory.Exists(_box.At("spool")));
        var refused = ChildProcess.ConsoleWith(environment, ["full", to, "--destination-path", _box.At("x")]);
        Assert.Contains("ProviderNotSupported", refused.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_chain_is_merged_and_pruned_in_a_store()
    {
        string[] spool = ["--spool-path", _box.At("spool")];
        var environment = StoreEnvironment.Of(_store.Endpoint);
        var merged = ChildProcess.ConsoleWith(
            environment,
            ["merge", Address, "--destination-path", Address, "--json", .. spool]
        );
        Assert.True(merged.ExitCode == 0, merged.ToString());
        Assert.Contains($"\"FullName\": \"{Address}/", merged.Out, StringComparison.OrdinalIgnoreCase);
        string[] prune = ["prune", Address, "--keep-last", "1", .. spool];
        var planned = ChildProcess.ConsoleWith(environment, [.. prune, "--dry-run"]);
        Assert.Equal(4, _store.Keys.Count(k => !k.Contains(".backuptools", StringComparison.Ordinal)));

        _store.Misbehave = r => r.Method == "DELETE" ? Trouble.Denied : Trouble.None;
        var denied = ChildProcess.ConsoleWith(environment, [.. prune, "--json"]);
        Assert.True(denied.ExitCode == 0, denied.ToString());
        Assert.Contains("warning: these credentials may not delete anything", denied.Error, StringComparison.Ordinal);
        Assert.Contains("StoreRetained", denied.Out, StringComparison.Ordinal);

        _store.Misbehave = _ => Trouble.None;
        var pruned = ChildProcess.ConsoleWith(environment, prune);
        Assert.True(pruned.ExitCode == 0, pruned.ToString());
        Assert.Contains("remove", planned.Out, StringComparison.Ordinal);
        Assert.InRange(Left(), 1, 3);
        int Left() => _store.Keys.Count(k => !k.Contains(".backuptools", StringComparison.Ordinal));
    }

    [Fact]
    public void A_store_that_cannot_keep_writers_apart_needs_the_word_that_there_is_one()
    {
        _store.Conditions = Conditions.Unknown;
        string[] copy =
        [
            "copy",
            _box.Bundles,
            "--destination-path",
            $"s3://{FakeS3.Bucket}/to",
            "--spool-path",
            _box.At("spool"),
        ];
        var refused = ChildProcess.ConsoleWith(StoreEnvironment.Of(_store.Endpoint), copy);
        Assert.Contains("ConditionalWritesMissing", refused.Error, StringComparison.Ordinal);
        Assert.Contains("--single-writer", refused.Error, StringComparison.Ordinal);
        var done = ChildProcess.ConsoleWith(StoreEnvironment.Of(_store.Endpoint), [.. copy, "--single-writer"]);
        Assert.True(done.ExitCode == 0, done.ToString());
    }

    [Theory]
    [InlineData("--endpoint", "ftp://x", "InvalidOption")]
    [InlineData("--endpoint", "https://user:pa55word@host", "InvalidOption")]
    [InlineData("--ca-file", "none.pem", "PathNotFound")]
    [InlineData("--profile", "nobody", "StoreAccessDenied")]
    public void An_option_that_names_nothing_is_named(string option, string value, string code)
    {
        var result = ChildProcess.ConsoleWith(
            StoreEnvironment.Of(_store.Endpoint, key: null),
            ["chain", Address, option, value]
        );
        Assert.Contains($"error {code}", result.Error, StringComparison.Ordinal);
        Assert.Contains(code == "StoreAccessDenied" ? "nobody" : option, result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("pa55word", result.Error, StringComparison.Ordinal);
        Assert.Empty(_store.Requests);
    }

    [Theory]
    [InlineData("--storage-class", "GLACIER")]
    [InlineData("--encryption", "AES")]
    [InlineData("--key-id", "k1")]
    public void An_option_of_writing_that_does_not_go_is_named(string option, string value)
    {
        var result = ChildProcess.ConsoleWith(
            StoreEnvironment.Of(_store.Endpoint),
            ["copy", _box.Bundles, "--destination-path", $"s3://{FakeS3.Bucket}/to", option, value]
        );
        Assert.Contains("error InvalidOption", result.Error, StringComparison.Ordinal);
        Assert.Contains(option, result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain(_store.Requests, r => r.Method != "GET");
    }

    [Fact]
    public void Verbose_ends_with_the_number_of_requests()
    {
        var result = Run("chain PLACE --verbose", Address, "");
        Assert.Matches(@"requests to the store: 1 LIST, 3 GET, of which 0 were repeated\s*$", result.Error);
    }

    [Fact]
    public void Without_credentials_it_is_said_what_is_missing_and_nothing_is_sent()
    {
        var result = ChildProcess.ConsoleWith(StoreEnvironment.Of(_store.Endpoint, key: null), "chain", Address);
        Assert.Equal(8, result.ExitCode);
        Assert.Contains("StoreAccessDenied", result.Error, StringComparison.Ordinal);
        Assert.Contains("AWS_PROFILE", result.Error, StringComparison.Ordinal);
        Assert.Empty(_store.Requests);
    }

    [Fact]
    public void A_profile_is_found_with_its_region_and_endpoint()
    {
        var config = _box.At("config");
        File.WriteAllText(
            config,
            $"[profile backups]\nregion = eu-north-1\nendpoint_url = {_store.Endpoint}\naws_access_key_id = profilekey\naws_secret_access_key = s\n"
        );
        var result = ChildProcess.ConsoleWith(
            [
                .. StoreEnvironment.Of(endpoint: null, key: null),
                new("AWS_PROFILE", "backups"),
                new("AWS_CONFIG_FILE", config),
            ],
            "chain",
            Address
        );
        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.All(
            _store.Requests,
            r => Assert.Contains("profilekey/", r.Headers["Authorization"], StringComparison.Ordinal)
        );
        Assert.All(
            _store.Requests,
            r => Assert.Contains("/eu-north-1/s3/", r.Headers["Authorization"], StringComparison.Ordinal)
        );
    }

    [Theory]
    [InlineData("none.pem", "PathNotFound")]
    [InlineData("bad.pem", "Malformed")]
    public void A_file_of_authorities_that_is_none_is_named(string name, string code)
    {
        File.WriteAllText(_box.At("bad.pem"), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
        var result = ChildProcess.ConsoleWith(
            [.. StoreEnvironment.Of(_store.Endpoint), new("AWS_CA_BUNDLE", _box.At(name))],
            "chain",
            Address
        );
        Assert.Contains(code, result.Error, StringComparison.Ordinal);
        Assert.Contains(name, result.Error, StringComparison.Ordinal);
        Assert.Contains("AWS_CA_BUNDLE", result.Error, StringComparison.Ordinal);
    }

    [Fact(Skip = "Wine makes no certificates", SkipType = typeof(WindowsHost), SkipWhen = nameof(WindowsHost.IsWine))]
    public void The_file_of_authorities_decides_whom_to_trust()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=store", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using var certificate = request.CreateSelfSigned(
            DateTimeOffset.UtcNow.AddDays(-1),
            DateTimeOffset.UtcNow.AddDays(1)
        );
        using var store = new FakeS3(certificate);
        store.PutFolder(_box.Bundles, "p/b");
        File.WriteAllText(_box.At("ca.pem"), certificate.ExportCertificatePem());

        var unknown = ChildProcess.ConsoleWith(StoreEnvironment.Of(store.Endpoint), "chain", Address);
        Assert.Equal(9, unknown.ExitCode);
        Assert.Contains("StoreUnavailable", unknown.Error, StringComparison.Ordinal);
        Assert.Contains("AWS_CA_BUNDLE", unknown.Error, StringComparison.Ordinal);
        Assert.Empty(store.Requests);

        var known = ChildProcess.ConsoleWith(
            [.. StoreEnvironment.Of(store.Endpoint), new("AWS_CA_BUNDLE", _box.At("ca.pem"))],
            "chain",
            Address
        );
        Assert.True(known.ExitCode == 0, known.ToString());
    }

    private ChildResult Run(string line, string place, string to) =>
        ChildProcess.ConsoleWith(
            StoreEnvironment.Of(_store.Endpoint),
            [
                .. line.Split(' ')
                    .Select(word =>
                        word == "PLACE" ? place
                        : word.StartsWith("TO/", StringComparison.Ordinal) ? Path.Combine(to, word[3..])
                        : word
                    ),
            ]
        );

    /// <summary>The names of all properties, and the values that say which bundles and states are meant.</summary>
    private static string Properties(string json)
    {
        using var document = JsonDocument.Parse(json);
        var found = new List<string>();
        Add(document.RootElement);
        return string.Join('\n', found);

        void Add(JsonElement element)
        {
            if (element.ValueKind == JsonValueKind.Array)
            {
                foreach (var item in element.EnumerateArray())
                {
                    Add(item);
                }
            }
            else if (element.ValueKind == JsonValueKind.Object)
            {
                foreach (var property in element.EnumerateObject())
                {
                    var says =
                        property.Name.EndsWith("Id", StringComparison.OrdinalIgnoreCase)
                        || property.Name.EndsWith("Position", StringComparison.OrdinalIgnoreCase);
                    found.Add(says ? $"{property.Name}={property.Value}" : property.Name);
                    Add(property.Value);
                }
            }
        }
    }
}
