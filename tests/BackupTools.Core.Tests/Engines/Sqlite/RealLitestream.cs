using System.Diagnostics;
using BackupTools.Tests.FrontEnds;

namespace BackupTools.Tests.Engines.Sqlite;

/// <summary>
/// The real Litestream 0.3.13. <c>BACKUPTOOLS_LITESTREAM</c> names a program on the machine; else npm installs it into
/// tests/real-engines/litestream when it is first needed.
/// </summary>
internal sealed class RealLitestream : IDisposable
{
    private static readonly TimeSpan s_longest = TimeSpan.FromMinutes(2);
    private static readonly Lazy<(string? Program, string? WhyNot)> s_found = new(Find);

    private readonly Process _process;

    /// <summary>Starts to replicate a database into a folder, with checkpoints and snapshots every few seconds.</summary>
    public RealLitestream(string database, string replica)
    {
        var configuration = database + ".litestream.yml";
        File.WriteAllText(
            configuration,
            $"""
            dbs:
              - path: {database}
                monitor-interval: 50ms
                checkpoint-interval: 2s
                min-checkpoint-page-count: 60
                replicas:
                  - type: file
                    path: {replica}
                    sync-interval: 50ms
                    snapshot-interval: 2s
                    retention: 24h
            """
        );
        _process = Process.Start(Call("replicate", "-config", configuration))!;
        // Read, so that it never waits for a reader.
        _process.OutputDataReceived += static (_, _) => { };
        _process.ErrorDataReceived += static (_, _) => { };
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>Why the program cannot be used here; null when it can.</summary>
    public static string? WhyNot => s_found.Value.WhyNot;

    /// <summary>Litestream's own restore of the newest state; its exit code and what it said.</summary>
    public static (int Code, string Said) Restore(string replica, string destination) =>
        Run(Call("restore", "-o", destination, $"file://{replica}"));

    /// <summary>Ends it as a service manager does, after which everything is in the replica.</summary>
    public void Stop()
    {
        using var kill = Process.Start("kill", ["-TERM", $"{_process.Id}"]);
        kill.WaitForExit();
        Assert.True(_process.WaitForExit(s_longest), "litestream does not end");
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            _process.WaitForExit();
        }
        _process.Dispose();
    }

    private static ProcessStartInfo Call(params string[] arguments) => Start(s_found.Value.Program!, arguments);

    private static ProcessStartInfo Start(string program, string[] arguments) =>
        new(program, arguments)
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };

    private static (string?, string?) Find()
    {
        if (Environment.GetEnvironmentVariable("BACKUPTOOLS_LITESTREAM") is { Length: > 0 } named)
        {
            return File.Exists(named)
                ? (named, null)
                : (null, $"BACKUPTOOLS_LITESTREAM names {named}, which is not there");
        }
        if (!OperatingSystem.IsLinux() || !Environment.Is64BitProcess)
        {
            return (null, "Litestream 0.3.13 is run on Linux only");
        }
        var folder = Path.Combine(ChildProcess.Root, "tests", "real-engines", "litestream");
        var program = Path.Combine(folder, "node_modules", "@flydotio", "litestream-linux-x64", "litestream");
        using var only = new Mutex(false, "backuptools-litestream-npm-ci");
        only.WaitOne(s_longest);
        try
        {
            return
                File.Exists(program)
                || Run(Start("npm", ["ci", "--no-audit", "--no-fund", "--prefix", folder])).Code == 0
                ? (program, null)
                : (null, "Litestream 0.3.13 is not installed and npm ci could not install it");
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return (null, "npm is not installed");
        }
        finally
        {
            only.ReleaseMutex();
        }
    }

    private static (int Code, string Said) Run(ProcessStartInfo start)
    {
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEndAsync();
        if (!process.WaitForExit(s_longest))
        {
            process.Kill(entireProcessTree: true);
        }
        return (process.ExitCode, output.GetAwaiter().GetResult() + errors.GetAwaiter().GetResult());
    }
}

/// <summary>A test that needs the real Litestream; skipped with the reason where it cannot be had.</summary>
public sealed class RealLitestreamFactAttribute : FactAttribute
{
    public RealLitestreamFactAttribute() => Skip = RealLitestream.WhyNot;
}
