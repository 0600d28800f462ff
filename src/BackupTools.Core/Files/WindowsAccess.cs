using System.Runtime.Versioning;
using System.Security.AccessControl;

namespace BackupTools.Files;

/// <summary>Owner, group, access control list and the read-only attribute of files, handed from one file or folder to another.</summary>
[SupportedOSPlatform("windows")]
internal static class WindowsAccess
{
    private const AccessControlSections Owners = AccessControlSections.Owner | AccessControlSections.Group;

    /// <summary>False when a part of it was denied.</summary>
    /// <exception cref="Errors.BackupException">The model cannot be looked at.</exception>
    public static bool Adopt(string path, string model)
    {
        try
        {
            var isFolder = Directory.Exists(path);
            if (Directory.Exists(model) && !isFolder)
                return true; // a folder's list says how it is inherited, which has happened when the file was made
            var bytes = new FileInfo(model)
                .GetAccessControl(AccessControlSections.Access | Owners)
                .GetSecurityDescriptorBinaryForm();
            // One at a time: giving a file away takes a privilege that the list does not need.
            var hasAccess = TrySet(path, isFolder, bytes, AccessControlSections.Access);
            var hasOwner = TrySet(path, isFolder, bytes, Owners);
            if (!isFolder && Deletion.IsReadOnly(model))
                MakeReadOnly(path);
            return hasOwner && hasAccess;
        }
        catch (UnauthorizedAccessException)
        {
            return false;
        }
        catch (Exception e) when (DiskErrors.IsDiskFailure(e))
        {
            throw DiskErrors.From(e, path, writing: true);
        }
    }

    /// <summary>Flushed before, as Windows flushes only through a handle that may write, and gives none of such a file.</summary>
    private static void MakeReadOnly(string path)
    {
        if (Deletion.IsReadOnly(path))
            return;
        using (
            var file = File.OpenHandle(
                path,
                FileMode.Open,
                FileAccess.ReadWrite,
                FileShare.ReadWrite | FileShare.Delete
            )
        )
        {
            RandomAccess.FlushToDisk(file);
        }

        File.SetAttributes(path, File.GetAttributes(path) | FileAttributes.ReadOnly);
    }

    private static bool TrySet(string path, bool isFolder, byte[] descriptor, AccessControlSections sections)
    {
        try
        {
            if (isFolder)
            {
                var security = new DirectorySecurity();
                security.SetSecurityDescriptorBinaryForm(descriptor, sections);
                new DirectoryInfo(path).SetAccessControl(security);
            }
            else
            {
                var security = new FileSecurity();
                security.SetSecurityDescriptorBinaryForm(descriptor, sections);
                new FileInfo(path).SetAccessControl(security);
            }
            return true;
        }
        // InvalidOperation is .NET's word for "this account may not be the owner".
        catch (Exception e) when (e is UnauthorizedAccessException or InvalidOperationException)
        {
            return false;
        }
    }
}
