namespace BackupTools.Files.Stores;

/// <summary>The memory for what is read ahead, shared by all open files of an operation.</summary>
internal sealed class ReadAheadBudget(long bytes)
{
    private long _free = bytes;

    /// <summary>Bytes that are not taken; below 0 where readers had to have more.</summary>
    public long Free => Interlocked.Read(ref _free);

    /// <summary>Takes so many bytes, unless too few are free.</summary>
    public bool TryTake(int length)
    {
        if (Interlocked.Add(ref _free, -length) >= 0)
        {
            return true;
        }
        Give(length);
        return false;
    }

    /// <summary>Takes them in any case, for what somebody waits for.</summary>
    public void Take(int length) => Interlocked.Add(ref _free, -length);

    public void Give(int length) => Interlocked.Add(ref _free, length);
}
