using System.Buffers;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Formats.Grafeo;
using BackupTools.Formats.Primitives;
using BackupTools.Options;

namespace BackupTools.Engines.Grafeo;

/// <summary>The manifest of a backup folder, and the files that its names may mean.</summary>
internal static class GrafeoManifestFile
{
    /// <summary>The manifest's name, in both encodings.</summary>
    public const string Name = "backup_manifest.json";

    // Far more than any folder holds: an entry takes at most a few hundred bytes.
    private const long MaxLength = 64L << 20;
    private static readonly SearchValues<char> NotInNames = SearchValues.Create("/\\:*?\"<>|");

    /// <summary>The manifest of a backup folder; null when there is none.</summary>
    /// <exception cref="BackupException">The manifest cannot be read or is damaged.</exception>
    public static GrafeoManifest? Of(string folder, EngineContext context)
    {
        var path = Path.Combine(folder, Name);
        return context.Disk.Stat(path) is { } there ? Read(path, there, context) : null;
    }

    /// <summary>Reads a manifest.</summary>
    /// <exception cref="BackupException">The file cannot be read or is damaged.</exception>
    public static GrafeoManifest Load(string path, EngineContext context) =>
        context.Disk.Stat(path) is { } there ? Read(path, there, context) : Read(path, context.Disk);

    // Both plans of a run ask for it several times, and it grows with the folder.
    private static GrafeoManifest Read(string path, DiskEntry there, EngineContext context) =>
        context.Remembered(EngineNames.Grafeo, path, [there], () => Read(path, context.Disk))!;

    private static GrafeoManifest Read(string path, IDisk disk)
    {
        using var file = disk.OpenRead(path);
        var length = file.Length;
        if (length > MaxLength)
        {
            throw new BackupException(
                ErrorCode.Malformed,
                $"a manifest of {length} bytes is not credible",
                path,
                expected: $"at most {MaxLength} bytes"
            );
        }
        return BackupException.Naming(path, () => GrafeoManifest.Read(file.UpTo(0, (int)length)));
    }

    /// <summary>
    /// The segment's path, once its name is known to be a plain file name. The engine follows anything; a manifest
    /// is not to be trusted that far.
    /// </summary>
    /// <exception cref="BackupException">UnsafeName.</exception>
    public static string PathOf(string folder, GrafeoSegment segment)
    {
        var name = segment.FileName;
        var unsafeName =
            name.Length is 0 or > 255
            || name is "." or ".."
            || name.AsSpan().ContainsAny(NotInNames)
            || name.Any(char.IsControl)
            || name.EndsWith('.')
            || name.EndsWith(' ')
            || DeviceNames.Contains(name);
        return unsafeName
            ? throw new BackupException(
                ErrorCode.UnsafeName,
                $"the manifest names a segment '{name}', which is not a plain file name",
                Path.Combine(folder, Name)
            )
            : Path.Combine(folder, name);
    }
}
