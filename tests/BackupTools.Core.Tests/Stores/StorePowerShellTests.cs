using System.Reflection;
using BackupTools.Tests.Files;
using BackupTools.Tests.FrontEnds;
using BackupTools.Tests.InPowerShell;
using BackupTools.Tests.Operations;

namespace BackupTools.Tests.Stores;

/// <summary>The cmdlets with a store, each test in a session of its own.</summary>
public sealed class StorePowerShellTests : IDisposable
{
    private const string Address = $"s3://{FakeS3.Bucket}/p [1]/b";

    /// <summary>The assemblies of the SDK that a session has loaded, each with its load context.</summary>
    private const string Loaded = """
        [AppDomain]::CurrentDomain.GetAssemblies().Where({ $_.GetName().Name -match '^(AWSSDK|Azure)' }).ForEach({
            '{0} {1} {2}' -f [Runtime.Loader.AssemblyLoadContext]::GetLoadContext($_).Name, $_.GetName().Name, $_.GetName().Version.Major
        }) | Sort-Object
        """;

    private readonly SpgSandbox _box = new();
    private readonly FakeS3 _store = new();

    public StorePowerShellTests()
    {
        _box.Chain();
        _store.PutFolder(_box.Bundles, "p [1]/b");
    }

    public void Dispose()
    {
        _store.Dispose();
        _box.Dispose();
    }

    [Fact]
    public void Addresses_are_taken_literally_and_objects_pipe_on()
    {
        var output = Lines(
            $$"""
            New-PSDrive -Name s3 -PSProvider FileSystem -Root '{{_box.Folder}}' | Out-Null
            $a = '{{Address}}'
            (Get-BundleHeader $a).Count
            (Get-BundleHeader -LiteralPath $a | Get-BundleHeader -Verify).IsValid -join ' '
            ($a | Get-BackupChain).FullName
            $test = Get-BackupChain $a | Test-BackupChain -RestoreDrill
            "$($test.IsValid) $($test.Checked) $($test.FullName)"
            (Get-BackupChain -LiteralPath $a | Restore-BackupChain -DestinationPath '{{_box.At("1.db")}}').EndPosition
            (Get-BundleHeader $a | Restore-BackupChain -DestinationPath '{{_box.At("2.db")}}').EndPosition
            (Restore-BackupChain $a '{{_box.At("3.db")}}' -AsJob | Receive-Job -Wait).EndPosition
            (Copy-BackupChain $a '{{_box.At("copy")}}' -Verify).IsValid
            (Get-BackupChain $a | Merge-BackupChain -DestinationPath '{{_box.At("merged")}}').Kind
            $report = $test | Export-BackupReport -DestinationPath '{{_box.At("r.html")}}'
            "$($report.Databases.Count) $($report.Databases[0].FullName)"
            $report = Export-BackupReport $a '{{_box.At("r2.html")}}'
            "$($report.Databases.Count) $($report.Problems.Count)"
            $bundle = @(Get-BundleHeader $a)[0]
            "$($bundle.PSPath) $($bundle.FullName.StartsWith("$a/"))"
            ([pscustomobject] @{ FullName = $a; Engine = 'SPG' } | Get-BackupChain).ChainId -eq (Get-BackupChain $a).ChainId
            """
        );
        Assert.Equal(
            [
                "3",
                "True True True",
                Address,
                $"True Drill {Address}",
                output[4],
                output[4],
                output[4],
                "True",
                "Full",
                $"1 {Address}",
                "1 0",
                " True",
                "True",
            ],
            output
        );
        var restored = File.ReadAllBytes(_box.RestoreFrom(_box.Bundles));
        Assert.All(new[] { "1.db", "2.db", "3.db" }, name => Assert.Equal(restored, File.ReadAllBytes(_box.At(name))));
        Assert.False(Directory.Exists(_box.At("bucket")));
    }

    [Fact]
    public void Whatever_writes_refuses_a_store_even_where_a_drive_is_called_so()
    {
        var output = Lines(
            $$"""
            New-PSDrive -Name s3 -PSProvider FileSystem -Root '{{_box.Folder}}' | Out-Null
            $a = '{{Address}}'
            foreach ($act in
                { New-FullBackup $a '{{_box.At("x")}}' -ErrorAction Stop },
                { Restore-BackupChain '{{_box.Bundles}}' $a -ErrorAction Stop },
                { Export-BackupReport '{{_box.Bundles}}' $a -ErrorAction Stop },
                { Get-BackupChain gs://container/x -ErrorAction Stop },
                { Get-BackupChain s3://user:pa55word@bucket/x -ErrorAction Stop },
                { Get-BackupChain -LiteralPath s3://user:pa55word@bucket/x -ErrorAction Stop }
            ) {
                try { & $act; 'no error' } catch { $_.FullyQualifiedErrorId.Split(',')[0]; $found = $_ }
            }
            ($found | Format-List Exception, TargetObject, CategoryInfo, ErrorDetails -Force | Out-String).Contains('pa55word')
            """
        );
        Assert.Equal([.. Enumerable.Repeat("ProviderNotSupported", 6), "False"], output);
        Assert.All(_store.Requests, r => Assert.Equal("GET", r.Method));
    }

    [Fact]
    public void A_database_is_backed_up_straight_to_a_store()
    {
        var output = Lines(
            $$"""
            New-PSDrive -Name s3 -PSProvider FileSystem -Root '{{_box.Folder}}' | Out-Null
            $a = 's3://{{FakeS3.Bucket}}/new [x]'
            $spool = @{ SpoolPath = '{{_box.At("spool")}}' }
            New-FullBackup '{{_box.Db}}' $a @spool -WhatIf 6>$null
            Test-Path '{{_box.At("spool")}}'
            $full = New-IncrementalBackup '{{_box.Db}}' $a @spool -FullIfNeeded 3>$null
            "$($full.Kind) $($full.FullName.StartsWith("$a/"))"
            (New-IncrementalBackup '{{_box.Db}}' $a @spool -Since $full -AllowEmpty).Kind
            (New-FullBackup '{{_box.Db}}' $a @spool -AsJob | Receive-Job -Wait).Kind
            @(Get-BundleHeader $a).Count
            """
        );
        Assert.Equal(["False", "Full True", "Incremental", "Full", "3"], output.Where(l => l.Length < 20));
        Assert.False(Directory.Exists(_box.At("spool")));
    }

    [Fact]
    public void Chains_are_merged_and_pruned_in_a_store()
    {
        var output = Lines(
            $$"""
            $a = '{{Address}}'
            $spool = @{ SpoolPath = '{{_box.At("spool")}}' }
            (Merge-BackupChain '{{_box.Bundles}}' $a @spool).FullName.StartsWith("$a/")
            (Get-BackupChain $a | Select-Object -First 1 | Merge-BackupChain -DestinationPath $a @spool -SingleWriter -AsJob | Receive-Job -Wait).Kind
            $plan = Remove-ExpiredBackup $a -KeepLast 1 @spool -WhatIf -PassThru 6>$null
            $report = Get-BackupChain $a | Remove-ExpiredBackup -KeepLast 1 @spool -PassThru -Confirm:$false
            "$($plan.IsPlan) $($report.IsPlan) $($plan.RemovedCount -eq $report.RemovedCount) $($report.RemovedCount -gt 0)"
            @(Get-BundleHeader $a).Count -lt 5
            """
        );
        Assert.Equal(
            ["True", "Full", "True False True True", "True"],
            output.Where(l => !l.Contains("What if", StringComparison.Ordinal) && l.Length < 30)
        );
        Assert.False(Directory.Exists(_box.At("spool")));
    }

    [Fact]
    public void A_folder_is_copied_to_a_store_that_parameters_name()
    {
        var output = Lines(
            $$"""
            $env:AWS_ENDPOINT_URL_S3 = $null
            $reach = @{ StoreEndpoint = '{{_store.Endpoint}}'; StoreRegion = 'eu-north-1' }
            $to = 's3://{{FakeS3.Bucket}}/to [2]'
            Copy-BackupChain '{{_box.Bundles}}' $to @reach -WhatIf | Out-Null
            "planned $((Get-ChildItem '{{_box.Folder}}').Name -contains 'spool')"
            $verbose = Copy-BackupChain '{{_box.Bundles}}' $to @reach -SpoolPath '{{_box.At(
                "spool"
            )}}' -Verify -Verbose 4>&1 -OutVariable out |
                Where-Object { $_ -is [Management.Automation.VerboseRecord] }
            $report = $out.Where({ $_ -is [BackupTools.Reports.CopyReport] })[0]
            "$($report.Copied.Count) $($report.IsValid) $($report.FullName)"
            "$verbose" -match '\d+ PUT'
            $report = Get-BackupChain '{{_box.Bundles}}' | Copy-BackupChain -DestinationPath $to @reach -AsJob | Receive-Job -Wait
            "$($report.Copied.Count) $($report.PresentCount)"
            (Get-BackupChain $to @reach).ChainId -eq (Get-BackupChain '{{_box.Bundles}}').ChainId
            $text = "Restore-BackupChain '$to' x.db -StoreEndpoint '{{_store.Endpoint}}' -ChainId "
            (TabExpansion2 $text $text.Length).CompletionMatches.CompletionText -eq (Get-BackupChain '{{_box.Bundles}}').ChainId
            try { Get-BackupChain $to -StoreEndpoint ftp://x -ErrorAction Stop } catch { $_.FullyQualifiedErrorId.Split(',')[0]; $_.ErrorDetails.RecommendedAction -match '-StoreEndpoint' }
            """
        );
        Assert.Equal(
            [
                "planned False",
                $"3 True s3://{FakeS3.Bucket}/to [2]",
                "True",
                "0 3",
                "True",
                "True",
                "InvalidOption",
                "True",
            ],
            output.Where(l =>
                !l.StartsWith("What if", StringComparison.Ordinal)
                && !l.StartsWith("copy of", StringComparison.Ordinal)
                && !l.StartsWith("  copy", StringComparison.Ordinal)
            )
        );
        Assert.DoesNotContain(
            _store.Keys,
            k =>
                System
                    .Text.Encoding.UTF8.GetString(_store.Content(k))
                    .Contains(StoreEnvironment.Secret, StringComparison.Ordinal)
        );
    }

    /// <summary>What a credential is for, and everywhere that its secret must not come to.</summary>
    [Fact]
    public void A_credential_signs_the_requests_and_is_told_nowhere()
    {
        const string secret = "v3ryS3cretCredential";
        var output = Lines(
            $$"""
            $env:AWS_ACCESS_KEY_ID = $env:AWS_SECRET_ACCESS_KEY = $null
            $credential = [pscredential]::new('key@x', (ConvertTo-SecureString '{{secret}}' -AsPlainText))
            $store = @{ StoreCredential = $credential }
            $to = 's3://{{FakeS3.Bucket}}/to'
            $place = @{ SpoolPath = '{{_box.At(
                "spool"
            )}}'; StorageClass = 'STANDARD_IA'; StoreEncryption = 'SSE-KMS'; StoreKeyId = 'k1' }
            $DebugPreference = $VerbosePreference = $InformationPreference = 'Continue'
            $all = & {
                New-FullBackup '{{_box.Db}}' $to @store @place -WhatIf
                Copy-BackupChain '{{_box.Bundles}}' $to @store @place -Verify
                Copy-BackupChain '{{_box.Bundles}}' $to @store @place -AsJob | Receive-Job -Wait -OutVariable job
                Get-BackupChain $to @store
                try { Get-BackupChain $to -StoreCredential ([pscredential]::new('key', [securestring]::new())) } catch { $_ | Format-List * -Force; $_.FullyQualifiedErrorId }
                Get-BackupChain s3://nobucket @store -ErrorAction Continue
                $Error | Format-List * -Force
                $Error.Exception | Format-List * -Force
                Get-Job | Format-List * -Force
            } *>&1 | Out-String -Width 1000
            $DebugPreference = $VerbosePreference = $InformationPreference = 'SilentlyContinue'
            "secret $($all.Contains('{{secret}}'))"
            "refused $($all.Contains('InvalidOption')) missing $($all.Contains('nobucket'))"
            "copied $(@(Get-BundleHeader $to @store).Count)"
            $text = "Restore-BackupChain '$to' x.db -StoreCredential `$credential -ChainId "
            (TabExpansion2 $text $text.Length).CompletionMatches.CompletionText -eq (Get-BackupChain '{{_box.Bundles}}').ChainId
            """
        );
        // Before that comes what a plan says.
        Assert.DoesNotContain(secret, string.Concat(output), StringComparison.Ordinal);
        Assert.Equal(["secret False", "refused True missing True", "copied 3", "True"], output[^4..]);
        Assert.All(
            _store.Requests,
            r => Assert.Contains("Credential=key@x/", r.Headers["Authorization"], StringComparison.Ordinal)
        );
        Assert.Contains(_store.Requests, r => r.Headers.GetValueOrDefault("x-amz-storage-class") == "STANDARD_IA");
        Assert.All(
            _store.Requests.Where(r => r.Method == "PUT"),
            r => Assert.Equal("k1", r.Headers["x-amz-server-side-encryption-aws-kms-key-id"])
        );
        Assert.DoesNotContain(
            _store.Keys,
            k => System.Text.Encoding.UTF8.GetString(_store.Content(k)).Contains(secret, StringComparison.Ordinal)
        );
    }

    [Fact]
    public void The_nightly_run_copies_to_a_store_prunes_there_and_reports_it()
    {
        var root = _box.At("root");
        var script = Path.Combine(ChildProcess.Root, "docs", "runbooks", "Invoke-NightlyBackup.ps1");
        var run =
            $"& '{script}' -Source '{_box.Db}' -BackupRoot '{root}' -CopyRoot 's3://{FakeS3.Bucket}/night/' -ReportPath '{_box.At("page.html")}'";
        var place = $"s3://{FakeS3.Bucket}/night/{Path.GetFileNameWithoutExtension(_box.Db)}";
        var first = Lines($"{run}; \"exit $LASTEXITCODE\"");
        Assert.Equal("exit 0", first[^1]);
        Assert.Contains(place, File.ReadAllText(_box.At("page.html")), StringComparison.Ordinal);

        // A store that keeps what it has is a warning, and no error: the next full comes, and the rules would have the first go.
        _store.RetainsAll = true;
        var second = Lines(
            $"{run} -FullEvery 0 -KeepWithin 0 -KeepDaily 1 -KeepWeekly 0 -KeepMonthly 0 -Now ([datetime]::UtcNow.AddDays(3)); \"exit $LASTEXITCODE\"; (Get-BackupChain '{place}').Count"
        );
        Assert.Equal(["exit 0", "2"], second[^2..]);
        Assert.Contains("store keeps the bundle until", second[0], StringComparison.Ordinal);
        Assert.DoesNotContain(
            StoreEnvironment.Secret,
            string.Concat(first) + string.Concat(second),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Chains_and_positions_are_completed()
    {
        var output = Lines(
            $$"""
            $a = '{{Address}}'
            $chain = Get-BackupChain $a
            function Complete($text) { (TabExpansion2 $text $text.Length).CompletionMatches.CompletionText }
            (Complete "Restore-BackupChain '$a' x.db -ChainId ") -eq $chain.ChainId
            $positions = Complete "Restore-BackupChain '$a' x.db -ToPosition "
            $positions -contains "$($chain.EndPosition)"
            (Complete "Get-BackupChain '$a' | Restore-BackupChain -DestinationPath x.db -ToPosition ").Count -eq $positions.Count
            """
        );
        Assert.Equal(["True", "True", "True"], output);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_SDK_is_loaded_when_a_store_is_read_beside_any_other(bool othersFirst)
    {
        var packages = typeof(StorePowerShellTests)
            .Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .Single(a => a.Key == "NuGet")
            .Value;
        if (WindowsHost.IsWine)
        {
            packages = "Z:" + packages; // built on Linux, whose root that is
        }
        var others = $$"""
            Add-Type -Path '{{packages}}awssdk.core/3.7.501.1/lib/net8.0/AWSSDK.Core.dll', '{{packages}}awssdk.s3/3.7.511.8/lib/net8.0/AWSSDK.S3.dll'
            $config = [Amazon.S3.AmazonS3Config] @{ ServiceURL = $env:AWS_ENDPOINT_URL_S3; ForcePathStyle = $true; Timeout = '0:1' }
            $client = [Amazon.S3.AmazonS3Client]::new('k', 's', $config)
            "theirs $($client.ListObjectsV2Async([Amazon.S3.Model.ListObjectsV2Request] @{ BucketName = 'bucket' }).GetAwaiter().GetResult().S3Objects.Count)"
            """;
        const string ours = $$"""
            "ours $((Get-BackupChain '{{Address}}').Bundles.Count)"
            """;
        var output = Lines(
            $"""
            Get-BackupChain '{_box.Bundles}' | Out-Null
            "local: $({Loaded})"
            {(othersFirst ? others : ours)}
            {(othersFirst ? ours : others)}
            {Loaded}
            """
        );
        var files = _store.Keys.Count;
        Assert.Equal(
            [
                "local: ",
                othersFirst ? $"theirs {files}" : "ours 3",
                othersFirst ? "ours 3" : $"theirs {files}",
                "BackupTools AWSSDK.Core 4",
                "BackupTools AWSSDK.S3 4",
                "Default AWSSDK.Core 3",
                "Default AWSSDK.S3 3",
            ],
            output
        );
    }

    [Fact]
    public void A_denied_request_is_an_error_record_without_any_secret()
    {
        _store.Misbehave = _ => Trouble.Denied;
        var output = Lines(
            $$"""
            $text = Get-BackupChain '{{Address}}' -Verbose -ErrorAction Continue *>&1 | Out-String
            "$($Error[0].FullyQualifiedErrorId.Split(',')[0]) $($Error[0].CategoryInfo.Category) $($Error[0].TargetObject)"
            $all = $text + ($Error[0] | Format-List * -Force | Out-String) + ($Error[0].Exception | Out-String)
            $all.Contains('{{StoreEnvironment.Secret}}')
            """
        );
        Assert.Equal([$"StoreAccessDenied PermissionDenied {Address}", "False"], output);
    }

    private string[] Lines(string script)
    {
        var manifest = Path.Combine(ChildProcess.Root, "BackupTools.psd1");
        var result = RealPowerShell.RunWith(
            StoreEnvironment.Of(_store.Endpoint),
            _box.Folder,
            "-Command",
            $"$ErrorActionPreference = 'Stop'; Import-Module '{manifest}'\n{script}"
        );
        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.True(result.Error.Length == 0, result.ToString());
        return result.Out.Split('\n').Select(l => l.TrimEnd('\r')).SkipLast(1).ToArray();
    }
}
