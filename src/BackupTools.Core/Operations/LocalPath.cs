using System.Runtime.Versioning;
using BackupTools.Engines;
using BackupTools.Errors;
using BackupTools.Files.Native;

namespace BackupTools.Operations;

/// <summary>Tells paths of this machine from addresses of stores and servers, under whose names no folder must be made.</summary>
public static class LocalPath
{
    /// <summary>
    /// Refuses what begins with a scheme, as s3://bucket or https://host (a drive letter is none), and on Windows names
    /// that lead elsewhere: devices, streams inside of files, dots and blanks that are dropped.
    /// </summary>
    /// <exception cref="BackupException">ProviderNotSupported, UnsafeName.</exception>
    public static void Require(string path)
    {
        var length = path.IndexOf("://", StringComparison.Ordinal);
        if (length > 1 && path[..length].All(c => char.IsAsciiLetterOrDigit(c) || c is '+' or '-' or '.'))
        {
            throw new BackupException(
                ErrorCode.ProviderNotSupported,
                $"{path[..length]}:// is an address, not a path of this machine",
                path
            );
        }
        if (OperatingSystem.IsWindows() && WindowsPath.WhyNot(path) is { } why)
        {
            throw new BackupException(ErrorCode.UnsafeName, why, path, recommendation: "Choose another name.");
        }
    }

    /// <summary>The absolute path without a separator at its end.</summary>
    /// <exception cref="BackupException">ProviderNotSupported, UnsafeName.</exception>
    public static string Absolute(string path) => Path.TrimEndingDirectorySeparator(AbsoluteOrInto(path));

    /// <summary>The absolute path, where a separator at the end has a meaning, and stays.</summary>
    /// <exception cref="BackupException">ProviderNotSupported, UnsafeName.</exception>
    public static string AbsoluteOrInto(string path)
    {
        Require(path);
        var full = Path.GetFullPath(path);
        return OperatingSystem.IsWindows() ? InFull(full) : full;
    }

    /// <summary>A series has the name of its database, which SHOP-D~1.DB is not; what is not there yet stays as it is.</summary>
    [SupportedOSPlatform("windows")]
    private static string InFull(string path)
    {
        var missing = "";
        for (
            var at = path;
            at is not null && at.Contains('~', StringComparison.Ordinal);
            at = Path.GetDirectoryName(at)
        )
        {
            if (Windows.LongPath(at) is { } there)
                return Path.Join(there, missing);
            missing = Path.Join(Path.GetFileName(at), missing);
        }
        return path;
    }
}
