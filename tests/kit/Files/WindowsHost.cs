using System.Runtime.InteropServices;

namespace BackupTools.Tests.Files;

/// <summary>Which Windows the tests run in, for <c>SkipWhen</c> and <c>SkipUnless</c>.</summary>
public static class WindowsHost
{
    /// <summary>Wine, which names itself in its ntdll.</summary>
    public static bool IsWine { get; } =
        OperatingSystem.IsWindows()
        && NativeLibrary.TryLoad("ntdll.dll", out var ntdll)
        && NativeLibrary.TryGetExport(ntdll, "wine_get_version", out _);

    /// <summary>Windows or Wine.</summary>
    public static bool IsWindows => OperatingSystem.IsWindows();

    /// <summary>Windows itself.</summary>
    public static bool IsReal { get; } = OperatingSystem.IsWindows() && !IsWine;
}
