using BackupTools.Files;

namespace BackupTools.Tests.Files;

public sealed class SourceWatchTests : IDisposable
{
    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    private SourceWatch Note(params string[] names) =>
        SourceWatch.Note(LocalDisk.Instance, names.Select(n => _temp[n]));

    private string[] Changed(SourceWatch watch) => [.. watch.Changed().Select(p => TempFolder.Relative(_temp.Path, p))];

    [Fact]
    public void What_stays_as_it_is_has_not_changed_even_when_read()
    {
        _temp.Write("a", "1");
        var watch = Note("a", "absent", "absent/too");
        File.ReadAllText(_temp["a"]);
        Assert.Empty(Changed(watch));
    }

    [Fact]
    public void Growing_rewriting_replacing_appearing_and_vanishing_are_told()
    {
        foreach (var name in new[] { "same", "grown", "rewritten", "replaced", "gone", "folder/x" })
            _temp.Write(name, "1");
        var watch = Note("same", "grown", "rewritten", "replaced", "gone", "new", "folder");
        Thread.Sleep(20); // a file system's clock ticks every few milliseconds
        File.AppendAllText(_temp["grown"], "2");
        using (var f = File.OpenWrite(_temp["rewritten"]))
            f.WriteByte((byte)'9');
        // Same length and same times: only the identity tells.
        var time = File.GetLastWriteTimeUtc(_temp["replaced"]);
        File.SetLastWriteTimeUtc(_temp.Write("other", "1"), time);
        File.Move(_temp["other"], _temp["replaced"], overwrite: true);
        File.Delete(_temp["gone"]);
        _temp.Write("new", "1");
        _temp.Write("folder/y", "1");
        Assert.Equal(["grown", "rewritten", "replaced", "gone", "new", "folder"], Changed(watch));
    }

    [Fact]
    public void A_write_whose_time_was_set_back_is_told_by_the_change_time()
    {
        if (OperatingSystem.IsWindows())
            return;
        var path = _temp.Write("a", "1");
        var time = File.GetLastWriteTimeUtc(path);
        var watch = Note("a");
        Thread.Sleep(20);
        File.WriteAllText(path, "2");
        File.SetLastWriteTimeUtc(path, time);
        Assert.Equal(["a"], Changed(watch));
    }

    [UnixFact]
    public void Behind_a_link_it_is_the_file_that_is_watched()
    {
        _temp.Write("real", "1");
        File.CreateSymbolicLink(_temp["link"], "real");
        File.CreateSymbolicLink(_temp["broken"], "nowhere");
        File.CreateSymbolicLink(_temp["removed"], "not/here");
        Directory.CreateDirectory(_temp["folder"]);
        File.CreateSymbolicLink(_temp["tofolder"], "folder");
        var watch = Note("link", "broken", "removed", "tofolder");
        Assert.Empty(Changed(watch));
        File.AppendAllText(_temp["real"], "2");
        _temp.Write("nowhere", "x");
        File.Delete(_temp["removed"]);
        Assert.Equal(["link", "broken", "removed"], Changed(watch));
    }

    [Fact]
    public void Identity_length_and_both_times_each_tell_a_change_and_nothing_else_does()
    {
        var time = DateTimeOffset.UnixEpoch;
        var before = new DiskEntry("/f", DiskEntryKind.File, 1, time, time, 2, 3, LinkCount: 1, AllocatedBytes: 4096);
        Assert.True((before with { Path = "/g", LinkCount = 2, AllocatedBytes = 0 }).IsUnchangedSince(before));
        Assert.False((before with { Device = 9 }).IsUnchangedSince(before));
        Assert.False((before with { Inode = 9 }).IsUnchangedSince(before));
        Assert.False((before with { Length = 9 }).IsUnchangedSince(before));
        Assert.False((before with { ModifiedUtc = time.AddTicks(1) }).IsUnchangedSince(before));
        Assert.False((before with { ChangedUtc = time.AddTicks(1) }).IsUnchangedSince(before));
    }
}
