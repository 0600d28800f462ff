namespace BackupTools.Files;

/// <summary>Makes staged items durable and puts them in place; when a step fails, all that came before is undone.</summary>
internal sealed class Publication(IDisk disk, StagingArea staging, string ownerFile)
{
    private readonly Stack<Action> _undo = new();

    public void Run(IReadOnlyList<PublishStep> steps, CancellationToken cancellation)
    {
        FlushTree(staging.Folder, cancellation);
        cancellation.ThrowIfCancellationRequested();
        var aside = staging.PathOf("aside");
        try
        {
            disk.CreateDirectory(aside);
            for (var i = 0; i < steps.Count; i++)
                Carry(steps[i], Path.Combine(aside, $"{i}"));
            foreach (var folder in steps.Select(s => Path.GetDirectoryName(s.FinalPath)!).Distinct(StringComparer.Ordinal))
                disk.FlushDirectory(folder);
        }
        catch
        {
            while (_undo.TryPop(out var undo))
                undo();
            throw;
        }
    }

    private void Carry(PublishStep step, string aside)
    {
        var old = disk.Stat(step.FinalPath);
        if (step.Action == PublishAction.Remove && old is null)
            return;
        if (step.Action != PublishAction.Place && old is not null)
        {
            disk.Move(step.FinalPath, aside);
            _undo.Push(() => disk.Move(aside, step.FinalPath));
        }
        if (step.Action == PublishAction.Remove)
            return;
        var staged = staging.PathOf(step.StagedName);
        disk.Move(staged, step.FinalPath);
        _undo.Push(() => disk.Move(step.FinalPath, staged));
    }

    private void FlushTree(string folder, CancellationToken cancellation)
    {
        foreach (var entry in disk.List(folder))
        {
            cancellation.ThrowIfCancellationRequested();
            if (entry.Kind == DiskEntryKind.Directory)
                FlushTree(entry.Path, cancellation);
            else if (entry.Kind == DiskEntryKind.File && !string.Equals(entry.Name, ownerFile, StringComparison.Ordinal))
            {
                using var file = disk.OpenWrite(entry.Path);
                file.Flush();
            }
        }
        disk.FlushDirectory(folder);
    }
}
