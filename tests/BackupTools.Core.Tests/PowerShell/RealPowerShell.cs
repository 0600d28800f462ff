using System.Reflection;
using System.Runtime.InteropServices;
using BackupTools.Tests.FrontEnds;

namespace BackupTools.Tests.InPowerShell;

/// <summary>
/// The PowerShell and the Pester that restoring this project brings as packages. What is installed on the machine is not
/// looked at: every machine runs the same two.
/// </summary>
internal static class RealPowerShell
{
    private static readonly string Home = Path.Combine(
        Package("PowerShell"),
        OperatingSystem.IsWindows() ? "win" : "unix"
    );

    private static readonly string Program = OperatingSystem.IsWindows() ? Path.Combine(Home, "pwsh.exe") : "dotnet";

    private static readonly string[] Before = OperatingSystem.IsWindows()
        ? []
        : ["exec", Path.Combine(Home, "pwsh.dll")];

    /// <summary>The manifest of Pester, for Import-Module.</summary>
    public static string Pester => Package("Pester");

    /// <summary>What Invoke-Suite.ps1 says that it ran in.</summary>
    public static string Versions => Package("Versions");

    /// <summary>Runs pwsh in a folder. It puts its own folder on the PATH, so scripts can start "pwsh" again.</summary>
    public static ChildResult Run(string workingFolder, params string[] args) => RunWith([], workingFolder, args);

    /// <summary>With variables of the environment beside those of this process.</summary>
    public static ChildResult RunWith(
        IEnumerable<KeyValuePair<string, string>> environment,
        string workingFolder,
        params string[] args
    ) =>
        ChildProcess.Run(
            Program,
            [.. Before, "-NoProfile", "-NonInteractive", .. args],
            workingFolder,
            [
                .. environment,
                new("POWERSHELL_TELEMETRY_OPTOUT", "1"),
                new("NO_COLOR", "1"),
                // Profiles pay in long sessions; a session here is short.
                new("DOTNET_TieredPGO", "0"),
                new("NUGET_PACKAGES", Package("NuGet")),
                // Scripts start "pwsh" again. On Unix it puts its folder there itself, on Windows an installer does.
                new(
                    "PATH",
                    $"{Path.GetFullPath(Home)}{Path.PathSeparator}{Environment.GetEnvironmentVariable("PATH")}"
                ),
                // The "pwsh" that scripts start is a program of its own, which has to find the runtime.
                new(
                    "DOTNET_ROOT",
                    Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "../../.."))
                ),
            ]
        );

    /// <summary>Where NuGet put it, and which version, as the build wrote down.</summary>
    private static string Package(string name) =>
        typeof(RealPowerShell)
            .Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .Single(a => string.Equals(a.Key, name, StringComparison.Ordinal))
            .Value!;
}
