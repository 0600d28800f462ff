using System.Globalization;

namespace BackupTools.Tests.Engines;

/// <summary>
/// How many backups the tests beside a writer take: few each time, BACKUPTOOLS_LIVE times as many when they are run long
/// (<c>./build.ps1 Soak</c>).
/// </summary>
internal static class LiveBudget
{
    /// <summary>So many backups in an everyday run.</summary>
    public static int Of(int everyday) =>
        everyday
        * (
            int.TryParse(
                Environment.GetEnvironmentVariable("BACKUPTOOLS_LIVE"),
                CultureInfo.InvariantCulture,
                out var times
            )
                ? times
                : 1
        );
}
