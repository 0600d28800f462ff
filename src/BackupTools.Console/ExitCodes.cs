using BackupTools.Errors;

namespace BackupTools.Console;

/// <summary>What the process returns; docs/console.md is the table for people.</summary>
internal static class ExitCodes
{
    public const int Ok = 0;

    /// <summary>SIGHUP: the terminal was closed.</summary>
    public const int HungUp = 129;

    /// <summary>Ctrl+C: 128 and the number of the signal, as shells have it.</summary>
    public const int Interrupted = 130;

    /// <summary>SIGTERM.</summary>
    public const int Terminated = 143;

    /// <summary>The number of the error's family, 1 to 11.</summary>
    public static int Of(ErrorCode code) => (int)ErrorCodes.KindOf(code);
}
