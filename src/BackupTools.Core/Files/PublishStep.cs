namespace BackupTools.Files;

/// <summary>What a step of a publication does with its final path.</summary>
internal enum PublishAction
{
    /// <summary>Rename the staged item to the final path, which must be free.</summary>
    Place,

    /// <summary>Rename the staged item over what is at the final path, if anything; the old is kept until all is done.</summary>
    Replace,

    /// <summary>Take away what is at the final path, if anything; it is kept until all is done.</summary>
    Remove,
}

/// <summary>One rename or removal of a publication. <paramref name="StagedName"/> is relative to the staging folder.</summary>
internal sealed record PublishStep(PublishAction Action, string StagedName, string FinalPath)
{
    /// <summary>
    /// What is replaced is taken away before the first step and not put back before this one: so long, nothing opens
    /// what is half of one state and half of another, such as a data folder that is exchanged entry by entry.
    /// </summary>
    public bool SetAsideFirst { get; init; }

    /// <summary>The path that the item had, and another step removes: it only gets another name.</summary>
    public string? NewNameOf { get; init; }

    /// <summary>
    /// What is replaced is listed in another case, which it would keep where the new one is renamed over it: it goes first.
    /// </summary>
    public bool Respells { get; init; }

    public static PublishStep Place(string stagedName, string finalPath) =>
        new(PublishAction.Place, stagedName, finalPath);

    public static PublishStep Replace(string stagedName, string finalPath) =>
        new(PublishAction.Replace, stagedName, finalPath);

    /// <summary>
    /// Replaces what is there, which whoever allows that has looked at; places where nothing is, and fails if something
    /// appears there meanwhile.
    /// </summary>
    public static PublishStep Put(string stagedName, string finalPath, IReadingDisk disk) =>
        disk.Stat(finalPath) is null ? Place(stagedName, finalPath) : Replace(stagedName, finalPath);

    public static PublishStep Remove(string finalPath) => new(PublishAction.Remove, "", finalPath);
}
