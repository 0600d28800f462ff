using System.Runtime.Versioning;
using BackupTools.Tests.FrontEnds;
using BackupTools.Tests.Operations;

namespace BackupTools.Tests.Hostile;

/// <summary>A backup holds what its database holds: whoever may not read the one must not read the other.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class OwnerOnlyTests
{
    private const UnixFileMode OwnerFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    public static TheoryData<string> Engines => [.. EngineSample.All.Select(s => s.Name)];

    [UnixTheory]
    [MemberData(nameof(Engines))]
    public void Bundles_and_restored_databases_are_for_their_owner_only_whatever_the_umask(string engine)
    {
        var sample = EngineSample.Of(engine);
        var folder = Directory.CreateTempSubdirectory("backuptools-owner-").FullName;
        try
        {
            var source = Path.Combine(folder, "s");
            Directory.CreateDirectory(source);
            sample.SetState(source, 0);
            var (bundles, restored) = (Path.Combine(folder, "b"), Path.Combine(folder, "r"));
            var database = Path.Combine(source, sample.SourceName);
            Console(folder, "full", database, "--destination-path", bundles);
            sample.SetState(source, 1);
            Console(folder, "incremental", database, "--destination-path", bundles);
            Console(folder, "restore", bundles, "--destination-path", Path.Combine(restored, sample.SourceName));

            var files = new[] { bundles, restored }
                .SelectMany(f => Directory.EnumerateFileSystemEntries(f, "*", SearchOption.AllDirectories).Prepend(f))
                .ToList();
            Assert.True(files.Count > 4);
            Assert.All(
                files,
                path =>
                    Assert.Equal(
                        Directory.Exists(path) ? OwnerFile | UnixFileMode.UserExecute : OwnerFile,
                        File.GetUnixFileMode(path)
                    )
            );
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Console(string folder, params string[] arguments)
    {
        string[] shell = ["-c", "umask 0; exec \"$@\"", "sh", "dotnet", "exec", ChildProcess.ConsoleDll, .. arguments];
        var run = ChildProcess.Run("sh", shell, folder);
        Assert.True(run.ExitCode == 0, run.ToString());
    }
}
