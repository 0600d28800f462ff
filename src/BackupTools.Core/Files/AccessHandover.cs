namespace BackupTools.Files;

/// <summary>
/// What is replaced passes on its owner, group and permissions: each staged item takes them from what has its name now,
/// a new one from its neighbours, so that the service that used the database can use what was restored.
/// </summary>
internal sealed class AccessHandover(IDisk disk, StagingArea staging)
{
    private readonly List<string> _denied = [];

    /// <summary>Passes them on before the steps are carried out.</summary>
    /// <param name="steps">What will be published.</param>
    /// <param name="around">A folder that is there and into which all goes, for what replaces nothing; or null.</param>
    /// <param name="warn">Hears what the operating system denied.</param>
    public void Apply(IReadOnlyList<PublishStep> steps, string? around, Action<string> warn)
    {
        var places = steps.Where(s => s.Action != PublishAction.Remove).ToList();
        var neighbour =
            places.LastOrDefault(s => ModelAt(s.FinalPath, null) is not null)?.FinalPath
            // On Windows all that is made in a folder has inherited its rights.
            ?? (OperatingSystem.IsWindows() ? null : around);
        foreach (var step in places)
        {
            if ((ModelAt(step.FinalPath, null) ?? neighbour) is { } model)
                Give(staging.PathOf(step.StagedName), step.FinalPath, model);
        }
        if (_denied.Count > 0)
        {
            warn(
                $"owner, group or permissions of what is replaced could not be applied to {_denied.Count} file(s) and folder(s), "
                    + $"such as {Path.GetFileName(_denied[0])}: make sure that the engine may open the database"
            );
        }
    }

    private void Give(string staged, string final, string model)
    {
        if (!disk.AdoptAccess(staged, model))
            _denied.Add(final);
        if (disk.Stat(staged) is not { Kind: DiskEntryKind.Directory })
            return;
        foreach (var entry in disk.List(staged))
        {
            Give(
                entry.Path,
                Path.Combine(final, entry.Name),
                ModelAt(Path.Combine(model, entry.Name), entry.Kind) ?? model
            );
        }
    }

    /// <summary>The path, when a file or folder (of that kind) is there: what a link may do is no one's right.</summary>
    private string? ModelAt(string path, DiskEntryKind? kind) =>
        disk.Stat(path) is { Kind: DiskEntryKind.File or DiskEntryKind.Directory } there
        && (kind is null || there.Kind == kind)
            ? path
            : null;
}
