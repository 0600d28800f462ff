namespace BackupTools.Files;

/// <summary>The real file system.</summary>
internal static class LocalDisk
{
    public static IDisk Instance => throw new NotSupportedException();
}
