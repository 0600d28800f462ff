using BackupTools.Errors;

namespace BackupTools.Files;

/// <summary>Removal of what is no longer needed: it must not fail a run, and what stays must not stay unseen.</summary>
internal static class Removal
{
    /// <summary>Tries it; <paramref name="tell"/> hears what could not be removed, and why.</summary>
    public static void Try(Action remove, Action<string>? tell)
    {
        try
        {
            remove();
        }
        catch (BackupException e)
        {
            tell?.Invoke($"could not be removed: {e.Describe()}");
        }
    }

    /// <summary>
    /// Removes a folder with all that is in it, the file last by which its owner holds it: Windows removes no folder in
    /// which a file is open. Whoever locks the folder in the moment before it goes, to sweep it, removes it instead.
    /// </summary>
    public static void Folder(IDisk disk, string folder, IDiskFile owner)
    {
        foreach (var entry in disk.List(folder).Where(e => e.Path != owner.Path))
        {
            if (entry.Kind == DiskEntryKind.Directory)
                disk.DeleteDirectory(entry.Path);
            else
                disk.DeleteFile(entry.Path);
        }
        disk.DeleteFile(owner.Path);
        owner.Dispose();
        for (var failed = 0; !disk.TryDeleteEmptyDirectory(folder); failed++)
        {
            if (!OpenElsewhere.Wait(failed))
            {
                // On Windows what was removed keeps its place until whoever has it open closes it.
                if (OperatingSystem.IsWindows() && disk.List(folder) is [var rest, ..])
                    throw new BackupException(ErrorCode.WriteFailed, "another program has it open", rest.Path);
                return;
            }
        }
    }
}
