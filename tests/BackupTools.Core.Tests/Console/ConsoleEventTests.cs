using System.Runtime.Versioning;
using BackupTools.Tests.Files;
using BackupTools.Tests.Operations;

namespace BackupTools.Tests.FrontEnds;

/// <summary>What stops the console program on Windows; ConsoleContractTests has the signals of Unix.</summary>
[Trait("Category", "Windows")]
[SupportedOSPlatform("windows")]
public sealed class ConsoleEventTests : IDisposable
{
    private const string Events = "console events that a program of .NET outlives";
    private const char CtrlC = '\x03';
    private readonly SpgSandbox _sandbox = new();

    public void Dispose() => _sandbox.Dispose();

    [NeedsWindowsFact(Events)]
    public void Ctrl_C_ends_a_run_cleanly() => Stop(console => console.Press(CtrlC), 130);

    [NeedsWindowsFact(Events)]
    public void Closing_the_window_ends_a_run_cleanly() => Stop(console => console.Close(), 129);

    private void Stop(Action<PseudoConsole> stop, int exitCode)
    {
        var before = _sandbox.Inventory();
        using var folder = new TempFolder();
        var started = folder["started"];
        using var console = new PseudoConsole(
            ChildProcess.ConsoleProgram,
            "full",
            _sandbox.Db,
            "--destination-path",
            _sandbox.Bundles,
            "--checkpoint",
            $"\"{ChildProcess.SelfProgram}\" {Program.Wait} \"{started}\""
        );
        try
        {
            Assert.True(SpinWait.SpinUntil(() => File.Exists(started), TimeSpan.FromSeconds(30)), "it did not start");
            stop(console);
            Assert.True(console.Process.WaitForExit(TimeSpan.FromSeconds(30)), "it did not end");
        }
        finally
        {
            if (!console.Process.HasExited)
            {
                console.Process.Kill(entireProcessTree: true);
            }
        }
        Assert.Equal(exitCode, console.Process.ExitCode);
        Assert.Equal(before, _sandbox.Inventory());
    }
}
