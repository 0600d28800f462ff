using BackupTools.Chains;
using BackupTools.Errors;

namespace BackupTools.Engines.Alopex;

/// <summary>Is in a snapshot's folder what its manifest lists, and nothing else?</summary>
internal static class AlopexListing
{
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
                yield return Error(
                    ErrorCode.UnsafeName,
                    $"the manifest lists a path that a restore must not write: {entry.Name}",
                    path
                );
                continue;
            }
            if (!seen.Add(entry.Name))
            {
                yield return Error(ErrorCode.Malformed, $"the manifest lists {entry.Name} twice", path);
                continue;
            }
            if (!files.TryGetValue(entry.Name, out var file))
            {
                // Whatever a link on the way leads to is not there.
                yield return Error(
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
            yield return Problem(
                AlopexSource.IsOfTheEngine(file.Name) ? ProblemSeverity.Error : ProblemSeverity.Warning,
                ErrorCode.Malformed,
                $"{file.Name} is not listed in the manifest",
                file.FullName,
                AlopexSource.IsOfTheEngine(file.Name)
                    ? "The engine would use a file that no checksum covers: find out where it comes from."
                    : "It is not restored."
            );
        }
        foreach (var other in snapshot.Folder.Others)
        {
            yield return Problem(
                ProblemSeverity.Warning,
                ErrorCode.UnsafeName,
                $"{other.Name} is not a regular file",
                other.FullName
            );
        }
    }

    private static ChainProblem Error(ErrorCode code, string message, string file) =>
        Problem(ProblemSeverity.Error, code, message, file);

    private static ChainProblem Problem(
        ProblemSeverity severity,
        ErrorCode code,
        string message,
        string file,
        string? advice = null
    ) => new(severity, code, message, file, Recommendation: advice);
}
