using System.Diagnostics;
using System.Globalization;

namespace BackupTools.Console.Demonstration;

/// <summary>
/// Another process that places orders at full speed: this program once more, with a private option. It prints the
/// number of each order that was committed, and ends when its standard input does, so that none is left behind by a
/// demo that is killed.
/// </summary>
internal sealed class Clerk : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly Process _process;
    private readonly Task<string> _errors;
    private long _committed;

    /// <summary>Starts it, and returns when the first order was committed.</summary>
    public Clerk(string database)
    {
        // "dotnet backuptools.dll" or the program itself: either is started as this one was.
        var program = Environment.ProcessPath!;
        var isHost = Path.GetFileNameWithoutExtension(program).Equals("dotnet", StringComparison.OrdinalIgnoreCase);
        string[] self = isHost ? ["exec", Environment.GetCommandLineArgs()[0]] : [];
        _process = Process.Start(
            new ProcessStartInfo(program, [.. self, "demo", Option, database])
            {
                UseShellExecute = false,
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            }
        )!;
        _process.OutputDataReceived += (_, line) =>
        {
            if (long.TryParse(line.Data, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            {
                Interlocked.Exchange(ref _committed, number);
            }
        };
        _process.BeginOutputReadLine();
        _errors = _process.StandardError.ReadToEndAsync();
        SpinWait.SpinUntil(() => Committed > 0 || _process.HasExited, Patience);
    }

    /// <summary>The option that makes a process the clerk.</summary>
    public const string Option = "--clerk";

    /// <summary>The last order that is known to be committed; those before it are.</summary>
    public long Committed => Interlocked.Read(ref _committed);

    /// <summary>Ends it; what it had to complain of, or null.</summary>
    public string? Stop()
    {
        _process.StandardInput.Close();
        if (!_process.WaitForExit(Patience))
        {
            return "it does not end";
        }
        _process.WaitForExit(); // for the rest of its output
        return _process.ExitCode == 0 ? null : _errors.GetAwaiter().GetResult();
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

    /// <summary>What the other process does.</summary>
    public static void Work(string database, CancellationToken stop)
    {
        var input = Task.Run(System.Console.In.ReadToEnd, CancellationToken.None);
        using var shop = Shop.Open(database);
        for (var number = 1L; !input.IsCompleted && !stop.IsCancellationRequested; number++)
        {
            shop.Order(number);
            System.Console.Out.WriteLine(number.ToString(CultureInfo.InvariantCulture));
        }
    }
}
