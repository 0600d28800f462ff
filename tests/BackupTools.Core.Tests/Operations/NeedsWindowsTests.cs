using System.Runtime.Versioning;
using System.Security.AccessControl;
using System.Security.Principal;
using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Tests.Files;
using BackupTools.Tests.FrontEnds;

namespace BackupTools.Tests.Operations;

/// <summary>What NTFS has and Wine has not. Written by the documentation of Windows, and to be run there.</summary>
[SupportedOSPlatform("windows")]
public sealed class NeedsWindowsTests
{
    private const string Streams = "alternate data streams";
    private const string Inheritance = "inheritance of access control lists";
    private const string Junctions = "junctions";

    /// <summary>With which a browser marks what it has downloaded.</summary>
    private const string Mark = ":Zone.Identifier";

    public static bool IsWindows => OperatingSystem.IsWindows();

    [NeedsWindowsFact(Streams)]
    public void A_stream_is_in_no_backup_and_goes_with_what_is_replaced()
    {
        foreach (var engine in EngineSandbox.Names)
        {
            using var box = EngineSandbox.Of(engine);
            box.Become("S0");
            File.WriteAllText(box.Source + Mark, "[ZoneTransfer]");
            var bundle = box.Full();
            Assert.False(File.Exists(bundle.FullName + Mark), engine);
            Assert.Equal("[ZoneTransfer]", File.ReadAllText(box.Source + Mark));

            File.WriteAllText(bundle.FullName + Mark, "a bundle that was downloaded is one");
            Assert.True(box.Test().IsValid, engine);
            box.Copy(verify: true);
            Assert.False(File.Exists(box.At("c", Path.GetRelativePath(box.Bundles, bundle.FullName)) + Mark), engine);

            box.Restore();
            Assert.False(File.Exists(box.Restored + Mark), engine);
            File.WriteAllText(box.Restored + Mark, "of the old one");
            box.Restore(box.RestoreTo(box.Restored) with { Force = true });
            // A folder stays the folder that it was, and what was not the database's stays in it.
            Assert.Equal(Directory.Exists(box.Restored), File.Exists(box.Restored + Mark));
        }
    }

    [NeedsWindowsFact(Inheritance)]
    public void What_is_new_inherits_the_rights_of_the_folder_it_is_made_in()
    {
        foreach (var engine in EngineSandbox.Names)
        {
            using var box = EngineSandbox.Of(engine);
            var folder = Directory.CreateDirectory(box.At("shared"));
            Grant(folder);
            box.Become("S0");
            var bundles = Path.Join(folder.FullName, "b");
            box.Full(box.Settings() with { DestinationPath = bundles });
            box.Become("S1");
            box.Increment(box.Settings() with { DestinationPath = bundles });
            var restored = Path.Join(folder.FullName, "r", Path.GetFileName(box.Restored));
            box.Restore(box.RestoreTo(restored) with { Path = bundles });
            Assert.All(
                folder.EnumerateFileSystemInfos("*", SearchOption.AllDirectories),
                item =>
                {
                    var rules = Rules(item);
                    Assert.Contains(rules, r => r.StartsWith($"{Everyone} ", StringComparison.Ordinal));
                    Assert.All(rules, r => Assert.EndsWith(" inherited", r, StringComparison.Ordinal));
                }
            );
            Assert.Empty(box.Warnings);
        }
    }

    [Fact(Skip = "needs Windows or Wine", SkipUnless = nameof(IsWindows))]
    public void What_is_replaced_hands_on_its_access_control_list()
    {
        foreach (var engine in EngineSandbox.Names)
        {
            using var box = EngineSandbox.Of(engine);
            var chain = box.Chain();
            box.Restore(box.RestoreTo(box.Restored) with { ToPosition = chain[0].EndPosition });
            FileSystemInfo item = Directory.Exists(box.Restored)
                ? new DirectoryInfo(box.Restored)
                : new FileInfo(box.Restored);
            Grant(item);
            var before = Rules(item);
            Assert.Contains(before, r => !r.EndsWith(" inherited", StringComparison.Ordinal));

            box.Restore(box.RestoreTo(box.Restored) with { Force = true });
            Assert.Equal(before, Rules(item));
            if (item is DirectoryInfo folder)
            {
                // In it is what was there, and what is new: both are as open as the folder.
                Assert.All(
                    folder.EnumerateFileSystemInfos("*", SearchOption.AllDirectories),
                    inside =>
                        Assert.Contains(Rules(inside), r => r.StartsWith($"{Everyone} ", StringComparison.Ordinal))
                );
            }
            Assert.Empty(box.Warnings);
        }
    }

    [NeedsWindowsFact(Junctions)]
    public void A_database_is_followed_through_a_junction_which_stays_one()
    {
        foreach (var engine in EngineSandbox.Names)
        {
            using var box = EngineSandbox.Of(engine);
            var chain = box.Chain();
            // A junction leads to folders only: to the database that is one, or to the folder that it is in.
            var isFolder = Directory.Exists(box.Source);
            var junction = Junction(isFolder ? box.Source : box.Folder, box.At("links", "current"));
            var source = isFolder ? junction : Path.Join(junction, Path.GetFileName(box.Source));
            var bundles = box.At("by-junction");
            box.Full(box.Settings() with { SourcePath = source, DestinationPath = bundles });
            Assert.Equal(box.Content(box.RestoreFrom(box.Bundles)), box.Content(box.RestoreFrom(bundles)));

            box.Restore(box.RestoreTo(source) with { Force = true, ToPosition = chain[^1].EndPosition });
            Assert.Equal(DiskEntryKind.Link, LocalDisk.Instance.Stat(junction)!.Kind);
            Assert.Equal(box.Content(box.RestoreFrom(box.Bundles)), box.Content(box.Source));
            Assert.Empty(box.Leftovers());
        }
    }

    [NeedsWindowsFact(Junctions)]
    public void A_destination_that_a_junction_leads_into_the_source_is_refused()
    {
        using var box = EngineSandbox.Of("Alopex");
        box.Become("S0");
        var before = box.SourceBytes();
        var junction = Junction(box.Source, box.At("elsewhere"));
        var error = Assert.Throws<BackupException>(() =>
            box.Full(box.Settings() with { DestinationPath = Path.Join(junction, "b") })
        );
        Assert.Equal(ErrorCode.DestinationOverlapsSource, error.Code);
        Assert.Equal(before, box.SourceBytes());
    }

    [NeedsWindowsFact(Junctions)]
    public void A_folder_is_removed_with_its_junctions_and_not_with_what_they_lead_to()
    {
        using var temp = new TempFolder();
        var kept = temp.Write("kept/file", "precious");
        File.SetAttributes(kept, FileAttributes.ReadOnly);
        File.SetAttributes(temp.Write("going/file", "old"), FileAttributes.ReadOnly);
        Junction(temp["kept"], temp["going/junction"]);
        LocalDisk.Instance.DeleteDirectory(temp["going"]);
        Assert.False(Directory.Exists(temp["going"]));
        Assert.Equal("precious", File.ReadAllText(kept));
        Assert.True(File.GetAttributes(kept).HasFlag(FileAttributes.ReadOnly));
        File.SetAttributes(kept, FileAttributes.Normal);
    }

    [NeedsWindowsFact("Restart Manager")]
    public void A_program_that_keeps_the_database_to_itself_is_named()
    {
        using var box = new SpgSandbox();
        using var open = new FileStream(box.Db, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        var run = ChildProcess.Console("full", box.Db, "--destination-path", box.Bundles);
        Assert.StartsWith($"error {ErrorCode.SourceInUse}: ", run.Error, StringComparison.Ordinal);
        Assert.Contains($"(process {Environment.ProcessId})", run.Error, StringComparison.Ordinal);
    }

    private static SecurityIdentifier Everyone { get; } = new(WellKnownSidType.WorldSid, null);

    /// <summary>Lets everyone read the file, or the folder and all that will be in it.</summary>
    private static void Grant(FileSystemInfo item)
    {
        const FileSystemRights Read = FileSystemRights.ReadAndExecute;
        if (item is DirectoryInfo folder)
        {
            const InheritanceFlags Below = InheritanceFlags.ContainerInherit | InheritanceFlags.ObjectInherit;
            var security = folder.GetAccessControl();
            security.AddAccessRule(new(Everyone, Read, Below, PropagationFlags.None, AccessControlType.Allow));
            folder.SetAccessControl(security);
        }
        else
        {
            var security = ((FileInfo)item).GetAccessControl();
            security.AddAccessRule(new(Everyone, Read, AccessControlType.Allow));
            ((FileInfo)item).SetAccessControl(security);
        }
    }

    /// <summary>Whom the list lets do what, and whether the folder above says so.</summary>
    private static List<string> Rules(FileSystemInfo item)
    {
        FileSystemSecurity security = item is DirectoryInfo folder
            ? folder.GetAccessControl()
            : ((FileInfo)item).GetAccessControl();
        return
        [
            .. security
                .GetAccessRules(includeExplicit: true, includeInherited: true, typeof(SecurityIdentifier))
                .Cast<FileSystemAccessRule>()
                .Select(r =>
                    $"{r.IdentityReference} {r.AccessControlType} {r.FileSystemRights} {r.InheritanceFlags}"
                    + (r.IsInherited ? " inherited" : "")
                )
                .Order(StringComparer.Ordinal),
        ];
    }

    /// <summary>Only a command of cmd.exe makes one without the privilege that a symbolic link takes.</summary>
    private static string Junction(string target, string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var run = ChildProcess.Run("cmd.exe", ["/c", "mklink", "/J", path, target], Path.GetTempPath());
        Assert.True(run.ExitCode == 0 && new DirectoryInfo(path).LinkTarget is not null, run.ToString());
        return path;
    }
}
