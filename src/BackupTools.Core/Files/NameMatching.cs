namespace BackupTools.Files;

/// <summary>What holds for every pattern that a name or a short text is matched with.</summary>
internal static class NameMatching
{
    /// <summary>
    /// Far more than any match takes: the limit is one of the wall clock, which goes on while a busy machine runs others.
    /// </summary>
    public const int TimeoutMilliseconds = 60_000;
}
