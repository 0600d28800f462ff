namespace BackupTools.Benchmarks.Compare;

/// <summary>Where a comparison happens: its folder, its tools, and the cost of starting our program for nothing.</summary>
internal sealed class Workshop : IDisposable
{
    public const string OurName = "backuptools";
    public const string WarmName = "library, warm";
    private readonly string _console;

    public Workshop(string folder, string console, int runs)
    {
        Folder = Path.Combine(folder, $"backuptools-compare-{Environment.ProcessId}");
        Directory.CreateDirectory(Folder);
        _console = console;
        Runs = runs;
        var idle = Enumerable.Range(0, runs + 1).Select(_ => ChildProcess.Run(Ours("--version"))).Skip(1).ToList();
        Idle = new Measurement(
            Match.Median(idle.Select(m => m.Seconds)),
            Match.MedianOrNull(idle.Select(m => m.CpuSeconds)),
            idle.Min(m => m.PeakMemory),
            null
        );
    }

    public string Folder { get; }

    /// <summary>Rounds that count.</summary>
    public int Runs { get; }

    /// <summary>Our program, started to print its version.</summary>
    public Measurement Idle { get; }

    public string PathOf(string name) => Path.Combine(Folder, name);

    public void Say(string message) => Console.Error.WriteLine(message);

    /// <summary>A call of our program as a user would start it.</summary>
    public ProgramCall Ours(params string[] arguments) => new("dotnet", ["exec", _console, .. arguments]);

    /// <summary>
    /// Copies and makes the copy durable: every file and folder of it, nothing else on the disk, as our own program
    /// does.
    /// </summary>
    public static ProgramCall PlainCopy(string from, string to) =>
        new("sh", "-c", "cp -r \"$1\" \"$2\" && find \"$2\" -exec sync {} +", "sh", from, to);

    public static ProgramCall Blake3(string folder) =>
        new("b3sum", [.. Directory.GetFiles(folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)]);

    public static bool Has(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(Path.PathSeparator)
            .Any(folder => File.Exists(Path.Combine(folder, program)));

    /// <summary>Waits until what others wrote is on disk, so that nobody pays for it.</summary>
    public void Settle()
    {
        if (OperatingSystem.IsLinux())
        {
            ChildProcess.Run(new ProgramCall("sync", "-f", Folder));
        }
    }

    public static void Delete(string path)
    {
        if (Directory.Exists(path))
        {
            Directory.Delete(path, recursive: true);
        }
        File.Delete(path);
    }

    /// <summary>A second folder of the same files, by hard links, for bundles: they are never changed in place.</summary>
    public static void LinkTree(string from, string to)
    {
        Delete(to);
        ChildProcess.Run(new ProgramCall("cp", "-al", from, to));
    }

    /// <summary>A second folder with copies of the files.</summary>
    public static void CopyTree(string from, string to)
    {
        Delete(to);
        ChildProcess.Run(new ProgramCall("cp", "-a", from, to));
    }

    public void Dispose() => Delete(Folder);
}
