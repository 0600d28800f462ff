using BackupTools.Operations;

namespace BackupTools.Tests.Operations;

/// <summary>Bundles in the folder that the engine keeps inside its own data directory.</summary>
public sealed class EngineLayoutTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("backuptools-layout-").FullName;

    [Fact]
    public void A_database_is_restored_from_the_snapshots_it_keeps_inside_itself()
    {
        var data = Path.Combine(_folder, "data");
        CopyFolder(Path.Combine(AppContext.BaseDirectory, "fixtures", "alopex", "small", "S1", "data"), data);
        var backups = Path.Combine(data, ".lifecycle", "backup");
        var host = new OperationHost();
        var settings = new BackupSettings
        {
            SourcePath = data,
            DestinationPath = backups,
            EngineLayout = true,
        };
        var bundle = Verbs.Full(settings, host);
        var table = File.ReadAllBytes(Path.Combine(data, "sst", "1.sst"));
        File.Delete(Path.Combine(data, "sst", "1.sst"));

        var restore = new RestoreSettings
        {
            Path = backups,
            DestinationPath = data,
            Force = true,
        };
        Verbs.Restore(restore, host);

        Assert.Equal(table, File.ReadAllBytes(Path.Combine(data, "sst", "1.sst")));
        Assert.True(Directory.Exists(bundle.FullName));
        Assert.True(Assert.Single(VerifyChain.Run(new VerifySettings { Path = backups }, host)).IsValid);
    }

    private static void CopyFolder(string from, string to)
    {
        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
