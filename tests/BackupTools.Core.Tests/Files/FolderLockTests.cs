using BackupTools.Errors;
using BackupTools.Files;

namespace BackupTools.Tests.Files;

public sealed class FolderLockTests : IDisposable
{
    private readonly TempFolder _temp = new();
    private readonly IDisk _disk = LocalDisk.Instance;

    public void Dispose() => _temp.Dispose();

    [Fact]
    public void A_second_holder_is_refused_at_once_and_told_who_the_first_is()
    {
        using (FolderLock.Acquire(_disk, _temp["f"]))
        {
            var e = Assert.Throws<BackupException>(() => FolderLock.Acquire(_disk, _temp["f"]));
            Assert.Equal(ErrorCode.BackupRunning, e.Code);
            Assert.StartsWith("backup already running", e.Message);
            Assert.Contains($"process {Environment.ProcessId} on", e.Message);
        }
        FolderLock.Acquire(_disk, _temp["f"]).Dispose();
        Assert.Equal("", _temp.Show());
    }
}
