using System.Management.Automation;
using BackupTools.Errors;
using BackupTools.Operations;
using DriveNotFoundException = System.Management.Automation.DriveNotFoundException;

namespace BackupTools.PowerShell.Binding;

/// <summary>From what a user types to absolute native paths: the only place where a path meets the session.</summary>
/// <param name="session">Where relative paths and drives mean something.</param>
/// <param name="readsStores">Bundles may be named by addresses, which are then taken literally.</param>
internal sealed class PathResolver(SessionState session, bool readsStores)
{
    /// <summary>
    /// The paths that a -Path means. Without wildcards that is one, which must exist; with wildcards it may be none, unless
    /// <paramref name="mustFind"/>.
    /// </summary>
    /// <exception cref="BackupException">PathNotFound, PathIsAmbiguous, ProviderNotSupported.</exception>
    public IReadOnlyList<string> Expand(string path, bool mustFind = false)
    {
        if (LocalPath.IsStore(path))
        {
            return [Bundles(path)];
        }
        LocalPath.RefuseAddress(path);
        var hasWildcards = HasWildcards(path);
        if (hasWildcards && Path.Exists(Literal(path)))
        {
            throw new BackupException(
                ErrorCode.PathIsAmbiguous,
                "the path has wildcard characters and also exists literally",
                Literal(path),
                recommendation: "Use -LiteralPath to take the name literally."
            );
        }
        if (IsVerbatim(path))
        {
            // PowerShell would take the prefix for a pattern.
            return Path.Exists(Literal(path)) ? [Literal(path)] : throw NotThere(path);
        }
        try
        {
            var found = session.Path.GetResolvedProviderPathFromPSPath(path, out var provider);
            RequireFileSystem(provider, path);
            return found.Count > 0 || !mustFind
                ? found.Select(LocalPath.Absolute).ToArray()
                : throw NothingMatches(path);
        }
        catch (ItemNotFoundException) when (hasWildcards)
        {
            return mustFind ? throw NothingMatches(path) : [];
        }
        catch (ItemNotFoundException error)
        {
            throw NotThere(path, error);
        }
        catch (SessionStateException error) when (error is DriveNotFoundException or ProviderNotFoundException)
        {
            throw NoDrive(path, error);
        }
    }

    /// <summary>The path or the address of bundles with every character taken as it is; they need not exist.</summary>
    /// <exception cref="BackupException">PathNotFound (no such drive), ProviderNotSupported.</exception>
    public string Bundles(string path) => readsStores ? Destination(path) : Literal(path);

    /// <summary>The path or the address of where bundles go, with every character taken as it is; it need not exist.</summary>
    /// <exception cref="BackupException">PathNotFound (no such drive), ProviderNotSupported.</exception>
    public string Destination(string path) => LocalPath.IsStore(path) ? LocalPath.Store(path) : Literal(path);

    /// <summary>The path with every character taken as it is; it need not exist. An address is none.</summary>
    /// <exception cref="BackupException">PathNotFound (no such drive), ProviderNotSupported.</exception>
    public string Literal(string path) => Path.TrimEndingDirectorySeparator(LiteralOrInto(path));

    /// <summary>The same, where a separator at the end has a meaning, and stays.</summary>
    /// <exception cref="BackupException">PathNotFound (no such drive), ProviderNotSupported.</exception>
    public string LiteralOrInto(string path)
    {
        // Before a drive is looked for: one may be called so. PowerShell's own drives (TestDrive:) are no names of files.
        LocalPath.RefuseAddress(path);
        try
        {
            var full = session.Path.GetUnresolvedProviderPathFromPSPath(path, out var provider, out _);
            RequireFileSystem(provider, path);
            return Path.EndsInDirectorySeparator(path)
                ? Path.Join(LocalPath.Absolute(full), Path.DirectorySeparatorChar.ToString())
                : LocalPath.Absolute(full);
        }
        catch (SessionStateException error) when (error is DriveNotFoundException or ProviderNotFoundException)
        {
            throw NoDrive(path, error);
        }
    }

    /// <summary>
    /// True when a -Path has wildcard characters that are not escaped. What begins with \\?\ is taken as it is on Windows: the
    /// question mark is the prefix's own.
    /// </summary>
    public static bool HasWildcards(string path) =>
        !LocalPath.IsStore(path) && !IsVerbatim(path) && WildcardPattern.ContainsWildcardCharacters(path);

    private static bool IsVerbatim(string path) =>
        OperatingSystem.IsWindows() && path.StartsWith(@"\\?\", StringComparison.Ordinal);

    /// <summary>The provider-qualified form, by which every cmdlet finds the item from any location.</summary>
    public static string ToPSPath(string fullName) => $"Microsoft.PowerShell.Core\\FileSystem::{fullName}";

    private static void RequireFileSystem(ProviderInfo provider, string path)
    {
        if (provider.Name != "FileSystem")
        {
            throw new BackupException(
                ErrorCode.ProviderNotSupported,
                $"the path belongs to the provider {provider.Name}",
                path
            );
        }
    }

    private BackupException NotThere(string path, Exception? error = null) =>
        new(ErrorCode.PathNotFound, "the path does not exist", Literal(path), inner: error);

    private static BackupException NothingMatches(string path) =>
        new(ErrorCode.PathNotFound, "nothing matches the pattern", path);

    private static BackupException NoDrive(string path, Exception error)
    {
        LocalPath.RefuseAddress(path);
        // With a separator after its colon a name is that of a drive, and of no stream in a file.
        if (path.IndexOf(':', StringComparison.Ordinal) is var colon && path[(colon + 1)..] is not ['/' or '\\', ..])
        {
            LocalPath.Require(path);
        }
        return new(ErrorCode.PathNotFound, error.Message.TrimEnd('.'), path, inner: error);
    }
}
