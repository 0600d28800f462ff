using System.Text.Json;
using System.Text.Json.Nodes;
using BackupTools.Errors;
using BackupTools.Tests.FrontEnds;
using BackupTools.Tests.Operations;

namespace BackupTools.Tests.InPowerShell;

/// <summary>
/// Each operation through both front ends: they must give the same objects, and fail with the same id. Two front ends
/// drift apart otherwise.
/// </summary>
public sealed class BothFrontEndsTests
{
    /// <summary>What differs from run to run, or is added by one front end on purpose.</summary>
    private static readonly string[] Ignored =
    [
        "DurationSeconds",
        "DrillSeconds",
        "TestedUtc",
        "AgeSeconds",
        "PageLength", // the page says ages too
        "PSPath",
    ];

    /// <summary>What the console is given, and what PowerShell is given for the same.</summary>
    private static readonly (string Name, string[] Console, string PowerShell)[] Cases =
    [
        ("header", ["header", "b"], "Get-BundleHeader b"),
        ("header --verify", ["header", "b", "--verify"], "Get-BundleHeader b -Verify"),
        ("header of nothing", ["header", "none"], "Get-BundleHeader none"),
        ("header of no bundle", ["header", "a.db"], "Get-BundleHeader a.db"),
        ("header of a damaged one", ["header", "damaged"], "Get-BundleHeader damaged"),
        ("chain", ["chain", "b"], "Get-BackupChain b"),
        ("chain --recurse", ["chain", "b", "--recurse"], "Get-BackupChain b -Recurse"),
        ("chain with a gap", ["chain", "gap"], "Get-BackupChain gap"),
        ("chain of nothing", ["chain", "empty"], "Get-BackupChain empty"),
        ("test", ["test", "b"], "Test-BackupChain b"),
        ("test --deep", ["test", "b", "--deep"], "Test-BackupChain b -Deep"),
        ("test --to-position", ["test", "b", "--to-position", "166"], "Test-BackupChain b -ToPosition 166"),
        ("test beyond", ["test", "b", "--to-position", "9999"], "Test-BackupChain b -ToPosition 9999"),
        (
            "test --point-in-time",
            ["test", "b", "--point-in-time", "2126-01-01T00:00:00Z"],
            "Test-BackupChain b -PointInTime 2126-01-01T00:00:00Z"
        ),
        ("test --restore-drill", ["test", "b", "--restore-drill"], "Test-BackupChain b -RestoreDrill"),
        ("test of a damaged one", ["test", "damaged"], "Test-BackupChain damaged"),
        ("test of another chain", ["test", "b", "--chain-id", "ff"], "Test-BackupChain b -ChainId ff"),
        ("restore of a gap", ["restore", "gap", "--destination-path", "x.db"], "Restore-BackupChain gap x.db"),
        (
            "restore beyond",
            ["restore", "b", "--destination-path", "x.db", "--to-position", "9999"],
            "Restore-BackupChain b x.db -ToPosition 9999"
        ),
        ("restore over", ["restore", "b", "--destination-path", "a.db"], "Restore-BackupChain b a.db"),
        ("restore of nothing", ["restore", "none", "--destination-path", "x.db"], "Restore-BackupChain none x.db"),
        ("restore into itself", ["restore", "b", "--destination-path", "b/x"], "Restore-BackupChain b b/x"),
        ("merge of a gap", ["merge", "gap", "--destination-path", "n"], "Merge-BackupChain gap n"),
        (
            "merge beyond",
            ["merge", "b", "--destination-path", "n", "--to-position", "9999"],
            "Merge-BackupChain b n -ToPosition 9999"
        ),
        ("copy of nothing", ["copy", "none", "--destination-path", "n"], "Copy-BackupChain none n"),
        ("copy into itself", ["copy", "b", "--destination-path", "b"], "Copy-BackupChain b b"),
        (
            "prune that keeps all",
            ["prune", "b", "--keep-within", "1.00:00"],
            "Remove-ExpiredBackup b -KeepWithin 1.00:00 -PassThru -Confirm:$false"
        ),
        ("prune without a rule", ["prune", "b"], "Remove-ExpiredBackup b -PassThru -Confirm:$false"),
        (
            "prune of another chain",
            ["prune", "b", "--keep-last", "1", "--chain-id", "ff"],
            "Remove-ExpiredBackup b -KeepLast 1 -ChainId ff -Confirm:$false"
        ),
        (
            "report",
            [
                "report",
                "b",
                "gap",
                "none",
                "--destination-path",
                "page.html",
                "--recovery-point-objective",
                "1000.00:00:00.5",
            ],
            "Export-BackupReport b, gap, none page.html -RecoveryPointObjective 1000.00:00:00.5"
        ),
        ("report over a database", ["report", "b", "--destination-path", "a.db"], "Export-BackupReport b a.db"),
        ("full of nothing", ["full", "none", "--destination-path", "n"], "New-FullBackup none n"),
        ("full of no database", ["full", "empty", "--destination-path", "n"], "New-FullBackup empty n"),
        ("full into itself", ["full", "a.db", "--destination-path", "a.db"], "New-FullBackup a.db a.db"),
        (
            "full with a foreign option",
            ["full", "a.db", "--destination-path", "n", "--no-cursor"],
            "New-FullBackup a.db n -NoCursor"
        ),
        (
            "increment without a full",
            ["incremental", "a.db", "--destination-path", "n"],
            "New-IncrementalBackup a.db n"
        ),
        (
            "increment inside a frame",
            ["incremental", "a.db", "--destination-path", "b", "--since", "167"],
            "New-IncrementalBackup a.db b -Since 167"
        ),
    ];

    [Fact]
    public void Both_give_the_same_objects_and_the_same_errors()
    {
        using var sandbox = new SpgSandbox();
        Prepare(sandbox);
        var inPowerShell = RunAllInPowerShell(sandbox);
        var inConsole = new Dictionary<string, Outcome>(StringComparer.Ordinal);
        Parallel.ForEach(
            Cases,
            new ParallelOptions { MaxDegreeOfParallelism = 2 },
            c =>
            {
                var outcome = RunInConsole(sandbox, c.Console);
                lock (inConsole)
                {
                    inConsole.Add(c.Name, outcome);
                }
            }
        );
        Assert.All(
            Cases,
            c =>
            {
                // Each names its own verb in what it advises.
                var results = inPowerShell[c.Name].Results.Replace("Get-BackupChain", "backuptools chain");
                Assert.Equal(results, inConsole[c.Name].Results);
                Assert.Equal(inPowerShell[c.Name].ErrorId, inConsole[c.Name].ErrorId);
                var expected = inConsole[c.Name].ErrorId is { } id
                    ? (int)ErrorCodes.KindOf(Enum.Parse<ErrorCode>(id))
                    : 0;
                Assert.Equal(expected, inConsole[c.Name].ExitCode);
            }
        );
    }

    private static void Prepare(SpgSandbox sandbox)
    {
        var bundles = sandbox.Chain();
        foreach (var folder in new[] { "damaged", "gap", "empty" })
        {
            Directory.CreateDirectory(sandbox.At(folder));
        }
        for (var i = 0; i < bundles.Count; i++)
        {
            var bytes = File.ReadAllBytes(bundles[i].FullName);
            if (i != 1)
            {
                File.WriteAllBytes(sandbox.At("gap", bundles[i].Name), bytes);
            }
            File.WriteAllBytes(sandbox.At("damaged", bundles[i].Name), i == 2 ? bytes[..^7] : bytes);
        }
    }

    private static Outcome RunInConsole(SpgSandbox sandbox, string[] args)
    {
        var run = ChildProcess.ConsoleIn(sandbox.Folder, [.. args, "--json"]);
        var error = run.ErrorLines.FirstOrDefault(l => l.StartsWith("error ", StringComparison.Ordinal));
        return new Outcome(Normal(JsonNode.Parse(run.Out)!), error?.Split(' ', ':')[1], run.ExitCode);
    }

    private static Dictionary<string, Outcome> RunAllInPowerShell(SpgSandbox sandbox)
    {
        var lines = Cases.Select(c =>
            $"$e = $null; $r = @({c.PowerShell} -ErrorVariable e -ErrorAction SilentlyContinue -WarningAction Ignore);"
            + $" $all['{c.Name}'] = @{{ Results = $r; Error = if ($e) {{ $e[0].FullyQualifiedErrorId }} }}"
        );
        var script = $"""
            Import-Module '{Path.Combine(ChildProcess.Root, "BackupTools.psd1")}'
            $all = @{"{}"}
            {string.Join(Environment.NewLine, lines)}
            $all | ConvertTo-Json -Depth 10
            """;
        var run = RealPowerShell.Run(sandbox.Folder, "-Command", script);
        Assert.True(run.ExitCode == 0, run.ToString());
        return JsonNode
            .Parse(run.Out)!
            .AsObject()
            .ToDictionary(
                p => p.Key,
                p => new Outcome(
                    Normal(p.Value!["Results"]!),
                    p.Value["Error"]?.GetValue<string>().Split(',')[0] ?? FirstProblem(p.Value["Results"]!),
                    null
                ),
                StringComparer.Ordinal
            );
    }

    /// <summary>A chain that is not valid is an answer in PowerShell and an exit code in the console.</summary>
    private static string? FirstProblem(JsonNode results) =>
        results
            .AsArray()
            .Where(r => r!["Checked"] is not null || r["IsValid"]?.GetValueKind() == JsonValueKind.False)
            .Where(r => r!["BundleCount"] is null)
            .SelectMany(r => r!["Problems"]!.AsArray())
            .FirstOrDefault(p => p!["Severity"]!.GetValue<string>() == "Error")
            ?["Code"]!.GetValue<string>();

    private static string Normal(JsonNode node)
    {
        Strip(node);
        return node.ToJsonString(new JsonSerializerOptions { WriteIndented = true });
    }

    private static void Strip(JsonNode? node)
    {
        if (node is JsonArray array)
        {
            foreach (var item in array)
            {
                Strip(item);
            }
        }
        else if (node is JsonObject item)
        {
            foreach (var name in Ignored)
            {
                item.Remove(name);
            }
            if (item.ContainsKey("Databases"))
            {
                item.Remove("CreatedUtc"); // of a report: now
            }
            foreach (var property in item)
            {
                Strip(property.Value);
            }
        }
    }

    private sealed record Outcome(string Results, string? ErrorId, int? ExitCode);
}
