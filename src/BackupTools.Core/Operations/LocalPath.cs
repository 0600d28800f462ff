using System.Runtime.Versioning;
using BackupTools.Engines;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Files.Native;

namespace BackupTools.Operations;

/// <summary>
/// Distinguishes local paths from addresses of stores and servers, for which no folder must be created.
/// </summary>
public static class LocalPath
{
    /// <summary>
    /// Refuses what begins with a scheme, such as s3://bucket or https://host (a drive letter is none), or with that of a
    /// store and a colon, and on Windows names that lead elsewhere: devices, streams inside files, dots and blanks that are dropped.
    /// </summary>
    /// <exception cref="BackupException">ProviderNotSupported; InvalidOption: an empty path, or such a name.</exception>
    public static void Require(string path)
    {
        RefuseAddress(path);
        if (StoreAddress.IsMeant(path))
        {
            // As it was typed: shown as an address it would look right.
            throw new BackupException(
                ErrorCode.ProviderNotSupported,
                $"'{StoreAddress.WithoutSecret(path)}' is neither a path of this machine nor an address",
                recommendation: "Write s3://bucket/prefix or az://container/prefix, or ./ before the name of a local folder."
            );
        }
        if (OperatingSystem.IsWindows() && WindowsPath.WhyNot(path) is { } why)
        {
            throw new BackupException(ErrorCode.InvalidOption, why, path, recommendation: "Choose another name.");
        }
    }

    /// <summary>
    /// Refuses what begins with a scheme, a secret key, and nothing at all. What else is wrong with a name is known once it is absolute.
    /// </summary>
    /// <exception cref="BackupException">ProviderNotSupported, InvalidOption.</exception>
    public static void RefuseAddress(string path)
    {
        SecretPath.RefuseAsPath(path);
        if (path.Length == 0)
        {
            throw new BackupException(
                ErrorCode.InvalidOption,
                "an empty path names nothing",
                recommendation: "Give a path; where it comes from a variable, look whether that has a value."
            );
        }
        if (IsAddress(path, out var scheme))
        {
            throw new BackupException(
                ErrorCode.ProviderNotSupported,
                $"{scheme}:// is an address, not a path of this machine",
                path,
                recommendation: IsStore(path)
                    ? $"Give a path in the file system; {Spelling.Of("CopyChain")} copies bundles to a store."
                    : null
            );
        }
    }

    /// <summary>True for an address that bundles can be read from: s3://bucket/prefix.</summary>
    public static bool IsStore(string path) => IsAddress(path, out _) && StoreAddress.Is(path);

    /// <summary>The absolute path, or the address of a store, taken literally; without a separator at its end.</summary>
    /// <exception cref="BackupException">ProviderNotSupported: another scheme, no bucket, or a password in the address.</exception>
    public static string AbsoluteOrStore(string path) => IsStore(path) ? Store(path) : Absolute(path);

    /// <summary>The address of a store as it is shown.</summary>
    /// <exception cref="BackupException">ProviderNotSupported: no bucket, or a password in the address.</exception>
    public static string Store(string address)
    {
        // What begins with a separator looks like a local path after a scheme, not like a bucket.
        var bucket = address[(address.IndexOf("://", StringComparison.Ordinal) + 3)..].Split('/', '\\')[0];
        return bucket.Length > 0 && !bucket.Contains('@', StringComparison.Ordinal)
            ? StoreAddress.Of(address)
            : throw new BackupException(
                ErrorCode.ProviderNotSupported,
                bucket.Length == 0 ? "the address names no bucket" : "an address must not contain credentials",
                address,
                recommendation: "Write s3://bucket/prefix or az://container/prefix; credentials come from the environment or a profile, see docs/stores.md."
            );
    }

    private static bool IsAddress(string path, out string scheme)
    {
        var length = path.IndexOf("://", StringComparison.Ordinal);
        scheme = length > 0 ? path[..length] : "";
        return StoreAddress.IsScheme(scheme);
    }

    /// <summary>The absolute path without a separator at its end.</summary>
    /// <exception cref="BackupException">ProviderNotSupported, InvalidOption.</exception>
    public static string Absolute(string path) => Path.TrimEndingDirectorySeparator(AbsoluteOrInto(path));

    /// <summary>The absolute path; a separator at its end has a meaning, and stays.</summary>
    /// <exception cref="BackupException">ProviderNotSupported, InvalidOption.</exception>
    public static string AbsoluteOrInto(string path)
    {
        Require(path);
        var full = Path.GetFullPath(path);
        return OperatingSystem.IsWindows() ? AsStored(Plain(full)) : full;
    }

    /// <summary>
    /// Without the \\?\ or \\.\ before a drive or a share, so that a database has one path; what only such a path can name,
    /// keeps it.
    /// </summary>
    [SupportedOSPlatform("windows")]
    private static string Plain(string path)
    {
        if (!path.StartsWith(@"\\?\", StringComparison.Ordinal) && !path.StartsWith(@"\\.\", StringComparison.Ordinal))
            return path;
        var rest = path[4..];
        var plain =
            rest is [_, ':', '\\', ..] ? rest
            : rest.StartsWith(@"UNC\", StringComparison.OrdinalIgnoreCase) ? @"\" + rest[3..]
            : null;
        return plain is not null && WindowsPath.WhyNot(plain) is null && Path.GetFullPath(plain) == plain
            ? plain
            : path;
    }

    /// <summary>
    /// Each name as its folder has it: a series has the name of its database, which SHOP-D~1.DB is not, nor another case. What is
    /// not there yet stays as it is.
    /// </summary>
    [SupportedOSPlatform("windows")]
    private static string AsStored(string path)
    {
        var tail = path[Path.TrimEndingDirectorySeparator(path).Length..];
        return Stored(path[..(path.Length - tail.Length)]) + tail;

        static string Stored(string at)
        {
            if (Path.GetDirectoryName(at) is not { } parent)
                return at is [var drive, ':', ..] ? char.ToUpperInvariant(drive) + at[1..] : at;
            return Path.Join(Stored(parent), StoredName.Of(at) ?? Path.GetFileName(at));
        }
    }
}
