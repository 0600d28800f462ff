using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace BackupTools.Tests.Engines.Grafeo;

/// <summary>
/// The real engine, as a process of node that does what it is told, line by line. Its package is installed from the
/// lock file when it is first needed.
/// </summary>
public sealed class RealGrafeo : IDisposable
{
    private static readonly Lazy<string?> Reason = new(FindReason);
    private static readonly TimeSpan InstallTime = TimeSpan.FromMinutes(2);
    private Lazy<Process> _driver = NewDriver();

    /// <summary>Why the engine cannot be used here; null when it can.</summary>
    public static string? WhyNot => Reason.Value;

    /// <summary>The folder of the scripts; null outside of a checkout.</summary>
    private static string? Scripts
    {
        get
        {
            var folder = new DirectoryInfo(AppContext.BaseDirectory);
            while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "BackupTools.slnx")))
                folder = folder.Parent;
            return folder is null ? null : Path.Combine(folder.FullName, "tests", "real-engines", "grafeo");
        }
    }

    /// <summary>Sends a request and returns the answer, which may be the engine's refusal.</summary>
    public JsonNode Ask(string verb, object? arguments = null)
    {
        var request = JsonSerializer.SerializeToNode(arguments ?? new { })!;
        request["verb"] = verb;
        _driver.Value.StandardInput.WriteLine(request.ToJsonString());
        var line = _driver.Value.StandardOutput.ReadLine();
        Assert.True(line is not null, "the engine's process has died");
        return JsonNode.Parse(line)!;
    }

    /// <summary>Sends a request that must succeed.</summary>
    public JsonNode Do(string verb, object? arguments = null)
    {
        var answer = Ask(verb, arguments);
        Assert.True(answer["error"] is null, $"{verb}: {answer["error"]}");
        return answer;
    }

    /// <summary>What the engine sees in a database.</summary>
    public Rows Dump(string database)
    {
        var answer = Do("dump", new { db = database });
        return new Rows(
            answer["epoch"]!.GetValue<ulong>(),
            answer["nodes"]!.GetValue<int>(),
            answer["edges"]!.GetValue<int>(),
            answer["rowsSha256"]!.GetValue<string>()
        );
    }

    /// <summary>What a fixture's expectation says the engine saw.</summary>
    public static Rows Expected(params string[] parts)
    {
        var json = JsonNode.Parse(File.ReadAllText(Formats.Grafeo.GrafeoBytes.Fixture(parts)))!;
        return new Rows(
            ulong.Parse(json["epoch"]!.GetValue<string>()),
            json["nodes"]!.GetValue<int>(),
            json["edges"]!.GetValue<int>(),
            json["rowsSha256"]!.GetValue<string>()
        );
    }

    /// <summary>Starts a script of the folder.</summary>
    public static Process Start(string script, params string[] arguments) =>
        Process.Start(
            new ProcessStartInfo("node", [Path.Combine(Scripts!, script), .. arguments])
            {
                UseShellExecute = false,
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
            }
        )!;

    /// <summary>Kills the engine's process; the next request starts another.</summary>
    public void Kill()
    {
        _driver.Value.Kill();
        _driver.Value.WaitForExit();
        _driver.Value.Dispose();
        _driver = NewDriver();
    }

    private static Lazy<Process> NewDriver() => new(() => Start("driver.mjs"));

    public void Dispose()
    {
        if (!_driver.IsValueCreated)
            return;
        _driver.Value.StandardInput.Close();
        _driver.Value.WaitForExit(10_000);
        _driver.Value.Dispose();
    }

    private static string? FindReason()
    {
        if (Scripts is not { } scripts)
            return "the tests do not run in a checkout";
        if (Run("node", "--version", scripts) is not { } version)
            return "node is not installed";
        if (!int.TryParse(version.Trim().TrimStart('v').Split('.')[0], out var major) || major < 20)
            return $"node {version.Trim()} is too old for the engine, which needs 20";
        const string load = "-e require('@grafeo-db/js')";
        if (Run("node", load, scripts) is not null)
            return null;
        // Several test runs may come here at once; npm does not like that.
        using var only = new Mutex(false, "backuptools-grafeo-npm-ci");
        only.WaitOne(InstallTime);
        try
        {
            return
                Run("node", load, scripts) is not null
                || (
                    Run(OperatingSystem.IsWindows() ? "npm.cmd" : "npm", "ci --no-audit --no-fund", scripts) is not null
                    && Run("node", load, scripts) is not null
                )
                ? null
                : "the engine's package @grafeo-db/js is not installed and npm ci could not install it";
        }
        finally
        {
            only.ReleaseMutex();
        }
    }

    /// <summary>The output of a program that succeeds; null when it is missing, fails or takes too long.</summary>
    private static string? Run(string program, string arguments, string folder)
    {
        try
        {
            using var process = Process.Start(
                new ProcessStartInfo(program, arguments)
                {
                    WorkingDirectory = folder,
                    UseShellExecute = false,
                    RedirectStandardOutput = true,
                    RedirectStandardError = true,
                }
            )!;
            process.ErrorDataReceived += static (_, _) => { };
            process.BeginErrorReadLine();
            var output = process.StandardOutput.ReadToEndAsync();
            if (!process.WaitForExit(InstallTime))
            {
                process.Kill(entireProcessTree: true);
                return null;
            }
            return process.ExitCode == 0 ? output.Result : null;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }

    /// <summary>What a database holds, as far as two can be compared.</summary>
    public sealed record Rows(ulong Epoch, int Nodes, int Edges, string Sha256)
    {
        /// <summary>
        /// The same rows, whatever the epoch: read by 0.6.0, data of 0.5.x counts an epoch for each replayed commit.
        /// </summary>
        public Rows WithoutEpoch() => this with { Epoch = 0 };
    }
}

/// <summary>A test that needs the real engine; skipped with the reason where it cannot be had.</summary>
public sealed class RealGrafeoFactAttribute : FactAttribute
{
    public RealGrafeoFactAttribute() => Skip = RealGrafeo.WhyNot;
}

/// <summary>Like <see cref="RealGrafeoFactAttribute"/>, with data.</summary>
public sealed class RealGrafeoTheoryAttribute : TheoryAttribute
{
    public RealGrafeoTheoryAttribute() => Skip = RealGrafeo.WhyNot;
}
