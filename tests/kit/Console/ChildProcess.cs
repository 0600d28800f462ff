using System.Diagnostics;
using System.Reflection;
using System.Text;

namespace BackupTools.Tests.FrontEnds;

/// <summary>What a child process wrote and how it ended.</summary>
internal sealed record ChildResult(int ExitCode, string Out, string Error)
{
    public IReadOnlyList<string> ErrorLines =>
        Error.ReplaceLineEndings("\n").Split('\n', StringSplitOptions.RemoveEmptyEntries);

    public override string ToString() => $"exit code {ExitCode}\n{Out}\n{Error}";
}

/// <summary>Runs the front ends as their users do: in a process of their own.</summary>
internal static class ChildProcess
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(8);
    private static readonly TimeSpan Closing = TimeSpan.FromMinutes(1);

    /// <summary>The folder of the checkout, found from the folder of the test assembly.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>The console program, in the configuration in which the tests were built.</summary>
    public static string ConsoleDll =>
        Path.Combine(Root, "src/BackupTools.Console/bin", Configuration, "net10.0/backuptools.dll");

    private static string Configuration =>
        new DirectoryInfo(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory)).Parent!.Name;

    public static ChildResult Console(params string[] args) => ConsoleIn(Path.GetTempPath(), args);

    public static ChildResult ConsoleIn(string workingFolder, params string[] args) =>
        Run(ConsoleProgram, [.. ConsoleArguments, .. args], workingFolder);

    /// <summary>On Windows the program is started as its users do, elsewhere by "dotnet exec".</summary>
    public static string ConsoleProgram =>
        OperatingSystem.IsWindows() ? Path.ChangeExtension(ConsoleDll, ".exe") : "dotnet";

    /// <summary>What comes before the program's own arguments.</summary>
    public static string[] ConsoleArguments => OperatingSystem.IsWindows() ? [] : ["exec", ConsoleDll];

    /// <summary>The program that the tests are, to be started once more as another process.</summary>
    public static string SelfProgram => OperatingSystem.IsWindows() ? Path.ChangeExtension(SelfDll, ".exe") : "dotnet";

    /// <summary>What comes before the arguments of <see cref="SelfProgram"/>.</summary>
    public static string[] SelfArguments => OperatingSystem.IsWindows() ? [] : ["exec", SelfDll];

    private static string SelfDll => Assembly.GetEntryAssembly()!.Location;

    /// <summary>With variables of the environment beside those of this process.</summary>
    public static ChildResult ConsoleWith(
        IEnumerable<KeyValuePair<string, string>> environment,
        params string[] args
    ) => Run(ConsoleProgram, [.. ConsoleArguments, .. args], Path.GetTempPath(), environment);

    public static ChildResult Run(
        string program,
        IEnumerable<string> args,
        string workingFolder,
        IEnumerable<KeyValuePair<string, string>>? environment = null
    )
    {
        using var process = Start(program, args, workingFolder, environment);
        var (output, error) = (new Drained(process.StandardOutput), new Drained(process.StandardError));
        if (!process.WaitForExit(Patience))
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"{program} {string.Join(' ', args)} did not end within {Patience}");
        }
        // Whoever inherited the pipes may outlive the program, and Wine has been seen to end no pipe at all: then what it has
        // written until now is what it wrote.
        Task.WaitAll([output.End, error.End], Closing);
        return new ChildResult(process.ExitCode, output.Text, error.Text);
    }

    public static Process Start(
        string program,
        IEnumerable<string> args,
        string workingFolder,
        IEnumerable<KeyValuePair<string, string>>? environment = null
    )
    {
        var start = new ProcessStartInfo(program, args)
        {
            UseShellExecute = false,
            WorkingDirectory = workingFolder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            StandardOutputEncoding = Encoding.UTF8,
            StandardErrorEncoding = Encoding.UTF8,
        };
        foreach (var (name, value) in environment ?? [])
        {
            start.Environment[name] = value;
        }
        var process = Process.Start(start)!;
        process.StandardInput.Close();
        return process;
    }

    private static string FindRoot()
    {
        for (var folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (File.Exists(Path.Combine(folder, "BackupTools.slnx")))
            {
                return folder;
            }
        }
        throw new InvalidOperationException("BackupTools.slnx is not above the test assembly");
    }

    /// <summary>What a process writes, read as it comes.</summary>
    private sealed class Drained
    {
        private readonly Lock _gate = new();
        private readonly StringBuilder _text = new();

        public Drained(StreamReader from) => End = ReadAsync(from);

        public Task End { get; }

        public string Text
        {
            get
            {
                lock (_gate)
                {
                    return _text.ToString();
                }
            }
        }

        private async Task ReadAsync(StreamReader from)
        {
            var buffer = new char[4096];
            while (await from.ReadAsync(buffer) is > 0 and var count)
            {
                lock (_gate)
                {
                    _text.Append(buffer, 0, count);
                }
            }
        }
    }
}
