using System.Runtime.InteropServices;

namespace BackupTools.Console;

/// <summary>Turns Ctrl+C and a request to terminate into a cancelled token, so that runs end cleanly.</summary>
internal sealed class StopSignals : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly PosixSignalRegistration[] _registrations;

    public StopSignals() =>
        _registrations = [
            PosixSignalRegistration.Create(PosixSignal.SIGINT, c => Cancel(c, ExitCodes.Interrupted)),
            PosixSignalRegistration.Create(PosixSignal.SIGTERM, c => Cancel(c, ExitCodes.Terminated)),
            PosixSignalRegistration.Create(PosixSignal.SIGHUP, c => Cancel(c, ExitCodes.HungUp)),
            // Ctrl+Break, which is how programs of Windows stop one another; elsewhere this signal asks for a core dump.
            .. OperatingSystem.IsWindows()
                ? [PosixSignalRegistration.Create(PosixSignal.SIGQUIT, c => Cancel(c, ExitCodes.Interrupted))]
                : Array.Empty<PosixSignalRegistration>(),
        ];

    public CancellationToken Token => _stop.Token;

    /// <summary>The exit code for the signal that came.</summary>
    public int ExitCode { get; private set; } = ExitCodes.Interrupted;

    public void Dispose()
    {
        foreach (var registration in _registrations)
        {
            registration.Dispose();
        }
        _stop.Dispose();
    }

    private void Cancel(PosixSignalContext context, int exitCode)
    {
        // The process goes on until the operation has cleaned up.
        context.Cancel = true;
        ExitCode = exitCode;
        _stop.Cancel();
        // When a window is closed or the system shuts down, Windows ends the process as soon as this returns, and some
        // seconds later anyway. The operation cleans up meanwhile, and then ends the process itself.
        if (OperatingSystem.IsWindows() && context.Signal is PosixSignal.SIGHUP or PosixSignal.SIGTERM)
        {
            Thread.Sleep(Timeout.Infinite);
        }
    }
}
