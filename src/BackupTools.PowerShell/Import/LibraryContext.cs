using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Loader;

namespace BackupTools.PowerShell.Import;

/// <summary>
/// The assemblies of one folder, apart from what the rest of the process has loaded. What the folder does not have comes
/// from the process: .NET and PowerShell.
/// </summary>
/// <param name="folder">Holds NAME.dll, and runtimes/RID/native for the native libraries.</param>
internal sealed class LibraryContext(string folder) : AssemblyLoadContext("BackupTools")
{
    protected override Assembly? Load(AssemblyName assemblyName)
    {
        var file = Path.Combine(folder, assemblyName.Name + ".dll");
        return File.Exists(file) ? LoadFromAssemblyPath(file) : null;
    }

    protected override nint LoadUnmanagedDll(string unmanagedDllName)
    {
        var file = Path.Combine(folder, "runtimes", Rid(), "native", NativeName(unmanagedDllName));
        return File.Exists(file) ? LoadUnmanagedDllFromPath(file) : 0;
    }

    private static string NativeName(string library) =>
        OperatingSystem.IsWindows() ? $"{library}.dll"
        : OperatingSystem.IsMacOS() ? $"lib{library}.dylib"
        : $"lib{library}.so";

    /// <summary>
    /// As packages name their folders. The runtime's own identifier is not always one of them: a .NET that a distribution
    /// built calls itself "debian.13-x64" or "alpine.3.22-x64".
    /// </summary>
    private static string Rid()
    {
        var musl =
            RuntimeInformation.RuntimeIdentifier.Contains("musl", StringComparison.Ordinal)
            || RuntimeInformation.RuntimeIdentifier.StartsWith("alpine", StringComparison.Ordinal);
        var system =
            OperatingSystem.IsWindows() ? "win"
            : OperatingSystem.IsMacOS() ? "osx"
            : musl ? "linux-musl"
            : "linux";
        return $"{system}-{RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}";
    }
}
