using BackupTools.Chains;
using BackupTools.Errors;
using BackupTools.Formats.Alopex;

namespace BackupTools.Engines.Alopex;

/// <summary>Is in a snapshot's folder what its manifest lists, and nothing else?</summary>
internal static class AlopexListing
{
    /// <summary>How <see cref="Mismatch"/> begins, in the engine's words.</summary>
    public const string MismatchWords = "snapshot entry crc mismatch";

    /// <summary>A file has another checksum than the manifest says.</summary>
    public static BackupException Mismatch(
        AlopexManifestEntry listed,
        uint crc,
        AlopexFile file,
        long? offset = null
    ) =>
        new(
            ErrorCode.ChecksumMismatch,
            $"{MismatchWords} {listed.Name}",
            file.FullName,
            offset,
            expected: $"{listed.Crc32:x8}",
            actual: $"{crc:x8}"
        );

    /// <summary>What a restore would miss, and what it must not use or would leave out.</summary>
    public static IEnumerable<ChainProblem> Check(string path, AlopexSnapshot snapshot) =>
        Entries(path, snapshot).Concat(Unlisted(snapshot));

    /// <summary>Refuses a snapshot that lacks what its manifest lists.</summary>
    /// <exception cref="BackupException">MissingFile, LengthMismatch, UnsafeName, Malformed.</exception>
    public static void RequireEntries(string path, AlopexSnapshot snapshot)
    {
        if (snapshot.Manifest is not null && Entries(path, snapshot).FirstOrDefault() is { } first)
        {
            throw first.ToException();
        }
    }

    /// <summary>Names, kinds and sizes of what the manifest lists; the bytes come later.</summary>
    private static IEnumerable<ChainProblem> Entries(string path, AlopexSnapshot snapshot)
    {
        var files = snapshot.Folder.Files.ToDictionary(f => f.Name, StringComparer.Ordinal);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var entry in snapshot.Manifest!.Entries)
        {
            if (!entry.IsSafe || AlopexNames.IsNoContent(entry.Name))
            {
                yield return ChainProblem.Error(
                    ErrorCode.UnsafeName,
                    $"the manifest lists a path that a restore must not write: {entry.Name}",
                    path
                );
                continue;
            }
            if (!seen.Add(entry.Name))
            {
                yield return ChainProblem.Error(ErrorCode.Malformed, $"the manifest lists {entry.Name} twice", path);
                continue;
            }
            if (!files.TryGetValue(entry.Name, out var file))
            {
                // Whatever a link on the way leads to is not there.
                yield return ChainProblem.Error(
                    ErrorCode.MissingFile,
                    $"snapshot entry missing {entry.Name}: No such file or directory (os error 2)",
                    Path.Combine(path, entry.Name.Replace('/', Path.DirectorySeparatorChar))
                );
            }
            // How long an encrypted one in an archive is cannot be read.
            else if (file.Entry.ArchivedAs is null && (ulong)file.Entry.Length != entry.Size)
            {
                yield return ChainProblem.From(
                    new BackupException(
                        ErrorCode.LengthMismatch,
                        $"snapshot entry size mismatch {entry.Name}",
                        file.FullName,
                        expected: $"{entry.Size}",
                        actual: $"{file.Entry.Length}"
                    )
                );
            }
        }
    }

    /// <summary>A file that is not listed cannot be verified; among the engine's own files it would change the database.</summary>
    private static IEnumerable<ChainProblem> Unlisted(AlopexSnapshot snapshot)
    {
        var listed = snapshot.Manifest!.Entries.Select(e => e.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var file in snapshot.Folder.Files.Where(f => !listed.Contains(f.Name)))
        {
            var message = $"{file.Name} is not listed in the manifest";
            yield return AlopexSource.IsOfTheEngine(file.Name)
                ? ChainProblem.Error(
                    ErrorCode.Malformed,
                    message,
                    file.FullName,
                    advice: "The engine would use a file that no checksum covers: find out where it comes from."
                )
                : ChainProblem.Warning(ErrorCode.Malformed, message, file.FullName, advice: "It is not restored.");
        }
        foreach (var other in snapshot.Folder.Others)
        {
            yield return ChainProblem.Warning(
                ErrorCode.UnsafeName,
                $"{other.Name} is not a regular file",
                other.FullName
            );
        }
    }
}
