using BackupTools.Errors;
using BackupTools.Operations;
using BackupTools.Tests.Files;

namespace BackupTools.Tests.Operations;

/// <summary>
/// A file system that is really full, at every amount of free space from none to enough: the error says so, nothing is
/// left, and all of the space is given back.
/// </summary>
public sealed class FullDiskTests(ITestOutputHelper output) : IDisposable
{
    private const int Size = 2 << 20;
    private const int Page = 4096;

    private readonly string _folder = Directory.CreateTempSubdirectory("backuptools-full-").FullName;

    public static TheoryData<string, string> Operations
    {
        get
        {
            var rows = new TheoryData<string, string>();
            foreach (var sample in EngineSample.All)
            {
                foreach (var operation in new[] { "full", "increment", "restore", "forced restore" })
                {
                    rows.Add(sample.Name, operation);
                }
            }
            return rows;
        }
    }

    private string Small => At("small");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [LinuxRootTheory]
    [MemberData(nameof(Operations))]
    public void A_full_disk_leaves_everything_as_it_was_until_there_is_room(string engine, string operation)
    {
        var sample = EngineSample.Of(engine);
        Directory.CreateDirectory(Small);
        Assert.True(Posix.TryMountMemory(Small, Size), "root may not mount here");
        try
        {
            var run = Prepare(sample, operation);
            var before = EngineSample.Inventory(Small);
            var refused = 0;
            for (var room = 0; ; room++)
            {
                Assert.True(room * Page < Size, "it never fits");
                var filler = Fill(room);
                var free = new DriveInfo(Small).AvailableFreeSpace;
                var error = Record.Exception(run);
                if (error is null)
                {
                    break;
                }
                Assert.True(error is BackupException { Code: ErrorCode.DiskFull }, $"{room} pages: {error}");
                // A process that another test starts holds what was open for the moment before it becomes itself.
                Assert.True(SpinWait.SpinUntil(() => new DriveInfo(Small).AvailableFreeSpace == free, 20_000));
                File.Delete(filler);
                Assert.Equal(before, EngineSample.Inventory(Small));
                refused++;
            }
            output.WriteLine($"{engine}, {operation}: refused {refused} times, then done with {refused} pages");
            Assert.NotEqual(0, refused);
            Assert.DoesNotContain(EngineSample.Inventory(Small).Keys, k => k.Contains(".staging"));
        }
        finally
        {
            Posix.Unmount(Small);
        }
    }

    /// <summary>Does what comes before the operation, and returns the operation; its destination is on the small disk.</summary>
    private Action Prepare(EngineSample sample, string operation)
    {
        var host = new OperationHost();
        Directory.CreateDirectory(At("s"));
        sample.SetState(At("s"), 0);
        var isRestore = operation.EndsWith("restore", StringComparison.Ordinal);
        var settings = sample.Settings(At("s"), isRestore ? At("b") : Path.Combine(Small, "b"));
        if (operation == "full")
        {
            return () => Verbs.Full(settings, host);
        }
        Verbs.Full(settings, host);
        var restore = new RestoreSettings
        {
            Path = settings.DestinationPath,
            DestinationPath = Path.Combine(Small, "r", sample.SourceName),
        };
        if (operation == "forced restore")
        {
            Verbs.Restore(restore, host);
        }
        sample.SetState(At("s"), 1);
        if (!isRestore)
        {
            return () => Verbs.Increment(settings, host);
        }
        Verbs.Increment(settings, host);
        return () => Verbs.Restore(restore with { Force = operation == "forced restore" }, host);
    }

    /// <summary>Takes all space but for so many pages.</summary>
    private string Fill(int room)
    {
        var path = Path.Combine(Small, "filler");
        using var file = File.Create(path);
        var free = new DriveInfo(Small).AvailableFreeSpace;
        file.Write(new byte[Math.Max(0, free - ((long)room * Page))]);
        return path;
    }

    private string At(string name) => Path.Combine(_folder, name);
}

/// <summary>A theory that needs Linux and root, for mounting.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class LinuxRootTheoryAttribute : TheoryAttribute
{
    public LinuxRootTheoryAttribute() =>
        Skip = OperatingSystem.IsLinux() && Posix.IsRoot ? null : "needs root on Linux, for mounting";
}
