using BackupTools.Errors;
using BackupTools.Files;
using BackupTools.Operations;

namespace BackupTools.Tests.Operations;

/// <summary>
/// The root of a file system as a source and as a destination: it has no name and no folder around it. Nothing here writes
/// to one, as a root that is spare there is under Windows only (<see cref="WindowsRootTests"/>).
/// </summary>
public sealed class RootTests
{
    private static readonly string s_root = Path.GetPathRoot(Path.GetTempPath())!;

    public static TheoryData<string> Engines => [.. EngineSandbox.All];

    [Theory]
    [MemberData(nameof(Engines))]
    public void A_root_that_is_no_database_is_said_to_be_none(string engine)
    {
        using var box = EngineSandbox.Of(engine);
        foreach (var name in new[] { null, engine })
        {
            var settings = box.Settings() with { SourcePath = s_root, Engine = name };
            Assert.Equal(ErrorCode.SourceNotRecognised, Refusal(() => box.Full(settings)));
            Assert.Equal(ErrorCode.SourceNotRecognised, Refusal(() => box.Increment(settings)));
        }
        Assert.False(Directory.Exists(box.Bundles));
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void A_restore_to_a_root_is_planned_as_one_into_a_folder(string engine)
    {
        using var box = EngineSandbox.Of(engine);
        box.Become("S0");
        box.Full();
        foreach (var force in new[] { false, true })
        {
            var settings = new RestoreSettings
            {
                Path = box.Bundles,
                DestinationPath = s_root,
                Force = force,
            };
            if (EngineSandbox.Engines.ByName(engine).Capabilities.IsOneFile)
            {
                Assert.Equal(
                    Path.Combine(s_root, box.NameInFolder),
                    RestoreChain.Plan(settings, box.Host()).Request.DestinationPath
                );
            }
            else
            {
                // The folder itself, in which everything lies, the bundles too.
                Assert.Equal(
                    ErrorCode.DestinationOverlapsSource,
                    Refusal(() => RestoreChain.Plan(settings, box.Host()))
                );
            }
        }
    }

    [Fact]
    public void A_root_is_a_mount_point()
    {
        Assert.True(LocalDisk.Instance.IsMountPoint(s_root));
    }

    [Fact]
    public void A_root_is_called_what_can_be_read_from_it()
    {
        Assert.Equal("shop", LastName.Of(Path.Combine(s_root, "shop")));
        Assert.Equal(OperatingSystem.IsWindows() ? s_root[..1] : "root", LastName.Of(s_root));
        if (OperatingSystem.IsWindows())
        {
            Assert.Equal("backups", LastName.Of(@"\\server\backups"));
            Assert.Equal("c$", LastName.Of(@"\\server\c$\"));
        }
    }

    private static ErrorCode Refusal(Action run) => Assert.Throws<BackupException>(run).Code;
}
