using System.Text.Json;
using System.Text.Json.Serialization;
using BackupTools.Errors;

namespace BackupTools.Files;

/// <summary>
/// The file in a staging folder by which a later run finishes or undoes what a killed one has begun. Only paths below
/// the folder that the staging folder stands in are believed: whoever forges one reaches nothing but what they may change
/// anyway. A step elsewhere on the same file system works, but a run that was killed between several such steps must be
/// repaired by hand.
/// </summary>
internal static partial class PublicationJournal
{
    private const int Version = 1;
    private const int MaxBytes = 16 << 20;
    private const string FileName = StagingArea.ReservedPrefix + "journal.json";
    private const string UnfinishedName = StagingArea.ReservedPrefix + "journal.tmp";

    /// <summary>Writes the journal and makes it durable, together with the folder that it stands in.</summary>
    public static void Write(IDisk disk, string stagingFolder, PublicationPlan plan)
    {
        var parent = Path.GetDirectoryName(stagingFolder)!;
        var content = new Content(
            Version,
            [.. plan.Steps.Select(s => Encode(s, stagingFolder, parent))],
            [.. plan.Folders.Select(f => Path.GetRelativePath(parent, f))]
        );
        var unfinished = Path.Combine(stagingFolder, UnfinishedName);
        using (var file = disk.CreateNew(unfinished))
        {
            file.Write(JsonSerializer.SerializeToUtf8Bytes(content, Json.Default.Content), 0);
            file.Flush();
        }
        disk.Move(unfinished, Path.Combine(stagingFolder, FileName));
        disk.FlushDirectory(stagingFolder);
        disk.FlushDirectory(parent);
    }

    /// <summary>Says that nothing needs to be undone any longer.</summary>
    public static void Delete(IDisk disk, string stagingFolder) =>
        disk.DeleteFile(Path.Combine(stagingFolder, FileName));

    /// <summary>The plan that a killed run was carrying out; null when it had not begun to.</summary>
    /// <exception cref="BackupException">Malformed, UnsafeName: this is not a journal that we wrote.</exception>
    public static PublicationPlan? Read(IDisk disk, string stagingFolder)
    {
        var path = Path.Combine(stagingFolder, FileName);
        var entry = disk.Stat(path);
        if (entry is null)
            return null;
        if (entry.Kind != DiskEntryKind.File || entry.Length > MaxBytes)
            throw new BackupException(ErrorCode.Malformed, "this is not a journal of a publication", path);
        var bytes = new byte[entry.Length];
        using (var file = disk.OpenRead(path))
            HashingCopy.ReadExactly(file, bytes, 0);
        try
        {
            var content = JsonSerializer.Deserialize(bytes, Json.Default.Content);
            if (content?.Version != Version)
                throw new BackupException(ErrorCode.UnsupportedVersion, "the journal is of another version", path);
            if (content.Steps.Any(s => s is null) || content.Folders.Any(f => f is null))
                throw Contradiction();
            var parent = Path.GetDirectoryName(stagingFolder)!;
            return new PublicationPlan(
                [.. content.Steps.Select((s, i) => Decode(disk, s, i, stagingFolder, parent))],
                [.. content.Folders.Select(f => Below(disk, parent, f))]
            );
        }
        catch (JsonException e)
        {
            throw new BackupException(ErrorCode.Malformed, "this is not a journal of a publication", path, inner: e);
        }
        catch (BackupException e)
        {
            throw e.At(path);
        }
    }

    private static Step Encode(PlannedStep step, string stagingFolder, string parent) =>
        new(
            step.Action,
            step.Staged is null ? null : Path.GetRelativePath(stagingFolder, step.Staged),
            Path.GetRelativePath(parent, step.Final),
            step.New,
            step.Old
        );

    private static PlannedStep Decode(IDisk disk, Step step, int index, string stagingFolder, string parent)
    {
        var isRemoval = step.Action == PublishAction.Remove;
        if (
            !Enum.IsDefined(step.Action)
            || isRemoval != (step.Staged is null)
            || isRemoval != (step.New is null)
            || (isRemoval && step.Old is null)
            || (step.Action == PublishAction.Place && step.Old is not null)
        )
        {
            throw Contradiction();
        }

        return new PlannedStep(
            step.Action,
            step.Staged is null ? null : Below(disk, stagingFolder, step.Staged),
            Below(disk, parent, step.Final),
            Below(disk, stagingFolder, Path.Combine(StagingArea.AsideFolder, $"{index}")),
            step.New,
            step.Old
        );
    }

    private static BackupException Contradiction() => new(ErrorCode.Malformed, "the journal contradicts itself");

    /// <summary>
    /// The absolute path of a name in a journal, when it stays below <paramref name="folder"/>: in its text, and by
    /// what is on the disk, where a link on the way would lead out. Another run's staging folder is out of reach too.
    /// </summary>
    private static string Below(IDisk disk, string folder, string name)
    {
        var parts = name.Split(Path.DirectorySeparatorChar, Path.AltDirectorySeparatorChar);
        if (parts.Any(p => p.Length == 0 || p is "." or ".." || p.Contains('\0') || StagingArea.IsStagingName(p)))
            throw Unsafe();
        if (OperatingSystem.IsWindows() && name.Contains(':', StringComparison.Ordinal))
            throw Unsafe(); // a drive or a stream
        var path = folder;
        foreach (var part in parts[..^1])
        {
            path = Path.Combine(path, part);
            if (disk.Stat(path) is { Kind: not DiskEntryKind.Directory })
                throw Unsafe();
        }
        return Path.Combine(path, parts[^1]);

        static BackupException Unsafe() =>
            new(ErrorCode.UnsafeName, "the journal of an interrupted run names a path outside its folder");
    }

    /// <summary>The journal as JSON. Names are relative: staged ones to the staging folder, final ones to its parent.</summary>
    private sealed record Content(int Version, IReadOnlyList<Step> Steps, IReadOnlyList<string> Folders);

    private sealed record Step(
        PublishAction Action,
        string? Staged,
        string Final,
        ItemIdentity? New,
        ItemIdentity? Old
    );

    [JsonSourceGenerationOptions(
        PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
        UseStringEnumConverter = true,
        MaxDepth = 8,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow
    )]
    [JsonSerializable(typeof(Content))]
    private sealed partial class Json : JsonSerializerContext;
}
