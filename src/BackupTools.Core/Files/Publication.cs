using BackupTools.Errors;

namespace BackupTools.Files;

/// <summary>
/// Makes staged items durable and puts them in place, all or nothing. A single rename is atomic; for more, a journal is
/// written first, by which a later run undoes what a killed one has begun.
/// </summary>
internal sealed class Publication(IDisk disk, StagingArea staging)
{
    /// <summary>Flushing waits for the disk, not for a processor; more at once than this gains nothing.</summary>
    private const int FlushesAtOnce = 8;

    private bool _journaled;

    /// <summary>True when the old state could not be put back and the journal must stay for a later run.</summary>
    public bool MustStay { get; private set; }

    public void Run(IReadOnlyList<PublishStep> steps, CancellationToken cancellation)
    {
        var plan = PublicationPlan.Make(disk, staging, steps);
        FlushStaged(cancellation);
        try
        {
            if (plan.Steps.Any(s => s.Old is not null))
                disk.CreateDirectory(Path.Combine(staging.Folder, StagingArea.AsideFolder));
            if (
                plan.Steps.Count > 1
                || plan.Folders.Count > 0
                || plan.Steps.Any(s => s.IsSetAsideFirst || s.IsRespelled)
            )
            {
                WriteJournal(plan);
            }

            foreach (var folder in plan.Folders)
                disk.CreateDirectory(folder);
            foreach (var step in plan.Steps.Where(s => s.IsSetAsideFirst))
                disk.Move(step.Final, step.Aside);
            foreach (var step in plan.Steps)
                Carry(step, plan);
            plan.FlushFolders(disk);
            if (_journaled)
                PublicationJournal.Delete(disk, staging.Folder);
        }
        catch (Exception e)
        {
            Undo(plan, e);
            throw;
        }
    }

    private void Carry(PlannedStep step, PublicationPlan plan)
    {
        if (step.Action == PublishAction.Remove)
        {
            disk.Move(step.Final, step.Aside);
            return;
        }
        if (step.Old is null || step.IsSetAsideFirst)
        {
            disk.Move(step.Staged!, step.Final);
            return;
        }
        if (step.IsRespelled)
        {
            disk.Move(step.Final, step.Aside);
            disk.Move(step.Staged!, step.Final);
            return;
        }
        // In this order: methods that leave no moment without either the old or the new, and can be undone, come first. The
        // second is for folders, and for files where there are no hard links.
        if (step.IsFileOverFile && disk.TryCreateHardLink(step.Aside, step.Final))
        {
            disk.Replace(step.Staged!, step.Final);
            return;
        }
        if (disk.TryExchange(step.Staged!, step.Final))
            return;
        // Nor does this leave such a moment, but it is not undone if the flush of the folder fails after it.
        if (step.IsFileOverFile && !_journaled)
        {
            disk.Replace(step.Staged!, step.Final);
            return;
        }
        // A short moment without both: a run that is killed in it is undone by the next sweep.
        if (!_journaled)
            WriteJournal(plan);
        disk.Move(step.Final, step.Aside);
        disk.Move(step.Staged!, step.Final);
    }

    /// <summary>
    /// Undoes what was done. Where that fails too, a journal keeps the staging folder, and in it the only copy of the
    /// old items, for the next run; without a journal there was one step only, and either the old or the new stands.
    /// </summary>
    private void Undo(PublicationPlan plan, Exception cause)
    {
        try
        {
            plan.Undo(disk);
            if (_journaled)
                PublicationJournal.Delete(disk, staging.Folder);
        }
        catch (BackupException e) when (_journaled)
        {
            MustStay = true;
            throw new BackupException(
                (cause as BackupException)?.Code ?? ErrorCode.WriteFailed,
                $"{cause.Message}; and the old state could not be put back: {e.Describe()}",
                (cause as BackupException)?.FullName ?? staging.Folder,
                recommendation: $"The next run puts it back; until then keep '{staging.Folder}'.",
                inner: cause
            );
        }
        catch (BackupException) { } // the failure that led here is thrown
    }

    private void WriteJournal(PublicationPlan plan)
    {
        PublicationJournal.Write(disk, staging.Folder, plan);
        _journaled = true;
    }

    /// <summary>Everything staged, files and folders, whoever made it.</summary>
    private void FlushStaged(CancellationToken cancellation)
    {
        var items = new List<DiskEntry>();
        Collect(staging.Folder, items);
        HashingCopy.ForEach(
            items,
            FlushesAtOnce,
            (item, _) =>
            {
                if (item.Kind == DiskEntryKind.Directory)
                {
                    disk.FlushDirectory(item.Path);
                    return;
                }
                using var file = OpenToFlush(item);
                file.Flush();
            },
            cancellation
        );
    }

    /// <summary>What has another name belongs to an earlier bundle too; it and what took on rights may be read-only.</summary>
    private IDiskFile OpenToFlush(DiskEntry item)
    {
        try
        {
            return item.LinkCount > 1 ? disk.OpenRead(item.Path) : disk.OpenWrite(item.Path);
        }
        catch (BackupException e) when (e.Code == ErrorCode.AccessDenied && item.LinkCount == 1)
        {
            return disk.OpenRead(item.Path);
        }
    }

    private void Collect(string folder, List<DiskEntry> items)
    {
        foreach (var entry in disk.List(folder))
        {
            if (entry.Kind == DiskEntryKind.Directory)
                Collect(entry.Path, items);
            if (entry.Kind is DiskEntryKind.Directory or DiskEntryKind.File && entry.Path != staging.OwnerPath)
                items.Add(entry);
        }
    }
}
