using System.Diagnostics;
using System.Text.Json.Nodes;

namespace BackupTools.Tests.Engines.Grafeo;

/// <summary>
/// The command line of Grafeo 0.5.42. <c>BACKUPTOOLS_GRAFEO05</c> names a copy on the machine; else it is set up by the
/// script in tests/real-engines when it is first needed.
/// </summary>
internal static class RealGrafeo05
{
    private static readonly TimeSpan s_longest = TimeSpan.FromMinutes(3);
    private static readonly Lazy<(string? Program, string? WhyNot)> s_found = new(Find);

    /// <summary>Why the engine cannot be used here; null when it can.</summary>
    public static string? WhyNot => s_found.Value.WhyNot;

    /// <summary>Runs a command; its exit code and all that it said.</summary>
    public static (int Code, string Said) Call(params string[] arguments) => Run(s_found.Value.Program!, arguments);

    /// <summary>Runs a command that must succeed.</summary>
    public static string Do(params string[] arguments)
    {
        var (code, said) = Call(arguments);
        Assert.True(code == 0, $"grafeo {string.Join(' ', arguments)}: {said}");
        return said;
    }

    /// <summary>The property <c>name</c> of all nodes, sorted. The engine opens the database and may write to it.</summary>
    public static IReadOnlyList<string> Names(string database) => Column(database, "MATCH (n) RETURN n.name AS name");

    /// <summary>The names of the node types.</summary>
    public static IReadOnlyList<string> NodeTypes(string database) => Column(database, "SHOW NODE TYPES");

    /// <summary>The engine's own restore.</summary>
    public static void Restore(string folder, ulong epoch, string destination) =>
        Do("backup", "restore-to-epoch", folder, "--epoch", $"{epoch}", "-o", destination);

    /// <summary>Opens a shell on a database.</summary>
    public static Shell Open(string database) => new(s_found.Value.Program!, database);

    private static List<string> Column(string database, string query)
    {
        var said = Do("query", database, query, "--format", "json");
        return
        [
            .. JsonNode
                .Parse(said)!
                .AsArray()
                .Select(row => row!["name"]!.GetValue<string>().Trim('"'))
                .Order(StringComparer.Ordinal),
        ];
    }

    private static (string?, string?) Find()
    {
        if (Environment.GetEnvironmentVariable("BACKUPTOOLS_GRAFEO05") is { Length: > 0 } named)
        {
            return File.Exists(named)
                ? (named, null)
                : (null, $"BACKUPTOOLS_GRAFEO05 names {named}, which is not there");
        }

        if (!OperatingSystem.IsLinux() || !Environment.Is64BitProcess)
            return (null, "Grafeo 0.5.42 is run on Linux only");
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "BackupTools.slnx")))
            folder = folder.Parent;
        if (folder is null)
            return (null, "the tests do not run in a checkout");
        var script = Path.Combine(folder.FullName, "tests", "real-engines", "grafeo05", "setup.sh");
        using var only = new Mutex(false, "backuptools-grafeo05-setup");
        only.WaitOne(s_longest);
        try
        {
            var (code, said) = Run("/bin/bash", script);
            return code == 0
                ? (said.Trim().Split('\n')[^1], null)
                : (null, "Grafeo 0.5.42 could not be set up from npm and Debian's packages");
        }
        finally
        {
            only.ReleaseMutex();
        }
    }

    private static (int Code, string Said) Run(string program, params string[] arguments)
    {
        using var process = Process.Start(
            new ProcessStartInfo(program, arguments)
            {
                UseShellExecute = false,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            }
        )!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEndAsync();
        if (!process.WaitForExit(s_longest))
            process.Kill(entireProcessTree: true);
        return (process.ExitCode, process.ExitCode == 0 ? output.Result : output.Result + errors.Result);
    }

    /// <summary>A session: statements, one after the other, until it is closed or killed.</summary>
    internal sealed class Shell : IDisposable
    {
        private readonly Process _process;

        public Shell(string program, string database)
        {
            _process = Process.Start(
                new ProcessStartInfo(program, ["shell", database, "--format", "json"])
                {
                    UseShellExecute = false,
                    RedirectStandardInput = true,
                    RedirectStandardOutput = true,
                    RedirectStandardError = true,
                }
            )!;
            // Errors go where nobody answers: a statement that fails is found by its time running out.
            _process.ErrorDataReceived += static (_, _) => { };
            _process.BeginErrorReadLine();
            Await(static line => line.StartsWith("Type :help", StringComparison.Ordinal));
        }

        /// <summary>Runs a statement; returns when the engine has acknowledged it, with what it said.</summary>
        public string Run(string statement)
        {
            _process.StandardInput.WriteLine(statement);
            _process.StandardInput.Flush();
            return Await(static line =>
                line.EndsWith(" row", StringComparison.Ordinal)
                || line.EndsWith(" rows", StringComparison.Ordinal)
                || line.StartsWith("Transaction ", StringComparison.Ordinal)
            );
        }

        public void Close()
        {
            _process.StandardInput.Close();
            _process.WaitForExit();
        }

        /// <summary>Ends the process as a power cut or <c>kill -9</c> does.</summary>
        public void Kill()
        {
            _process.Kill();
            _process.WaitForExit();
        }

        public void Dispose()
        {
            if (!_process.HasExited)
                Kill();
            _process.Dispose();
        }

        private string Await(Predicate<string> isAnswer)
        {
            var said = new System.Text.StringBuilder();
            using var late = new CancellationTokenSource(TimeSpan.FromSeconds(30));
            while (true)
            {
                var line = _process.StandardOutput.ReadLineAsync(late.Token).AsTask().GetAwaiter().GetResult();
                Assert.True(line is not null, "the engine's shell has ended");
                if (isAnswer(line!))
                    return said.ToString();
                said.AppendLine(line);
            }
        }
    }
}

/// <summary>A test that needs the real 0.5.42; skipped with the reason where it cannot be had.</summary>
public sealed class RealGrafeo05FactAttribute : FactAttribute
{
    public RealGrafeo05FactAttribute() => Skip = RealGrafeo05.WhyNot;
}

/// <summary>Like <see cref="RealGrafeo05FactAttribute"/>, with data.</summary>
public sealed class RealGrafeo05TheoryAttribute : TheoryAttribute
{
    public RealGrafeo05TheoryAttribute() => Skip = RealGrafeo05.WhyNot;
}
