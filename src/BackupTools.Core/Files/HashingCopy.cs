namespace BackupTools.Files;

/// <summary>One read, many uses: copies or reads ranges through pooled blocks, constant memory, cancellable per block.</summary>
internal static class HashingCopy
{
    /// <summary>
    /// Copies a range to <paramref name="target"/> at <paramref name="targetOffset"/>, showing each block to
    /// <paramref name="tap"/>. Throws Truncated when the source ends before the range does.
    /// </summary>
    public static void Copy(
        IDiskFile source,
        FileRange range,
        IDiskFile target,
        long targetOffset,
        ByteTap? tap,
        TransferProgress progress,
        CancellationToken cancellation
    ) => throw new NotSupportedException();

    /// <summary>Reads a range and shows each block to <paramref name="tap"/>.</summary>
    public static void Read(
        IDiskFile source,
        FileRange range,
        ByteTap tap,
        TransferProgress progress,
        CancellationToken cancellation
    ) => throw new NotSupportedException();

    /// <summary>
    /// Runs <paramref name="action"/> for every item, at most <paramref name="throttleLimit"/> at once; the first
    /// failure cancels the rest and is thrown as it is.
    /// </summary>
    public static void ForEach<T>(
        IReadOnlyList<T> items,
        int throttleLimit,
        Action<T, CancellationToken> action,
        CancellationToken cancellation
    ) => throw new NotSupportedException();
}
