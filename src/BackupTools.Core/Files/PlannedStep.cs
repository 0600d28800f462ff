namespace BackupTools.Files;

/// <summary>How far a step of a publication has come.</summary>
internal enum StepState
{
    /// <summary>What was there before is there (again), or nothing where nothing was.</summary>
    Untouched,

    /// <summary>The old item stands aside and its place is empty.</summary>
    SetAside,

    /// <summary>The new item has been put in place, or the old one taken away.</summary>
    Done,

    /// <summary>Somebody else has been here: neither old nor new is where it must be.</summary>
    Foreign,
}

/// <summary>
/// A step with all that is needed to carry it out, to tell later how far it came, and to undo it. Paths are absolute.
/// <paramref name="Staged"/> and <paramref name="New"/> are null for a removal; <paramref name="Old"/> is null when
/// nothing was at the final path.
/// </summary>
internal sealed record PlannedStep(
    PublishAction Action,
    string? Staged,
    string Final,
    string Aside,
    ItemIdentity? New,
    ItemIdentity? Old
)
{
    /// <summary>The old item goes before the first step; see <see cref="PublishStep.SetAsideFirst"/>.</summary>
    public bool IsSetAsideFirst { get; init; }

    /// <summary>The old item goes right before the new one comes; see <see cref="PublishStep.Respells"/>.</summary>
    public bool IsRespelled { get; init; }

    /// <summary>A file over a file: the old one gets a second name aside and the new one is renamed over it.</summary>
    public bool IsFileOverFile => New is { IsFolder: false } && Old is { IsFolder: false };

    /// <summary>Found out from what is on the disk alone, so that it holds whoever asks and whenever.</summary>
    public StepState StateOn(IDisk disk)
    {
        var final = ItemIdentity.Of(disk.Stat(Final));
        if (final is null ? Old is null : final.IsSameItemAs(Old))
            return StepState.Untouched;
        if (Action == PublishAction.Remove)
            return StepState.Done;
        if (final is null)
            return disk.Stat(Aside) is null ? StepState.Foreign : StepState.SetAside;
        return New!.IsSameItemAs(StagedOn(disk)) ? StepState.Foreign : StepState.Done;
    }

    public bool CanUndo(IDisk disk) =>
        StateOn(disk) switch
        {
            StepState.Untouched or StepState.SetAside => true,
            StepState.Done when Action == PublishAction.Remove => disk.Stat(Final) is null
                && disk.Stat(Aside) is not null,
            // Only what we put there and nobody has touched since is taken away again.
            StepState.Done => ItemIdentity.Of(disk.Stat(Final)) == New
                && (Old is null || WasExchanged(disk) || disk.Stat(Aside) is not null),
            _ => false,
        };

    /// <summary>Puts back what was there. To be repeated as often as it is interrupted.</summary>
    public void Undo(IDisk disk)
    {
        switch (StateOn(disk))
        {
            case StepState.SetAside:
            case StepState.Done when Action == PublishAction.Remove:
                disk.Move(Aside, Final);
                break;
            case StepState.Done when WasExchanged(disk):
                disk.TryExchange(Staged!, Final);
                break;
            case StepState.Done when IsFileOverFile:
                disk.Replace(Aside, Final);
                break;
            case StepState.Done:
                disk.Move(Final, Staged!);
                if (Old is not null)
                    disk.Move(Aside, Final);
                break;
        }
    }

    private bool WasExchanged(IDisk disk) => Old is not null && Old.IsSameItemAs(StagedOn(disk));

    private ItemIdentity? StagedOn(IDisk disk) => ItemIdentity.Of(disk.Stat(Staged!));
}
