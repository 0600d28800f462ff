using BackupTools.Errors;

namespace BackupTools.Files;

/// <summary>
/// Everything that a publication is going to do, known before it begins: the steps, and the folders that it has to
/// make for them (outermost first). What a journal holds and what a rollback goes by.
/// </summary>
internal sealed record PublicationPlan(IReadOnlyList<PlannedStep> Steps, IReadOnlyList<string> Folders)
{
    /// <summary>Looks at the disk and refuses what cannot work; changes nothing.</summary>
    /// <exception cref="BackupException">DestinationExists: a final path that must be free is not.</exception>
    public static PublicationPlan Make(IDisk disk, StagingArea staging, IReadOnlyList<PublishStep> steps)
    {
        if (steps.GroupBy(s => s.FinalPath, RealPath.Comparer).Any(g => g.Count() > 1 && HaveOnePlace([.. g], disk)))
            throw new ArgumentException("two steps for the same path", nameof(steps));
        var planned = new List<PlannedStep>(steps.Count);
        foreach (var step in steps)
        {
            var old = ItemIdentity.Of(disk.Stat(step.FinalPath));
            var aside = Path.Combine(staging.Folder, StagingArea.AsideFolder, $"{planned.Count}");
            if (step.Action == PublishAction.Remove)
            {
                if (old is not null)
                    planned.Add(new PlannedStep(step.Action, null, step.FinalPath, aside, null, old));
                continue;
            }
            if (step.Action == PublishAction.Place && old is not null)
            {
                throw new BackupException(
                    ErrorCode.DestinationExists,
                    "something with this name already exists",
                    step.FinalPath
                );
            }

            var staged = staging.PathOf(step.StagedName);
            var @new =
                ItemIdentity.Of(disk.Stat(staged))
                ?? throw new BackupException(ErrorCode.PathNotFound, "nothing was staged under this name", staged);
            planned.Add(
                new PlannedStep(step.Action, staged, step.FinalPath, aside, @new, old)
                {
                    IsSetAsideFirst = step.SetAsideFirst && old is not null,
                    IsRespelled = step.Respells && old is not null,
                }
            );
        }
        return new PublicationPlan(planned, MissingFolders(disk, planned));
    }

    /// <summary>Every step was executed, whatever happened to its result since.</summary>
    public bool IsComplete(IDisk disk) => Steps.All(s => s.StateOn(disk) == StepState.Done);

    /// <summary>The first path that somebody else has changed in a way that rules out <see cref="Undo"/>, or null.</summary>
    public string? BlockedBy(IDisk disk) => Steps.FirstOrDefault(s => !s.CanUndo(disk))?.Final;

    /// <summary>Puts everything back as it was, last step first, and makes that durable.</summary>
    /// <exception cref="BackupException">WriteFailed: not everything is as the publication left it.</exception>
    public void Undo(IDisk disk)
    {
        if (BlockedBy(disk) is { } path)
            throw new BackupException(ErrorCode.WriteFailed, "this was changed by another program meanwhile", path);
        foreach (var step in Steps.Reverse())
            step.Undo(disk);
        foreach (var folder in Folders.Reverse())
            disk.TryDeleteEmptyDirectory(folder);
        FlushFolders(disk);
    }

    /// <summary>Makes the renames durable, and what was made or taken back of the folders for them.</summary>
    public void FlushFolders(IDisk disk)
    {
        var concerned = Steps.Select(s => s.Final).Concat(Folders).Select(p => Path.GetDirectoryName(p)!);
        foreach (var folder in concerned.Distinct(StringComparer.Ordinal))
        {
            if (disk.Stat(folder) is not null) // a folder that was made for the steps may be gone again
                disk.FlushDirectory(folder);
        }
    }

    /// <summary>Of paths that differ in case at most. A folder may distinguish case; then each of the two has its own item.</summary>
    private static bool HaveOnePlace(PublishStep[] steps, IDisk disk)
    {
        var items = steps.Select(s => ItemIdentity.Of(disk.Stat(s.FinalPath))).ToList();
        return steps.Select(s => s.FinalPath).Distinct(StringComparer.Ordinal).Count() < steps.Length
            || items.Any(a => a is not null && items.Count(b => b is not null && a.IsSameItemAs(b)) > 1);
    }

    private static List<string> MissingFolders(IDisk disk, List<PlannedStep> steps)
    {
        var missing = new SortedSet<string>(StringComparer.Ordinal); // a parent sorts before what is in it
        var finals = steps.Select(s => s.Final).ToHashSet(StringComparer.Ordinal);
        foreach (var step in steps)
        {
            var folder = Path.GetDirectoryName(step.Final);
            while (folder is not null && !finals.Contains(folder) && disk.Stat(folder) is null)
            {
                missing.Add(folder);
                folder = Path.GetDirectoryName(folder);
            }
        }
        return [.. missing];
    }
}
