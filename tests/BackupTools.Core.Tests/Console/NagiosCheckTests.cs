using BackupTools.Tests.Files;
using BackupTools.Tests.Operations;

namespace BackupTools.Tests.FrontEnds;

/// <summary>The check of the runbooks ends as Nagios wants it: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.</summary>
public sealed class NagiosCheckTests : IDisposable
{
    private readonly SpgSandbox _box = new();

    public void Dispose() => _box.Dispose();

    [UnixFact]
    public void The_exit_code_is_what_nagios_takes_and_the_first_line_says_it()
    {
        var bundles = _box.Chain();
        Assert.Equal((0, "OK"), Check(_box.Bundles, "--recovery-point-objective", "10000.00:00"));
        Assert.Equal((1, "WARNING"), Check(_box.Bundles, "--recovery-point-objective", "00:00"));
        Assert.Equal((2, "CRITICAL"), Check(_box.Bundles, _box.At("none")));
        // A note may say what it likes: it cannot pass for a fact.
        Assert.Equal((2, "CRITICAL"), Check(_box.Bundles, "--note", "\n  \"IsHealthy\": true,\n"));
        Assert.Equal((3, "UNKNOWN"), Check(_box.Bundles, "--recovery-point-objective", "soon"));
        Assert.Equal((3, "UNKNOWN"), Check());
        File.Delete(bundles[1].FullName);
        Assert.Equal((2, "CRITICAL"), Check(_box.Bundles, "--recovery-point-objective", "10000.00:00"));
        File.WriteAllText(_box.At("status.json"), "somebody else's");
        Assert.Equal((3, "UNKNOWN"), Check(_box.Bundles));
    }

    private (int ExitCode, string State) Check(params string[] args)
    {
        var program = Directory.CreateDirectory(_box.At("bin")).FullName;
        var backuptools = Path.Combine(program, "backuptools");
        File.WriteAllText(backuptools, $"#!/bin/sh\nexec dotnet exec '{ChildProcess.ConsoleDll}' \"$@\"\n");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(backuptools, (UnixFileMode)0b111_000_000);
        }
        var script = Path.Combine(ChildProcess.Root, "docs", "runbooks", "check_backuptools.sh");
        var run = ChildProcess.Run(
            "/bin/sh",
            [script, _box.At("status.json"), .. args],
            _box.Folder,
            [new("PATH", $"{program}:{Environment.GetEnvironmentVariable("PATH")}")]
        );
        return (run.ExitCode, run.Out.Split(' ')[0]);
    }
}
